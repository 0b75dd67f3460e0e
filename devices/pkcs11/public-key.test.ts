import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DeviceError } from '../device-error.ts'
import { exportJwk } from '../export-jwk.ts'
import { KEY_SHAPES } from './key-algorithm.ts'
import { publicKeyFromAttributes } from './public-key.ts'

const explicit = (curve: 'P-256' | 'P-384', ...options: readonly string[]): Buffer =>
  execFileSync('openssl', ['ecparam', '-name', curve, '-param_enc', 'explicit', '-outform', 'DER', ...options])

const P256 = Buffer.from('06082a8648ce3d030107', 'hex')

describe('the public key of a token', () => {
  for (const curve of ['P-256', 'P-384'] as const) {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
    const jwk = exportJwk(publicKey)
    const point = Buffer.concat([
      Buffer.of(4),
      Buffer.from(jwk.x ?? '', 'base64url'),
      Buffer.from(jwk.y ?? '', 'base64url'),
    ])
    const shape = KEY_SHAPES[curve]
    const ecParams = shape.kind === 'EC' ? shape.params : P256

    it(`on ${curve} is the same from a bare and from a wrapped point`, () => {
      expect(publicKeyFromAttributes({ ecParams, ecPoint: point }, 'x').equals(publicKey)).toBe(true)
      const wrapped = Buffer.concat([Buffer.of(4, point.length), point])
      expect(publicKeyFromAttributes({ ecParams, ecPoint: wrapped }, 'x').equals(publicKey)).toBe(true)
    })

    it.each([[], ['-no_seed'], ['-conv_form', 'compressed'], ['-no_seed', '-conv_form', 'compressed']])(
      `on ${curve} given by its numbers is the same (openssl ecparam %j %j %j)`,
      (...options) => {
        const read = publicKeyFromAttributes({ ecParams: explicit(curve, ...options), ecPoint: point }, 'x')
        expect(read.equals(publicKey)).toBe(true)
      },
    )

    it(`on ${curve} given by numbers of which any is another is no key of ours`, () => {
      const numbers = explicit(curve)
      for (let at = 0; at < numbers.length; at++) {
        const other = Buffer.from(numbers)
        other[at] = (other[at] ?? 0) ^ 1
        expect(() => publicKeyFromAttributes({ ecParams: other, ecPoint: point }, 'x'), `byte ${at}`).toThrow(
          'neither P-256 nor P-384',
        )
      }
    })

    it(`on ${curve} is refused where the point is cut, compressed or not on the curve`, () => {
      const off = Buffer.from(point)
      off[off.length - 1] = (off[off.length - 1] ?? 0) ^ 1
      for (const bad of [
        point.subarray(1),
        point.subarray(0, -1),
        Buffer.concat([Buffer.of(2), point.subarray(1, 1 + (point.length - 1) / 2)]),
        off,
        Buffer.alloc(0),
      ]) {
        expect(() => publicKeyFromAttributes({ ecParams, ecPoint: bad }, 'x')).toThrow(DeviceError)
      }
    })
  }

  it('with RSA takes leading zeros off', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = exportJwk(publicKey)
    const modulus = Buffer.concat([Buffer.of(0), Buffer.from(jwk.n ?? '', 'base64url')])
    expect(
      publicKeyFromAttributes({ modulus, publicExponent: Buffer.from('00010001', 'hex') }, 'x').equals(publicKey),
    ).toBe(true)
  })

  it('on another curve, or with nothing to go by, is an error of its own', () => {
    const k256 = Buffer.from('06052b8104000a', 'hex')
    expect(() => publicKeyFromAttributes({ ecParams: k256, ecPoint: Buffer.alloc(65) }, 'x')).toThrow(
      'neither P-256 nor P-384',
    )
    expect(() => publicKeyFromAttributes({}, 'x')).toThrow(DeviceError)
  })
})
