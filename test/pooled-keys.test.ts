import { createPublicKey, generateKeyPair, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()

/** What a double in a thread of its own generates. */
const IN_A_THREAD = `
const { generateKeyPair, generateKeyPairSync } = require('node:crypto')
const { promisify } = require('node:util')
const pem = ({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' })
const rsa = ['rsa', { modulusLength: 2048 }]
promisify(generateKeyPair)(...rsa).then((pair) =>
  require('node:worker_threads').parentPort.postMessage([pem(pair), pem(generateKeyPairSync(...rsa)), pem(generateKeyPairSync(...rsa))]))`

it('no pooled test key is handed out twice in a process, whichever thread asks, and how', async () => {
  const next = (): string => pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)
  const keys = Array.from({ length: 10 }, next)
  const threads = [1, 2].map(
    () =>
      new Promise<readonly string[]>((done, failed) =>
        new Worker(IN_A_THREAD, { eval: true }).once('message', done).once('error', failed),
      ),
  )
  keys.push(next(), pem((await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })).publicKey), next())
  keys.push(...(await Promise.all(threads)).flat(), next())
  expect(new Set(keys).size).toBe(20)
})

it.each([2048, 3072, 4096])(
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

it.each([2048, 3072])('a pooled DSA key of %d bits is one, and no other has its secret', (bits) => {
  const pairs = [1, 2].map(() => generateKeyPairSync('dsa', { modulusLength: bits, divisorLength: 256 }))
  for (const { publicKey, privateKey } of pairs) {
    expect(publicKey.asymmetricKeyDetails).toEqual({ modulusLength: bits, divisorLength: 256 })
    const message = Buffer.from('test')
    expect(verify('sha256', message, publicKey, sign('sha256', message, privateKey))).toBe(true)
  }
  expect(new Set(pairs.map(({ publicKey }) => pem(publicKey))).size).toBe(2)
})
