import { createPublicKey, type KeyObject } from 'node:crypto'
import { DeviceError } from '../device-error.ts'
import { shapeOfCurve } from './key-algorithm.ts'

/** The public half as the token gives it: attribute bytes, undefined where the token has none. */
export interface PublicKeyAttributes {
  readonly modulus?: Uint8Array | undefined
  readonly publicExponent?: Uint8Array | undefined
  readonly ecParams?: Uint8Array | undefined
  readonly ecPoint?: Uint8Array | undefined
}

const MAX_MODULUS_BYTES = 2048

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/**
 * CKA_MODULUS and CKA_PUBLIC_EXPONENT, or CKA_EC_PARAMS and CKA_EC_POINT -> key.
 * Throws DeviceError `device.protocol` where the bytes make no key, `key.wrong-type` for a curve that is none of ours.
 */
export function publicKeyFromAttributes(attributes: PublicKeyAttributes, subject: string): KeyObject {
  const { modulus, publicExponent, ecParams, ecPoint } = attributes
  try {
    if (modulus !== undefined && publicExponent !== undefined) {
      if (modulus.length > MAX_MODULUS_BYTES) throw new Error(`a modulus of ${modulus.length} bytes`)
      return createPublicKey({
        format: 'jwk',
        key: { kty: 'RSA', n: base64url(trimZeros(modulus)), e: base64url(trimZeros(publicExponent)) },
      })
    }
    if (ecParams !== undefined && ecPoint !== undefined) return ecPublicKey(ecParams, ecPoint)
    throw new Error('it has neither a modulus nor a point')
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new DeviceError('device.protocol', `Could not read the public key from ${subject}: ${why.slice(0, 120)}.`, {
      remedy: 'Check the key with the vendor’s tool; the module returns an invalid public key.',
      cause,
    })
  }
}

function ecPublicKey(ecParams: Uint8Array, ecPoint: Uint8Array): KeyObject {
  const shape = shapeOfCurve(ecParams)
  if (shape === undefined) {
    throw new DeviceError('key.wrong-type', 'Could not use the key: its curve is neither P-256 nor P-384.', {
      remedy: 'Specify another key, or let hsm-enroll generate one.',
    })
  }
  const point = unwrapPoint(ecPoint, shape.bytes)
  return createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: shape.jwkCurve,
      x: base64url(point.subarray(1, 1 + shape.bytes)),
      y: base64url(point.subarray(1 + shape.bytes)),
    },
  })
}

/**
 * CKA_EC_POINT is a DER OCTET STRING around the uncompressed point (PKCS#11 2.40 section 2.3.3); some modules give the
 * bare point. Both begin with 04, and only the length tells.
 */
function unwrapPoint(bytes: Uint8Array, fieldBytes: number): Uint8Array {
  const length = 1 + 2 * fieldBytes
  if (bytes.length === length && bytes[0] === 0x04) return bytes
  const wrapped = bytes.length === length + 2 && bytes[0] === 0x04 && bytes[1] === length && bytes[2] === 0x04
  if (!wrapped) throw new Error(`a point of ${bytes.length} bytes, which is not an uncompressed point`)
  return bytes.subarray(2)
}

function trimZeros(bytes: Uint8Array): Uint8Array {
  let from = 0
  while (from < bytes.length - 1 && bytes[from] === 0) from++
  return bytes.subarray(from)
}

export const spkiOf = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: 'der', type: 'spki' }))
