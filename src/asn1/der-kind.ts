import { TAG } from './der.ts'

/** What a binary value is by its outer shape. Only headers are looked at: what is malformed inside still has its kind. */
export type DerKind = 'certificate' | 'request' | 'public-key' | 'pkcs7' | 'pkix-evidence'

/** The kind of the SEQUENCE at the beginning of `bytes`, or undefined where its shape is none of these. */
export function derKind(bytes: Uint8Array): DerKind | undefined {
  const outer = derHeader(bytes, 0)
  if (outer.tag !== TAG.sequence) return undefined
  const first = derHeader(bytes, outer.content)
  if (first.tag === TAG.oid) return 'pkcs7'
  if (first.tag !== TAG.sequence) return undefined
  const inner = derHeader(bytes, first.content)
  // AlgorithmIdentifier, then the key (RFC 5280 4.1).
  if (inner.tag === TAG.oid) return derHeader(bytes, first.end).tag === TAG.bitString ? 'public-key' : undefined
  if (inner.tag !== TAG.integer) return inner.tag === VERSION ? 'certificate' : undefined
  // A request has its subject behind its version (RFC 2986 4.1), a certificate of version 1 the algorithm behind its serial number.
  const next = derHeader(bytes, inner.end)
  if (next.tag !== TAG.sequence) return undefined
  // A list of elements behind the version (draft-ietf-rats-pkix-key-attestation).
  if (next.content < next.end && bytes[next.content] === TAG.sequence) return 'pkix-evidence'
  return next.content === next.end || bytes[next.content] === TAG.set ? 'request' : 'certificate'
}

/** `[0]` before the version number of a certificate. */
const VERSION = 0xa0
const INDEFINITE = 0x80

/** Tag and extent of the value at `at`, no stricter than needed: a wrapper may be BER. */
export function derHeader(bytes: Uint8Array, at: number): { tag: number | undefined; content: number; end: number } {
  const tag = bytes[at]
  const length = bytes[at + 1] ?? 0
  if (length < INDEFINITE) return { tag, content: at + 2, end: at + 2 + length }
  const octets = length & 0x7f
  const content = at + 2 + octets
  const size = bytes.subarray(at + 2, content).reduce((value, byte) => value * 256 + byte, 0)
  return { tag, content, end: length === INDEFINITE ? bytes.length : content + size }
}
