import { inner, type Peeled } from '../layer.ts'
import { Unreadable } from '../unreadable.ts'

const MARKUP =
  /<(?:!doctype|html|head|body|pre|br|p|div|span|td|code|textarea|!\[CDATA\[|\?xml)\b|<\/[A-Za-z][\w:.-]*>|<!\[CDATA\[/i
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  newline: '\n',
  plus: '+',
  sol: '/',
  equals: '=',
  hyphen: '-',
  dash: '-',
}
const BREAKS = /<(?:br|\/p|\/div|\/li|\/tr|\/pre)\b[^<>]{0,200}>/gi
const UNSEEN = ['script', 'style', 'head'] as const
const TAGS = /<[!/?A-Za-z][^<>]{0,2000}>/g

/** A web page, HTML of a mail, XML with CDATA: the text in it. Throws Unreadable where that holds nothing at all. */
export function htmlLayer(text: string): Peeled | undefined {
  if (!MARKUP.test(text) && !isEscaped(text)) return undefined
  const bare = UNSEEN.reduce(without, text)
    .replaceAll(/<!\[CDATA\[|\]\]>/g, ' ')
    .replace(BREAKS, '\n')
    .replace(TAGS, ' ')
    .replace(ENTITY, decodeEntity)
  // A page with an attestation in it has its hundreds of characters on end; one that asks for a login does not.
  if (!/[A-Za-z0-9+/_=-]{40}/.test(bare)) throw notAPage(text)
  return bare === text ? undefined : inner(bare, 'took the text out of HTML or XML')
}

/** The text without the elements of a name, found by place: a pattern would take a time that grows with the square of their number. */
function without(text: string, name: string): string {
  const lower = text.toLowerCase()
  let kept = ''
  let at = 0
  for (let from = lower.indexOf(`<${name}`); from >= 0; from = lower.indexOf(`<${name}`, at)) {
    const to = lower.indexOf(`</${name}`, from)
    if (to < 0) break
    kept += text.slice(at, from)
    at = to
  }
  return kept + text.slice(at)
}

/** PEM or JSON with its line feeds or quotation marks as entities. */
const isEscaped = (text: string): boolean => /&(?:#(?:10|13|34|x0*[ad])|quot);/i.test(text)

function decodeEntity(entity: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) return NAMED[name.toLowerCase()] ?? entity
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : entity
}

function notAPage(text: string): Unreadable {
  const title = /<title>([^<]{1,80})/i.exec(text)?.[1]?.trim().replace(/\s+/g, ' ')
  const isHtml = /<(?:!doctype html|html|head|body)\b/i.test(text)
  return new Unreadable(
    isHtml
      ? `it is a web page${title === undefined ? '' : ` ("${title}")`} without an attestation, request or certificate in it`
      : 'it is XML or HTML without an attestation, request or certificate in it',
    'Where a login page was saved in place of a file, log in and download the file again.',
  )
}
