import { type Capability, type HashName, KEY_ALGORITHMS, type KeyAlgorithm } from '../device.ts'
import type { JsonObject } from '../http/json-fields.ts'

/**
 * Key type -> the fields of the SobjectRequest that ask for it.
 * Source: fortanix/sdkms-client-go keys_generated.go (SobjectRequest), common_generated.go (EllipticCurve).
 */
export const KEY_PARAMETERS: Readonly<Record<KeyAlgorithm, JsonObject>> = {
  'RSA-2048': { obj_type: 'RSA', key_size: 2048, rsa: { key_size: 2048, public_exponent: 65537 } },
  'RSA-3072': { obj_type: 'RSA', key_size: 3072, rsa: { key_size: 3072, public_exponent: 65537 } },
  'RSA-4096': { obj_type: 'RSA', key_size: 4096, rsa: { key_size: 4096, public_exponent: 65537 } },
  'P-256': { obj_type: 'EC', elliptic_curve: 'NistP256' },
  'P-384': { obj_type: 'EC', elliptic_curve: 'NistP384' },
}

/** DigestAlgorithm of the API. */
export const HASH_ALGORITHMS: Readonly<Record<HashName, string>> = {
  'SHA-256': 'SHA256',
  'SHA-384': 'SHA384',
  'SHA-512': 'SHA512',
}

/**
 * SIGN and VERIFY alone; EXPORT never (it also governs wrapped export). APPMANAGEABLE lets the app that made the key attest
 * and delete it. An absent list would mean the server's defaults, HIGHVOLUME would turn the audit log off.
 */
export const KEY_OPERATIONS: readonly string[] = ['SIGN', 'VERIFY', 'APPMANAGEABLE']

/** Always sent for RSA: without it the key's or the group's policy decides, which may say PSS. */
export const RSA_SIGNATURE_MODE: JsonObject = { PKCS1_V15: {} }

export const CAPABILITIES: readonly Capability[] = KEY_ALGORITHMS.map((algorithm) => ({ algorithm, supported: true }))
