import { TAG } from './der.ts'

/**
 * What kind of private key these bytes hold ("PKCS#12", the label of a PEM block), or undefined where they hold none. Only the outer shape is
 * read, so that a key given by mistake is named and never echoed. PEM is told by its labels (RFC 7468); binary by the beginnings of
 * PKCS#8 and EncryptedPrivateKeyInfo (RFC 5958), RSAPrivateKey (RFC 8017), ECPrivateKey (RFC 5915), PFX (RFC 7292) and JKS.
 */
export function privateKeyKind(bytes: Uint8Array): string | undefined {
  // UTF-16 is what a Windows redirect leaves; without its zeros a label reads as ever.
  const label = PEM_LABEL.exec(Buffer.from(bytes).toString('latin1').replaceAll('\0', ''))?.[1]
  if (label !== undefined) return label
  if (JAVA_KEY_STORE.every((byte, index) => bytes[index] === byte)) return 'Java key store'
  const outer = header(bytes, 0)
  if (outer.tag !== TAG.sequence) return undefined
  const first = header(bytes, outer.content)
  const second = header(bytes, first.end)
  switch (first.tag) {
    case TAG.integer:
      // A version is one octet; a modulus (RSAPublicKey) or a serial number is longer.
      if (first.end - first.content !== 1) return undefined
      if (second.tag === TAG.integer) return 'RSA'
      if (second.tag === TAG.octetString) return 'EC'
      if (second.tag !== TAG.sequence || bytes[second.content] !== TAG.oid) return undefined
      return bytes[first.content] === PFX_VERSION ? 'PKCS#12' : 'PKCS#8'
    case TAG.sequence:
      return bytes[first.content] === TAG.oid && second.tag === TAG.octetString ? 'encrypted PKCS#8' : undefined
    default:
      return undefined
  }
}

const PEM_LABEL = /-----BEGIN ((?:[A-Z0-9]+ ){0,3}PRIVATE KEY)-----/
const JAVA_KEY_STORE = [0xfe, 0xed, 0xfe, 0xed]
const PFX_VERSION = 3
const INDEFINITE = 0x80

/** Tag and extent of the value at `at`, no stricter than needed: PKCS#12 is often BER of indefinite length. */
function header(bytes: Uint8Array, at: number): { tag: number | undefined; content: number; end: number } {
  const tag = bytes[at]
  const length = bytes[at + 1] ?? 0
  if (length < INDEFINITE) return { tag, content: at + 2, end: at + 2 + length }
  const octets = length & 0x7f
  const content = at + 2 + octets
  const size = [...bytes.subarray(at + 2, content)].reduce((value, byte) => value * 256 + byte, 0)
  return { tag, content, end: length === INDEFINITE ? bytes.length : content + size }
}
