/** Signatures over a digest that the caller computed, as services take them. */
import { constants, type KeyObject, privateEncrypt, publicDecrypt } from 'node:crypto'
import { exportJwk } from '../../devices/export-jwk.ts'
import { readDer, readSequence } from '../asn1/der.ts'
import { readUnsignedBytes } from '../asn1/der-values.ts'
import { integer, sequence } from '../asn1/der-writer.ts'
import { isStrictSignature } from '../asn1/signature-value.ts'
import { signHash, verifyHash } from './pkcs11-token/ecdsa.ts'

/** A DER Ecdsa-Sig-Value, or PKCS#1 v1.5. `hash`: `sha256`, `sha384` or `sha512`; `digest` has its length. */
export const signDigest = (key: KeyObject, hash: string, digest: Uint8Array): Uint8Array =>
  key.asymmetricKeyType === 'rsa' ? signPkcs1(key, hash, digest) : signEcdsa(key, digest)

/** What `signDigest` returns, over `digest`. False for whatever is no signature. */
export const verifyDigest = (key: KeyObject, hash: string, digest: Uint8Array, signature: Uint8Array): boolean =>
  key.asymmetricKeyType === 'rsa' ? verifyPkcs1(key, hash, digest, signature) : verifyEcdsa(key, digest, signature)

/** DigestInfo before the digest (RFC 8017, 9.2 note 1). */
const DIGEST_INFO: Readonly<Record<string, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
}

const digestInfo = (hash: string, digest: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(DIGEST_INFO[hash] ?? '', 'hex'), digest])

const signPkcs1 = (key: KeyObject, hash: string, digest: Uint8Array): Uint8Array =>
  privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(hash, digest))

function verifyPkcs1(key: KeyObject, hash: string, digest: Uint8Array, signature: Uint8Array): boolean {
  try {
    return publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature).equals(digestInfo(hash, digest))
  } catch {
    return false
  }
}

/** DER Ecdsa-Sig-Value. */
function signEcdsa(key: KeyObject, digest: Uint8Array): Uint8Array {
  const sides = signHash(key, digest)
  const half = sides.length / 2
  return sequence(integer(sides.subarray(0, half)), integer(sides.subarray(half)))
}

function verifyEcdsa(key: KeyObject, digest: Uint8Array, signature: Uint8Array): boolean {
  if (!isStrictSignature(signature)) return false
  const size = Buffer.from(exportJwk(key).x ?? '', 'base64url').length
  const sides = readSequence(readDer(signature), 'signature').map((side) => readUnsignedBytes(side))
  if (sides.some(({ length }) => length > size)) return false
  const padded = sides.map((side) => Buffer.concat([Buffer.alloc(size - side.length), side]))
  return verifyHash(key, digest, Buffer.concat(padded))
}
