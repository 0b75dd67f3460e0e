import { type Capability, type HashName, KEY_ALGORITHMS, type KeyAlgorithm } from '../device.ts'

export interface SigningAlgorithm {
  readonly keyAlgorithm: KeyAlgorithm
  /** A key signs with this hash and no other. */
  readonly hash: HashName
}

/**
 * CryptoKeyVersionAlgorithm -> what it signs. PKCS#1 v1.5 and the NIST curves alone: a PSS key would need PSS parameters in
 * the request, RAW keys leave the digest to the caller, secp256k1 and Ed25519 are not what document-signing CAs take.
 * There is no 2048 or 3072 with SHA-512. Source: google/cloud/kms/v1/resources.proto.
 */
export const SIGNING_ALGORITHMS: Readonly<Record<string, SigningAlgorithm>> = {
  EC_SIGN_P256_SHA256: { keyAlgorithm: 'P-256', hash: 'SHA-256' },
  EC_SIGN_P384_SHA384: { keyAlgorithm: 'P-384', hash: 'SHA-384' },
  RSA_SIGN_PKCS1_2048_SHA256: { keyAlgorithm: 'RSA-2048', hash: 'SHA-256' },
  RSA_SIGN_PKCS1_3072_SHA256: { keyAlgorithm: 'RSA-3072', hash: 'SHA-256' },
  RSA_SIGN_PKCS1_4096_SHA256: { keyAlgorithm: 'RSA-4096', hash: 'SHA-256' },
  RSA_SIGN_PKCS1_4096_SHA512: { keyAlgorithm: 'RSA-4096', hash: 'SHA-512' },
}

/** What a new key is made with. */
export const NEW_KEY_ALGORITHMS: Readonly<Record<KeyAlgorithm, string>> = {
  'RSA-2048': 'RSA_SIGN_PKCS1_2048_SHA256',
  'RSA-3072': 'RSA_SIGN_PKCS1_3072_SHA256',
  'RSA-4096': 'RSA_SIGN_PKCS1_4096_SHA256',
  'P-256': 'EC_SIGN_P256_SHA256',
  'P-384': 'EC_SIGN_P384_SHA384',
}

/** Members of the API's Digest message. */
export const DIGEST_FIELDS: Readonly<Record<HashName, string>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
}

export const CAPABILITIES: readonly Capability[] = KEY_ALGORITHMS.map((algorithm) => ({ algorithm, supported: true }))
