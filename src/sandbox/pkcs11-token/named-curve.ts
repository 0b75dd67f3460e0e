/** The prime curves of the token. Domain parameters: FIPS 186-4 D.1.2 (SEC 2); a is p - 3 in all of them. */
export interface NamedCurve {
  /** Name in node:crypto. */
  readonly name: 'prime256v1' | 'secp384r1' | 'secp521r1'
  /** CKA_EC_PARAMS: the OBJECT IDENTIFIER, DER. */
  readonly parameters: Uint8Array
  readonly bits: number
  /** Octets of a coordinate and of a half of a signature. */
  readonly size: number
  readonly p: bigint
  readonly n: bigint
}

const NAMED_CURVES: readonly NamedCurve[] = [
  {
    name: 'prime256v1',
    parameters: Buffer.from('06082a8648ce3d030107', 'hex'),
    bits: 256,
    size: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  {
    name: 'secp384r1',
    parameters: Buffer.from('06052b81040022', 'hex'),
    bits: 384,
    size: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  {
    name: 'secp521r1',
    parameters: Buffer.from('06052b81040023', 'hex'),
    bits: 521,
    size: 66,
    p: 2n ** 521n - 1n,
    n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
]

export const curveByParameters = (parameters: Uint8Array): NamedCurve | undefined =>
  NAMED_CURVES.find((curve) => Buffer.from(curve.parameters).equals(parameters))

/** By JWK `crv` as node:crypto exports it. */
export const curveByJwk = (crv: string | undefined): NamedCurve | undefined =>
  NAMED_CURVES[['P-256', 'P-384', 'P-521'].indexOf(crv ?? '')]
