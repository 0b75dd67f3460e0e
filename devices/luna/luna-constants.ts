import { CKM } from '../pkcs11/pkcs11-constants.ts'

/** Vendor numbers of the Luna client (cryptoki_v2.h; the same in gemalto/pycryptoki defines.py). */
export const LUNA_CKA = {
  FINGERPRINT_SHA1: 0x80000002,
  PKC_TCTRUST: 0x80000003,
  PKC_CITS: 0x80000004,
  OUID: 0x80000005,
  PKC_ECC: 0x80000007,
  PKC_LEGACY_ECC: 0x80000009,
  FINGERPRINT_SHA256: 0x80001003,
} as const

export const LUNA_CKM = {
  ECDSA_SHA256: 0x80000123,
  ECDSA_SHA384: 0x80000124,
  ECDSA_SHA512: 0x80000125,
  RSA_FIPS_186_3_AUX_PRIME_KEY_PAIR_GEN: 0x80000142,
  RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN: 0x80000143,
  ECDSA_KEY_PAIR_GEN_W_EXTRA_BITS: 0x80000160,
} as const

/** User types beside CKU_USER, which is the Crypto Officer. */
export const LUNA_CKU = { CRYPTO_USER: 0x80000001, AUDIT: 0x80000002, LIMITED_CRYPTO_OFFICER: 0x80000003 } as const

/**
 * Best first: Thales labels PRIME "FIPS approved"; CKM_RSA_PKCS_KEY_PAIR_GEN is refused in FIPS mode. The order after the first is a
 * guess; all of them make attestable keys.
 */
export const LUNA_RSA_GENERATION: readonly number[] = [
  LUNA_CKM.RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN,
  LUNA_CKM.RSA_FIPS_186_3_AUX_PRIME_KEY_PAIR_GEN,
  CKM.RSA_X9_31_KEY_PAIR_GEN,
  CKM.RSA_PKCS_KEY_PAIR_GEN,
]

/** The confirmation of an RSA key that ends in Thales's root, and those of an EC key, newest form first. */
export const CONFIRMATION_ATTRIBUTES = {
  RSA: [LUNA_CKA.PKC_CITS],
  EC: [LUNA_CKA.PKC_ECC, LUNA_CKA.PKC_LEGACY_ECC],
} as const
