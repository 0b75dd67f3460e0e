import { createPublicKey, generateKeyPair, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { expect, it, vi } from 'vitest'

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()

it('no pooled test key is handed out twice in a process, however often the pool is loaded, whoever asks', async () => {
  const next = (): string => pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)
  const keys = [next()]
  for (let load = 0; load < 2; load++) {
    vi.resetModules()
    await import('./pooled-keys.ts')
    keys.push(next(), next(), pem((await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })).publicKey))
  }
  for (let more = 0; more < 20; more++) keys.push(next())
  expect(new Set(keys).size).toBe(keys.length)
})

it.each([2048, 3072])(
  'a pooled RSA key of %d bits is one: full length, and what one half signs the other verifies',
  (bits) => {
    for (let count = 0; count < 6; count++) {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
      expect(publicKey.asymmetricKeyDetails).toEqual({ modulusLength: bits, publicExponent: 65_537n })
      const again = createPublicKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
      const message = Buffer.from('test')
      expect(verify('sha256', message, again, sign('sha256', message, privateKey))).toBe(true)
      expect(pem(again)).toBe(pem(publicKey))
    }
  },
)

it('a key with another exponent is none of the pool', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })
  expect(publicKey.asymmetricKeyDetails?.publicExponent).toBe(3n)
})
