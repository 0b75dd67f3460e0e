/**
 * Takes secrets out of texts that come from outside, however a server, a proxy or a tool wrote them: as they are, percent-encoded
 * (more than once, too), in HTML, in JSON, in base64. Not the spellings of a secret are listed: text and secret are both decoded as
 * far as they go, and compared then.
 */

const MARK = '[redacted]'
/** Fewer decoded characters say too little to tell a secret from anything else; so short a one is sought as it stands. */
const LEAST = 4
/** Characters of base64 that belong to a secret alone. */
const LEAST_BASE64 = 6
/** `%25253D` is decoded in three. */
const ROUNDS = 4

/** A text as it reads when it is decoded; the character at `index` comes from `[from[index], to[index])` of the source. */
interface Decoded {
  readonly text: string
  readonly from: readonly number[]
  readonly to: readonly number[]
}

/** The text without the secrets, and without the beginning of one at its end: a reply can break off anywhere. */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  const known = secrets.filter((secret) => secret !== '')
  if (text === '' || known.length === 0) return text
  const needles = [...new Set(known.flatMap(needlesOf))]
  const plain = asItStands(text)
  const decoded = decode(plain)
  const found = [
    ...known.flatMap((secret) => rangesOf(secret, plain)),
    ...needles.flatMap((needle) => rangesOf(needle, decoded)),
  ]
  const cut = beginningAtEnd(needles, decoded)
  return withoutRanges(text, cut === undefined ? found : [...found, [cut, text.length]])
}

type Range = readonly [number, number]

function withoutRanges(text: string, ranges: readonly Range[]): string {
  let shown = ''
  let end = 0
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    if (from >= end) shown += text.slice(end, from) + MARK
    end = Math.max(end, to)
  }
  return shown + text.slice(end)
}

function rangesOf(needle: string, { text, from, to }: Decoded): readonly Range[] {
  const ranges: Range[] = []
  for (let at = text.indexOf(needle); at !== -1; at = text.indexOf(needle, at + 1))
    ranges.push([from[at] ?? 0, to[at + needle.length - 1] ?? 0])
  return ranges
}

/** An escape that breaks off is no character yet. */
const BROKEN_ESCAPE = /(%[0-9a-f]?|\\(u[0-9a-f]{0,3}|x[0-9a-f]?)?|&(#x?[0-9a-f]*|[a-z]{0,5}))$/

/** Where, in the source, the beginning of a secret stands at the end; undefined where none does. */
function beginningAtEnd(needles: readonly string[], { text, from }: Decoded): number | undefined {
  const whole = text.replace(BROKEN_ESCAPE, '')
  const lengths = needles.flatMap((needle) => [endLength(text, needle, text), endLength(whole, needle, text)])
  const longest = Math.max(0, ...lengths)
  return longest === 0 ? undefined : from[text.length - longest]
}

/** How many of the last characters of `all` begin the needle, where `text` is `all` without an escape that broke off. */
function endLength(text: string, needle: string, all: string): number {
  for (let length = Math.min(text.length, needle.length - 1); length >= LEAST; length--)
    if (text.endsWith(needle.slice(0, length))) return length + all.length - text.length
  return 0
}

/** What to look for in a decoded text: the secret, and base64 of it wherever it stands among other bytes. */
function needlesOf(secret: string): readonly string[] {
  // A secret may end in what is an escape once something follows it.
  const own = [readable(secret), readable(`${secret} `).slice(0, -1)]
  const alone = Buffer.from(secret).toString('base64')
  const base64 = [alone, alone.replace(/=+$/, ''), ...[0, 1, 2].map((before) => base64Within(secret, before))].filter(
    (text) => text.length >= LEAST_BASE64,
  )
  const both = base64.flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')])
  return [...own, ...both.map(readable)].filter((needle) => needle.length >= LEAST)
}

/** The characters of base64 that `before` other bytes and whatever follows do not change. */
function base64Within(secret: string, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)])
  const whole = Math.floor((bytes.length * 8) / 6)
  return bytes.toString('base64').slice(Math.ceil((before * 8) / 6), whole)
}

const asItStands = (text: string): Decoded => ({
  text,
  from: Array.from({ length: text.length }, (_, index) => index),
  to: Array.from({ length: text.length }, (_, index) => index + 1),
})

const readable = (text: string): string => decode(asItStands(text)).text

function decode(source: Decoded): Decoded {
  let decoded = source
  for (let round = 0; round < ROUNDS; round++) {
    const next = decodeOnce(decoded)
    if (next.text === decoded.text) break
    decoded = next
  }
  return folded(decoded)
}

/** A number without its semicolon counts only where something else ends it. */
const ESCAPES =
  /(?:%[0-9a-fA-F]{2})+|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[/"'\\bfnrt]|&(?:#\d{1,7}(?:;|(?=[^\d;]))|#[xX][0-9a-fA-F]{1,6}(?:;|(?=[^0-9a-fA-F;]))|(?:amp|lt|gt|quot|apos|nbsp);?)/g

function decodeOnce({ text, from, to }: Decoded): Decoded {
  const next = { text: '', from: [] as number[], to: [] as number[] }
  /** `characters` stand for the characters from `at` to `end` of the text. */
  const add = (characters: string, at: number, end: number): void => {
    for (const unit of characters.split('')) {
      next.text += unit
      next.from.push(from[at] ?? 0)
      next.to.push(to[end - 1] ?? 0)
    }
  }
  let last = 0
  const keep = (end: number): void => {
    next.text += text.slice(last, end)
    for (let at = last; at < end; at++) {
      next.from.push(from[at] ?? 0)
      next.to.push(to[at] ?? 0)
    }
  }
  for (const { 0: sequence, index } of text.matchAll(ESCAPES)) {
    keep(index)
    last = index + sequence.length
    if (!sequence.startsWith('%')) add(meaningOf(sequence), index, last)
    else
      for (const { character, octets, at } of octetsOf(sequence))
        add(character, index + at * 3, index + (at + octets) * 3)
  }
  keep(text.length)
  return next
}

const BACKSLASH: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

function meaningOf(sequence: string): string {
  if (sequence.startsWith('\\')) {
    const rest = sequence.slice(2)
    return rest === ''
      ? (BACKSLASH[sequence.charAt(1)] ?? sequence.charAt(1))
      : String.fromCharCode(Number.parseInt(rest, 16))
  }
  const name = sequence.slice(1).replace(/;$/, '')
  if (!name.startsWith('#')) return ENTITIES[name] ?? sequence
  const point = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
  return point <= 0x10ffff ? String.fromCodePoint(point) : sequence
}

/** The characters of percent-encoded octets: UTF-8 where they are, else Latin-1. */
function octetsOf(sequence: string) {
  const bytes = Buffer.from(sequence.replaceAll('%', ''), 'hex')
  const characters: { readonly character: string; readonly octets: number; readonly at: number }[] = []
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0
    const wanted = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    const utf8 = bytes.subarray(at, at + wanted).toString('utf8')
    const octets = utf8.includes('\ufffd') ? 1 : wanted
    characters.push({ character: octets === wanted ? utf8 : String.fromCharCode(lead), octets, at })
    at += octets
  }
  return characters
}

/** A plus sign is a blank in a form, and a server may shout what it was sent. */
function folded({ text, from, to }: Decoded): Decoded {
  const fold = (unit: string): string => {
    const lower = unit.toLowerCase()
    return unit === '+' ? ' ' : lower.length === 1 ? lower : unit
  }
  return { text: text.split('').map(fold).join(''), from, to }
}
