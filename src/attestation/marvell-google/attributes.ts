/**
 * Attributes of LiquidSecurity objects, by number (from the open parsers of PeculiarVentures, b4den, icedevml and Azure; values seen
 * on six statements). Most numbers are those of PKCS#11.
 */
export const ATTRIBUTE = {
  class: 0x0000,
  keyType: 0x0100,
  /** 128 ASCII hex characters: two SHA-256; the second is that of the full version resource name. */
  id: 0x0102,
  sensitive: 0x0103,
  sign: 0x0108,
  /** RSA: the modulus. EC: the uncompressed point. */
  modulus: 0x0120,
  /** RSA: bits. EC: OpenSSL's number of the curve. */
  modulusBits: 0x0121,
  publicExponent: 0x0122,
  /** Of a secret key: octets. Of a private key: the length in which it is stored. */
  valueLength: 0x0161,
  extractable: 0x0162,
  local: 0x0163,
  neverExtractable: 0x0164,
  alwaysSensitive: 0x0165,
  /** First three bytes of SHA-1 over the SubjectPublicKeyInfo. */
  kcv: 0x0173,
  /** SHA-256 over the SubjectPublicKeyInfo. */
  ekcv: 0x1003,
  splittable: 0x80000002,
  isSplit: 0x80000003,
} as const

export const OBJECT_CLASS = { publicKey: 2, privateKey: 3, secretKey: 4 } as const
export const KEY_TYPE = { rsa: 0x00, ec: 0x03, aes: 0x1f } as const

/** OpenSSL's curve numbers (NID). P-256 and secp256k1 were seen; P-384 follows OpenSSL's table. */
export const CURVE_BY_NID: Readonly<Record<number, { readonly oid: string; readonly octets: number }>> = {
  415: { oid: '1.2.840.10045.3.1.7', octets: 32 },
  714: { oid: '1.3.132.0.10', octets: 32 },
  715: { oid: '1.3.132.0.34', octets: 48 },
}
