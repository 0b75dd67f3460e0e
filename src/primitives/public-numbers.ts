/** Curves whose signatures can be verified, with the octets of their group order. All have the cofactor 1. */
export const CURVE_OCTETS: Readonly<Record<string, number>> = {
  'P-224': 28,
  'P-256': 32,
  'P-384': 48,
  'P-521': 66,
  secp256k1: 32,
  brainpoolP256r1: 32,
  brainpoolP384r1: 48,
  brainpoolP512r1: 64,
}

/** A public key as the numbers that it is made of, big-endian and without leading zeros. */
export type PublicNumbers =
  /** `octets` is the same as RSAPublicKey, DER (RFC 8017 A.1.1). */
  | {
      readonly type: 'RSA'
      readonly modulus: Uint8Array
      readonly exponent: bigint
      readonly octets: Uint8Array
    }
  /** `curve` is one of `CURVE_OCTETS`, `point` is 04 X Y of the right length. */
  | { readonly type: 'EC'; readonly curve: string; readonly point: Uint8Array }
  | {
      readonly type: 'DSA'
      readonly p: Uint8Array
      readonly q: Uint8Array
      readonly g: Uint8Array
      readonly y: Uint8Array
    }

export type DigestName = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** What comes out of a gzip. */
export interface Gunzipped {
  readonly unpacked: Uint8Array
  /** How many octets of the input it took. */
  readonly consumed: number
}
