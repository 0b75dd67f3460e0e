import { dsaPublicKeyInfo, ecPublicKeyInfo, rsaPublicKeyInfo } from '../../asn1/public-key-writer.ts'
import { NSHIELD_CURVES, type NshieldCurve } from './curves.ts'
import type { NcoreReader } from './message.ts'

/** A public key as nShield marshals it (M_KeyData); numbers are big-endian without leading zero. */
export type NshieldKey =
  | { readonly type: 'RSA'; readonly e: Uint8Array; readonly n: Uint8Array }
  | {
      readonly type: 'DSA'
      readonly p: Uint8Array
      readonly q: Uint8Array
      readonly g: Uint8Array
      readonly y: Uint8Array
    }
  /** `ECDSA` and `EC` differ in nothing but the prefix of their key hash. */
  | { readonly type: 'ECDSA' | 'EC'; readonly curve: NshieldCurve; readonly x: Uint8Array; readonly y: Uint8Array }

/** M_KeyType (Entrust wire format, "Common type formats"). */
const KEY_TYPES: Readonly<Record<number, NshieldKey['type']>> = { 1: 'RSA', 3: 'DSA', 44: 'EC', 46: 'ECDSA' }

/** nShield makes other keys as well; no CA takes them for document signing. */
export const ANOTHER_KEY = 'Generate an RSA key, or an EC key on P-256, P-384 or P-521.'

/** Reads an M_KeyData. Throws EvidenceError for a type, curve or flag that is not known. */
export function readKeyData(reader: NcoreReader): NshieldKey {
  const code = reader.u32()
  const type = KEY_TYPES[code]
  switch (type) {
    case 'RSA':
      return { type, e: reader.bignum(), n: reader.bignum() }
    case 'DSA':
      return { type, p: reader.bignum(), q: reader.bignum(), g: reader.bignum(), y: reader.bignum() }
    case 'ECDSA':
    case 'EC': {
      const curve = readCurve(reader)
      const flags = reader.u32()
      if (flags !== 0) throw reader.fail(`the EC key has the unknown flags 0x${flags.toString(16)}`)
      const x = reader.bignum()
      const y = reader.bignum()
      if (x.length > curve.octets || y.length > curve.octets)
        throw reader.fail(`the point is too long for ${curve.name}`)
      return { type, curve, x, y }
    }
    default:
      throw reader.fail(`the key type ${code} is unknown`, ANOTHER_KEY)
  }
}

export function readCurve(reader: NcoreReader): NshieldCurve {
  const code = reader.u32()
  const curve = NSHIELD_CURVES.find((known) => known.code === code)
  if (curve === undefined) {
    throw reader.fail(
      `the curve ${code} is unknown (4, 5 and 6, the NIST curves P-256, P-384 and P-521, are)`,
      ANOTHER_KEY,
    )
  }
  return curve
}

/** The key as SubjectPublicKeyInfo, DER. */
export function nshieldKeyInfo(key: NshieldKey): Uint8Array {
  switch (key.type) {
    case 'RSA':
      return rsaPublicKeyInfo(key.n, key.e)
    case 'DSA':
      return dsaPublicKeyInfo(key.p, key.q, key.g, key.y)
    case 'ECDSA':
    case 'EC':
      return ecPublicKeyInfo(key.curve.oid, uncompressedPoint(key.x, key.y, key.curve.octets))
  }
}

function uncompressedPoint(x: Uint8Array, y: Uint8Array, octets: number): Uint8Array {
  const point = new Uint8Array(1 + 2 * octets)
  point[0] = 4
  point.set(x, 1 + octets - x.length)
  point.set(y, 1 + 2 * octets - y.length)
  return point
}
