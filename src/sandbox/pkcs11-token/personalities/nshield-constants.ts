/** Vendor numbers of Entrust nShield: pkcs11extra.h; the base is CKA_NCIPHER. */
const NCIPHER = 0xde436972

export const NSHIELD_CKA = {
  NFKM_APPNAME: NCIPHER + 0x3,
  NFKM_HASH: NCIPHER + 0x18,
  NFKM_ID: NCIPHER + 0x102,
} as const
