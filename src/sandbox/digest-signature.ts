/** Signatures over a digest that the caller computed, as services take them. */
import { constants, type KeyObject, privateEncrypt } from 'node:crypto'
import { integer, sequence } from '../asn1/der-writer.ts'
import { signHash } from './pkcs11-token/ecdsa.ts'

/** A DER Ecdsa-Sig-Value, or PKCS#1 v1.5. `hash`: `sha256`, `sha384` or `sha512`; `digest` has its length. */
export const signDigest = (key: KeyObject, hash: string, digest: Uint8Array): Uint8Array =>
  key.asymmetricKeyType === 'rsa' ? signPkcs1(key, hash, digest) : signEcdsa(key, digest)

/** DigestInfo before the digest (RFC 8017, 9.2 note 1). */
const DIGEST_INFO: Readonly<Record<string, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
}

function signPkcs1(key: KeyObject, hash: string, digest: Uint8Array): Uint8Array {
  const message = Buffer.concat([Buffer.from(DIGEST_INFO[hash] ?? '', 'hex'), digest])
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, message)
}

/** DER Ecdsa-Sig-Value. */
function signEcdsa(key: KeyObject, digest: Uint8Array): Uint8Array {
  const sides = signHash(key, digest)
  const half = sides.length / 2
  return sequence(integer(sides.subarray(0, half)), integer(sides.subarray(half)))
}
