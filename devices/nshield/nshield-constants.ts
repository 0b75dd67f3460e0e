/** Vendor numbers of Entrust nShield (pkcs11extra.h); the base is CKA_NCIPHER. */
const CKA_NCIPHER = 0xde436972

export const NSHIELD_CKA = {
  /** "pkcs11": the application name of the key's file. */
  NFKM_APPNAME: CKA_NCIPHER + 0x3,
  NFKM_HASH: CKA_NCIPHER + 0x18,
  /** The ident of the key's file: `ua…` module protected, `uc…-…` softcard or card set. */
  NFKM_ID: CKA_NCIPHER + 0x102,
} as const
