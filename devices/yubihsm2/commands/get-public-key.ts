import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { ALGORITHMS } from '../algorithm.ts'
import { u16 } from '../byte-writer.ts'
import type { Command } from '../session.ts'

/** Algorithm, then the modulus (the exponent is always 65537), or X and Y. */
export interface RawPublicKey {
  readonly algorithm: number
  readonly bytes: Uint8Array
}

export const getPublicKey: Command<number, RawPublicKey> = {
  name: 'get public key',
  repeatable: true,
  encode: u16,
  decode: (reply, short) => {
    const algorithm = reply[0]
    if (algorithm === undefined || reply.length < 33) throw short()
    return { algorithm, bytes: reply.subarray(1) }
  },
}

const RSA_OCTETS: Readonly<Record<number, number>> = {
  [ALGORITHMS.rsa2048]: 256,
  [ALGORITHMS.rsa3072]: 384,
  [ALGORITHMS.rsa4096]: 512,
}
const CURVES: Readonly<Record<number, { readonly crv: string; readonly octets: number }>> = {
  [ALGORITHMS.ecp256]: { crv: 'P-256', octets: 32 },
  [ALGORITHMS.ecp384]: { crv: 'P-384', octets: 48 },
}

/** SubjectPublicKeyInfo, DER; undefined for an algorithm that no enrolment uses. Throws where the bytes are no such key. */
export function subjectPublicKeyInfo(key: RawPublicKey): Buffer | undefined {
  const jwk = toJwk(key)
  return jwk === undefined
    ? undefined
    : createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' })
}

function toJwk({ algorithm, bytes }: RawPublicKey): JsonWebKey | undefined {
  const text = (from: number, to?: number): string => Buffer.from(bytes.subarray(from, to)).toString('base64url')
  const modulus = RSA_OCTETS[algorithm]
  const curve = CURVES[algorithm]
  const octets = modulus ?? (curve === undefined ? undefined : 2 * curve.octets)
  if (octets === undefined) return undefined
  if (bytes.length !== octets) throw new RangeError(`the public key has ${bytes.length} bytes, expected ${octets}`)
  if (curve === undefined) return { kty: 'RSA', n: text(0), e: 'AQAB' }
  return { kty: 'EC', crv: curve.crv, x: text(0, curve.octets), y: text(curve.octets) }
}
