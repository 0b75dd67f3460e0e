import type { KeyAlgorithm } from '../device.ts'
import { curveOfNumbers } from './explicit-curve.ts'
import { CKM } from './pkcs11-constants.ts'

/** What PKCS#11 needs to know of a key type. */
export type KeyShape =
  | { readonly kind: 'RSA'; readonly bits: number }
  | { readonly kind: 'EC'; readonly jwkCurve: 'P-256' | 'P-384'; readonly bytes: number; readonly params: Uint8Array }

const curve = (jwkCurve: 'P-256' | 'P-384', bytes: number, params: string): KeyShape => ({
  kind: 'EC',
  jwkCurve,
  bytes,
  params: Buffer.from(params, 'hex'),
})

/** CKA_EC_PARAMS: the DER of the curve's object identifier (RFC 5480 2.1.1.1). */
export const KEY_SHAPES: Readonly<Record<KeyAlgorithm, KeyShape>> = {
  'RSA-2048': { kind: 'RSA', bits: 2048 },
  'RSA-3072': { kind: 'RSA', bits: 3072 },
  'RSA-4096': { kind: 'RSA', bits: 4096 },
  'P-256': curve('P-256', 32, '06082a8648ce3d030107'),
  'P-384': curve('P-384', 48, '06052b81040022'),
}

/** The curve that CKA_EC_PARAMS names, or has all the numbers of, if it is one of ours. */
export function shapeOfCurve(params: Uint8Array): Extract<KeyShape, { kind: 'EC' }> | undefined {
  const numbers = params[0] === SEQUENCE ? curveOfNumbers(params) : undefined
  for (const shape of Object.values(KEY_SHAPES)) {
    if (shape.kind !== 'EC') continue
    if (shape.jwkCurve === numbers || Buffer.compare(shape.params, params) === 0) return shape
  }
  return undefined
}

const SEQUENCE = 0x30

/** 65537, big-endian: the only public exponent a request may have. */
export const PUBLIC_EXPONENT = Buffer.from('010001', 'hex')

/** A module's mechanisms: type -> CK_MECHANISM_INFO, read when asked for. */
export interface MechanismTable {
  has(mechanism: number): boolean
  info(
    mechanism: number,
  ): { readonly flags: number; readonly minKeySize: number; readonly maxKeySize: number } | undefined
}

/** The first of `preferred` that the module lists; undefined where it lists none. */
export function chooseMechanism(table: MechanismTable, preferred: readonly number[]): number | undefined {
  return preferred.find((mechanism) => table.has(mechanism))
}

/** Standard generation mechanisms, best first; a family puts its own before them. */
export const RSA_GENERATION: readonly number[] = [CKM.RSA_PKCS_KEY_PAIR_GEN, CKM.RSA_X9_31_KEY_PAIR_GEN]
export const EC_GENERATION: readonly number[] = [CKM.EC_KEY_PAIR_GEN]
