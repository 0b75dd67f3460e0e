import { TAG } from './der.ts'
import { derHeader } from './der-kind.ts'

/**
 * What kind of private key these bytes hold ("PKCS#12", the label of a PEM block), or undefined where they hold none. Only the outer shape is
 * read, so that a key given by mistake is named and never echoed. Text is told by its labels and names, however its letters and hyphens
 * were changed on the way; binary by the beginnings of PKCS#8 and EncryptedPrivateKeyInfo (RFC 5958), RSAPrivateKey (RFC 8017),
 * ECPrivateKey (RFC 5915), PFX (RFC 7292) and Java's key stores.
 */
export function privateKeyKind(bytes: Uint8Array): string | undefined {
  return privateKeyText(bytes) ?? privateKeyShape(bytes)
}

const DASH = '[-\\u2010-\\u2015\\u2212]'
/** Up to three words before PRIVATE KEY; a blank may have become `+`, `%20`, `_` or another blank. */
const PEM_LABEL = new RegExp(
  `${DASH}{1,5} ?BEGIN(?:[\\s+_]|%20)((?:[A-Z0-9]+(?:[\\s+_]|%20)){0,3}PRIVATE(?:[\\s+_]|%20)KEY)`,
  'iu',
)
/** Formats without such a label. */
const TEXTS: readonly { readonly kind: string; readonly holds: readonly RegExp[] }[] = [
  { kind: 'PuTTY', holds: [/^PuTTY-User-Key-File-\d/m] },
  { kind: 'JWK', holds: [/"kty"\s{0,9}:/, /"[dk]"\s{0,9}:\s{0,9}"[\w-]{16,}"/] },
  { kind: 'XML', holds: [/<RSAKeyValue>/, /<D>/] },
  { kind: 'age', holds: [/AGE-SECRET-KEY-1[A-Z0-9]{20}/] },
]

/** What each of them needs is ASCII, which reads alike in any octets: without it, the slow reading as UTF-8 is spared. */
const ANY = /private|PuTTY-User-Key-File-|"kty"|<RSAKeyValue>|AGE-SECRET-KEY-1|[a-z0-9+/_-]{44}/i

function privateKeyText(bytes: Uint8Array): string | undefined {
  const octets = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!ANY.test(withoutZeros(octets.toString('latin1')))) return undefined
  const text = withoutZeros(octets.toString('utf8'))
  if (/private/i.test(text)) {
    const label = PEM_LABEL.exec(text)?.[1]
    if (label !== undefined) return label.replace(/(?:[\s+_]|%20)/g, ' ').toUpperCase()
  }
  return TEXTS.find(({ holds }) => holds.every((pattern) => pattern.test(text)))?.kind ?? keyInBase64(text)
}

/** UTF-16 is what a Windows redirect leaves; without its zeros a label reads as ever. */
const withoutZeros = (text: string): string => text.replaceAll('\0', '')

/**
 * The beginning of base64 of some length, of either alphabet: a SEQUENCE begins with M and one of sixteen letters; before it may be the `n`
 * of a line feed that was written as two characters, but no other M. As many characters as tell the shape.
 */
const RUN = /M[A-P](?<=(?<![A-Za-z0-9+/_-])[A-LN-Za-z0-9+/_-]*M[A-P])[A-Za-z0-9+/_-]{42,94}/g

/** A binary key that is written as base64 anywhere in a text, with or without a label. */
function keyInBase64(text: string): string | undefined {
  for (const [head] of text.matchAll(RUN)) {
    const kind = privateKeyShape(Buffer.from(head.replaceAll('-', '+').replaceAll('_', '/'), 'base64'))
    if (kind !== undefined) return kind
  }
  return undefined
}

const PFX_VERSION = 3
/** Octets of a modulus or of a curve's private key: other things begin with two small numbers. */
const SHORTEST_NUMBER = 14
/** The beginning of 1.2.840.10045.1.x, which a field is described by (X9.62), and no key. */
const FIELD_TYPE = Buffer.from('06072a8648ce3d01', 'hex')
/** JKS and JCEKS. */
const JAVA_KEY_STORES = [Buffer.from('feedfeed', 'hex'), Buffer.from('cececece', 'hex')]

function privateKeyShape(bytes: Uint8Array): string | undefined {
  if (JAVA_KEY_STORES.some((magic) => magic.every((byte, index) => bytes[index] === byte))) return 'Java key store'
  const outer = derHeader(bytes, 0)
  if (outer.tag !== TAG.sequence) return undefined
  const first = derHeader(bytes, outer.content)
  const second = derHeader(bytes, first.end)
  switch (first.tag) {
    case TAG.integer:
      // A version is one octet; a modulus (RSAPublicKey) or a serial number is longer.
      if (first.end - first.content !== 1 || (bytes[first.content] ?? 0) > PFX_VERSION) return undefined
      if (second.tag === TAG.integer) return second.end - second.content >= SHORTEST_NUMBER ? 'RSA' : undefined
      if (second.tag === TAG.octetString) return second.end - second.content >= SHORTEST_NUMBER ? 'EC' : undefined
      if (second.tag !== TAG.sequence || bytes[second.content] !== TAG.oid) return undefined
      if (bytes[first.content] === PFX_VERSION) return 'PKCS#12'
      // Explicit parameters of a curve begin alike, and go on with the curve, which the end of a line of base64 may have cut off.
      if (FIELD_TYPE.every((byte, index) => bytes[second.content + index] === byte)) return undefined
      return (bytes[second.end] ?? TAG.octetString) === TAG.octetString ? 'PKCS#8' : undefined
    case TAG.sequence:
      return bytes[first.content] === TAG.oid && second.tag === TAG.octetString ? 'encrypted PKCS#8' : undefined
    default:
      return undefined
  }
}
