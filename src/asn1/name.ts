import { EnrollError } from '../errors.ts'
import { readDer, readSequence, TAG } from './der.ts'
import { DerError } from './der-error.ts'
import { readOid, readText } from './der-values.ts'
import { ia5String, printableString, sequence, setOf, utf8String, oid as writeOid } from './der-writer.ts'

/** One attribute of a distinguished name: `oid` is dotted. */
export interface NameAttribute {
  readonly oid: string
  readonly value: string
}

/** A distinguished name in encoding order (most significant RDN first); an RDN with several attributes has several entries. */
export type Name = readonly (readonly NameAttribute[])[]

/** Attribute types by the short names that people write (RFC 4514 section 3, RFC 4519, CA/B EV guidelines). */
export const ATTRIBUTE_TYPES: readonly { readonly short: string; readonly oid: string }[] = [
  { short: 'CN', oid: '2.5.4.3' },
  { short: 'SN', oid: '2.5.4.4' },
  { short: 'serialNumber', oid: '2.5.4.5' },
  { short: 'C', oid: '2.5.4.6' },
  { short: 'L', oid: '2.5.4.7' },
  { short: 'ST', oid: '2.5.4.8' },
  { short: 'street', oid: '2.5.4.9' },
  { short: 'O', oid: '2.5.4.10' },
  { short: 'OU', oid: '2.5.4.11' },
  { short: 'title', oid: '2.5.4.12' },
  { short: 'businessCategory', oid: '2.5.4.15' },
  { short: 'postalCode', oid: '2.5.4.17' },
  { short: 'GN', oid: '2.5.4.42' },
  { short: 'organizationIdentifier', oid: '2.5.4.97' },
  { short: 'DC', oid: '0.9.2342.19200300.100.1.25' },
  { short: 'UID', oid: '0.9.2342.19200300.100.1.1' },
  { short: 'emailAddress', oid: '1.2.840.113549.1.9.1' },
  { short: 'jurisdictionC', oid: '1.3.6.1.4.1.311.60.2.1.3' },
  { short: 'jurisdictionST', oid: '1.3.6.1.4.1.311.60.2.1.2' },
  { short: 'jurisdictionL', oid: '1.3.6.1.4.1.311.60.2.1.1' },
]

const ALIASES: Readonly<Record<string, string>> = {
  e: 'emailAddress',
  s: 'ST',
  email: 'emailAddress',
  givenname: 'GN',
  surname: 'SN',
}
const shortOf = new Map(ATTRIBUTE_TYPES.map(({ short, oid }) => [oid, short]))
const oidOf = new Map(ATTRIBUTE_TYPES.map(({ short, oid }) => [short.toLowerCase(), oid]))

/** Reads a DER Name. Throws DerError. */
export function parseName(der: Uint8Array): Name {
  return readSequence(readDer(der, { maxSize: 1 << 14 }), 'Name').map((rdn) => {
    const attributes = rdn.expect(TAG.set, 'RelativeDistinguishedName').children
    if (attributes.length === 0) throw rdn.fail('RelativeDistinguishedName is empty')
    return attributes.map((attribute) => {
      if (readSequence(attribute, 'AttributeTypeAndValue').length !== 2) throw attribute.fail('attribute is malformed')
      const oid = readOid(attribute.at(0, 'attribute type'))
      return { oid, value: readText(attribute.at(1, 'attribute value'), shortOf.get(oid) ?? oid) }
    })
  })
}

/**
 * DER: one attribute per RDN as given; country as PrintableString, e-mail and DC as IA5String, the rest UTF8String. Throws EnrollError
 * `asn1.name` where a value does not fit its type.
 */
export function encodeName(name: Name): Uint8Array {
  return sequence(
    ...name.map((rdn) => setOf(...rdn.map(({ oid, value }) => sequence(writeOid(oid), encodeValue(oid, value))))),
  )
}

function encodeValue(oid: string, value: string): Uint8Array {
  switch (shortOf.get(oid)) {
    case 'C':
    case 'jurisdictionC':
    case 'serialNumber':
      return printableString(within(oid, value, /^[A-Za-z0-9 '()+,./:=?-]*$/, 'letters, digits and simple marks'))
    case 'emailAddress':
    case 'DC':
      return ia5String(within(oid, value, /^[ -~]*$/, 'ASCII'))
    default:
      return utf8String(value)
  }
}

function within(oid: string, value: string, characters: RegExp, what: string): string {
  if (characters.test(value)) return value
  throw new EnrollError('asn1.name', `Could not write the name: ${shortOf.get(oid)} accepts only ${what}.`, {
    remedy: `Correct "${value.slice(0, 40)}".`,
  })
}

/** The values of one attribute type, by short name. */
export function nameValues(name: Name, short: string): readonly string[] {
  const oid = oidOf.get(short.toLowerCase())
  const values: string[] = []
  for (const rdn of name) for (const attribute of rdn) if (attribute.oid === oid) values.push(attribute.value)
  return values
}

/**
 * Writes a distinguished name as RFC 4514 text: last RDN first, `,` between RDNs, `+` inside one.
 *
 * @throws Nothing.
 * @example
 * ```ts
 * console.log(formatName(parseNameText('CN=Example GmbH,C=NL')))
 * ```
 */
export function formatName(name: Name): string {
  return [...name]
    .reverse()
    .map((rdn) => rdn.map(({ oid, value }) => `${shortOf.get(oid) ?? oid}=${escapeValue(value)}`).join('+'))
    .join(',')
}

/** An attribute value as RFC 4514 writes it. */
export function escapeValue(value: string): string {
  return value
    .replace(/[\\",+;<>=]/g, '\\$&')
    .replace(/\p{Cc}/gu, (c) => `\\${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/^[ #]| $/g, '\\$&')
}

/** `formatName` over DER; a name that cannot be read is shown as hex, for messages about hostile input. */
export function printName(der: Uint8Array): string {
  try {
    return formatName(parseName(der))
  } catch (error) {
    if (error instanceof DerError) return `#${Buffer.from(der.subarray(0, 32)).toString('hex')}`
    throw error
  }
}

const invalid = (text: string, why: string): EnrollError =>
  new EnrollError('asn1.name', `Could not read the name "${text.slice(0, 80)}": ${why}.`, {
    remedy:
      'Write it as in RFC 4514, for example CN=Example Ltd,O=Example Ltd,L=Utrecht,C=NL; put \\ before a comma that belongs to a value.',
  })

/**
 * Reads a distinguished name in RFC 4514 text, last RDN first, as `formatName` writes it. Unknown attribute types must be dotted OIDs.
 *
 * @throws EnrollError `asn1.name`.
 * @example
 * ```ts
 * const subject: Name = parseNameText('CN=Example GmbH,O=Example GmbH,L=Utrecht,C=NL')
 * ```
 */
export function parseNameText(text: string): Name {
  const rdns: NameAttribute[][] = []
  for (const rdn of splitOutside(text, /[,;]/)) {
    rdns.push(splitOutside(rdn, /\+/).map((pair) => parseAttribute(text, pair)))
  }
  return rdns.reverse()
}

function parseAttribute(text: string, pair: string): NameAttribute {
  const equals = pair.indexOf('=')
  if (equals < 1) throw invalid(text, `"${pair.trim()}" is not type=value`)
  const type = pair.slice(0, equals).trim()
  const oid = /^\d+(\.\d+)+$/.test(type) ? type : oidOf.get((ALIASES[type.toLowerCase()] ?? type).toLowerCase())
  if (oid === undefined) throw invalid(text, `the attribute type "${type}" is unknown`)
  return { oid, value: unescapeValue(text, pair.slice(equals + 1)) }
}

function splitOutside(text: string, separator: RegExp): string[] {
  const parts: string[] = []
  let current = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i)
    if (c === '\\') current += c + text.charAt(++i)
    else if (c === '"') {
      quoted = !quoted
      current += c
    } else if (!quoted && separator.test(c)) {
      parts.push(current)
      current = ''
    } else current += c
  }
  if (quoted) throw invalid(text, 'a quoted value is not closed')
  parts.push(current)
  return parts.filter((part, index) => part.trim() !== '' || index < parts.length - 1 || parts.length === 1)
}

/** Whether an odd number of backslashes stands before the last character. */
function endsEscaped(value: string): boolean {
  let backslashes = 0
  while (value.charAt(value.length - 2 - backslashes) === '\\') backslashes++
  return backslashes % 2 === 1
}

function unescapeValue(text: string, raw: string): string {
  let value = raw.replace(/^ +/, '')
  if (value.startsWith('#')) throw invalid(text, 'a value starts with "#", which means hex; write \\#')
  while (value.endsWith(' ') && !endsEscaped(value)) value = value.slice(0, -1)
  if (value.startsWith('"') && value.endsWith('"') && value.length > 1) value = value.slice(1, -1)
  const bytes: Buffer[] = []
  for (let i = 0; i < value.length; i++) {
    const c = value.charAt(i)
    if (c !== '\\') {
      const codePoint = String.fromCodePoint(value.codePointAt(i) ?? 0)
      bytes.push(Buffer.from(codePoint))
      i += codePoint.length - 1
      continue
    }
    const hex = /^[0-9a-fA-F]{2}/.exec(value.slice(i + 1))?.[0]
    if (hex !== undefined) bytes.push(Buffer.from(hex, 'hex'))
    else if (i + 1 < value.length) bytes.push(Buffer.from(value.charAt(i + 1)))
    else throw invalid(text, 'it ends with a single \\')
    i += hex === undefined ? 1 : 2
  }
  const out = Buffer.concat(bytes).toString('utf8')
  if (out === '') throw invalid(text, 'a value is empty')
  return out
}
