import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'

/** What a signature file says, once it is known to hold. */
export interface VerifiedSignature {
  /** Upper-case hexadecimal, as minisign prints it. */
  readonly keyId: string
  /** Signed with the file. */
  readonly trustedComment: string
}

interface PublicKey {
  readonly id: Buffer
  readonly key: KeyObject
}

/** `Ed`, 8 octets of key id, then the 32 of the Ed25519 key (jedisct1.github.io/minisign, "Signature format"). */
const KEY_OCTETS = 42
const SIGNATURE_OCTETS = 74
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** True if the text is a minisign public key, in base64 alone. */
export const isMinisignKey = (text: string): boolean => readKey(text) !== undefined

/**
 * Verifies a detached minisign signature: file and trusted comment, under one of the keys. Undefined if it does not hold: none of the
 * keys signed it, something was altered, or it is no such signature. Both of minisign's forms are read (`ED`, of the BLAKE2b hash, and
 * the older `Ed`). Never throws.
 */
export function verifyMinisign(
  file: Uint8Array,
  signatureFile: string,
  publicKeys: readonly string[],
): VerifiedSignature | undefined {
  const [untrusted = '', first = '', comment = '', second = '', ...rest] = signatureFile.split(/\r?\n/)
  const signature = decode(first, SIGNATURE_OCTETS)
  const ofComment = decode(second, 64)
  const trusted = /^trusted comment: (.*)$/.exec(comment)?.[1]
  const whole = untrusted.startsWith('untrusted comment: ') && rest.every((line) => line === '')
  if (!whole || signature === undefined || ofComment === undefined || trusted === undefined) return undefined
  const algorithm = signature.subarray(0, 2).toString('latin1')
  const id = signature.subarray(2, 10)
  const bytes = signature.subarray(10)
  if (algorithm !== 'ED' && algorithm !== 'Ed') return undefined
  const key = publicKeys.map(readKey).find((each) => each?.id.equals(id) === true)?.key
  if (key === undefined) return undefined
  const message = algorithm === 'ED' ? createHash('blake2b512').update(file).digest() : file
  const holds =
    verify(null, message, key, bytes) && verify(null, Buffer.concat([bytes, Buffer.from(trusted)]), key, ofComment)
  return holds ? { keyId: keyIdText(id), trustedComment: trusted } : undefined
}

function decode(text: string, octets: number): Buffer | undefined {
  const bytes = BASE64.test(text) ? Buffer.from(text, 'base64') : undefined
  return bytes?.length === octets && bytes.toString('base64') === text ? bytes : undefined
}

function readKey(text: string): PublicKey | undefined {
  const bytes = decode(text.trim(), KEY_OCTETS)
  if (bytes?.subarray(0, 2).toString('latin1') !== 'Ed') return undefined
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(10).toString('base64url') },
    format: 'jwk',
  })
  return { id: bytes.subarray(2, 10), key }
}

/** Little-endian, as minisign prints it. */
const keyIdText = (id: Buffer): string => Buffer.from(id).reverse().toString('hex').toUpperCase()
