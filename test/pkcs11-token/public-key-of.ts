import { createPublicKey, type KeyObject } from 'node:crypto'
import type { ObjectView } from '../../src/sandbox/pkcs11-token/control-protocol.ts'

/** The value of an attribute, or undefined where the object has none. */
export function attributeOf(object: ObjectView, type: number): Buffer | undefined {
  const value = object.attributes[type.toString(16)]
  return value === undefined ? undefined : Buffer.from(value, 'base64')
}

const CURVES: Readonly<Record<number, string>> = { 32: 'P-256', 48: 'P-384', 66: 'P-521' }

/** The public key object's own attributes as a key of node:crypto. */
export function publicKeyOf(object: ObjectView): KeyObject {
  const modulus = attributeOf(object, 0x120)
  if (modulus !== undefined) {
    const e = attributeOf(object, 0x122) ?? Buffer.alloc(0)
    return createPublicKey({
      key: { kty: 'RSA', n: modulus.toString('base64url'), e: e.toString('base64url') },
      format: 'jwk',
    })
  }
  const wrapped = attributeOf(object, 0x181) ?? Buffer.alloc(0)
  const point = wrapped.subarray(wrapped[1] === 0x81 ? 3 : 2)
  const size = (point.length - 1) / 2
  return createPublicKey({
    key: {
      kty: 'EC',
      crv: CURVES[size] ?? '',
      x: point.subarray(1, 1 + size).toString('base64url'),
      y: point.subarray(1 + size).toString('base64url'),
    },
    format: 'jwk',
  })
}
