import { describe, expect, it } from 'vitest'
import { readCryptoKeyVersion, refuseUnsuitable } from './crypto-key-version.ts'

const GOOD = {
  name: 'projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1',
  state: 'ENABLED',
  protectionLevel: 'HSM',
  algorithm: 'EC_SIGN_P256_SHA256',
}
const refusing = (changes: object) => () => refuseUnsuitable(readCryptoKeyVersion({ ...GOOD, ...changes }))

describe('a key version that cannot be enrolled', () => {
  it.each([
    ['its protection level', { protectionLevel: 'SOFTWARE' }, 'SOFTWARE'],
    ['its origin', { importJob: 'projects/p' }, 'importJob'],
    ['an external key manager', { externalProtectionLevelOptions: {} }, 'externalProtectionLevelOptions'],
    ['trusted wrapping', { trustedWrappingEnabled: true }, 'trustedWrappingEnabled'],
    ['its algorithm', { algorithm: 'RSA_DECRYPT_OAEP_2048_SHA256' }, 'RSA_DECRYPT_OAEP_2048_SHA256'],
    ['a failed generation', { state: 'GENERATION_FAILED' }, 'GENERATION_FAILED'],
    ['its state', { state: 'DISABLED' }, 'DISABLED'],
  ])('is refused for %s with the value that it rests on, not with its state alone', (_why, changes, vendorCode) => {
    expect(refusing(changes)).toThrow(expect.objectContaining({ name: 'DeviceError', vendorCode }))
  })

  it('is not this one', () => {
    expect(refusing({})).not.toThrow()
  })
})
