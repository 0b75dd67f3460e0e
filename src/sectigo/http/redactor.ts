export type Redact = (text: string) => string

const MARK = '[redacted]'
/** Fewer characters of a secret at the end of a text say too little to tell them from anything else. */
const LEAST = 4

/**
 * Takes every spelling of the given secrets out of a text, the beginning of one at its end too (a reply can break off
 * anywhere): as typed, percent- and form-encoded, as JSON and HTML write
 * them, and as Basic credentials. Whatever the CA, a proxy or the runtime says passes through here before it is shown.
 */
export function createRedactor(secrets: readonly { text(): string }[]): Redact {
  const texts = secrets.map((secret) => secret.text()).filter((text) => text !== '')
  const pairs = texts.flatMap((name) => texts.map((word) => Buffer.from(`${name}:${word}`).toString('base64')))
  const spellings = [...new Set([...texts.flatMap(spellingsOf), ...pairs])].sort((a, b) => b.length - a.length)
  return (text) =>
    withoutBeginning(
      spellings.reduce((rest, spelling) => rest.replaceAll(spelling, MARK), text),
      spellings,
    )
}

function withoutBeginning(text: string, spellings: readonly string[]): string {
  const longest = Math.max(0, ...spellings.map((spelling) => endLength(text, spelling)))
  return longest < LEAST ? text : `${text.slice(0, -longest)}${MARK}`
}

/** How many of the text's last characters are the first ones of the spelling. */
function endLength(text: string, spelling: string): number {
  for (let length = Math.min(text.length, spelling.length - 1); length >= LEAST; length--)
    if (text.endsWith(spelling.slice(0, length))) return length
  return 0
}

function spellingsOf(text: string): readonly string[] {
  const form = new URLSearchParams([['', text]]).toString().slice(1)
  const percent = encodeURIComponent(text)
  const json = JSON.stringify(text).slice(1, -1)
  const html = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
  const lower = (encoded: string) => encoded.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase())
  return [text, form, percent, lower(form), lower(percent), json, html, Buffer.from(text).toString('base64')]
}
