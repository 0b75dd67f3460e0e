import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { ALGORITHMS } from '../../../devices/yubihsm2/algorithm.ts'
import { importBytes, privateKeyFrom, spkiOf } from './asymmetric-key.ts'
import { CURVES } from './elliptic-curve.ts'

const pkcs8 = (namedCurve: string) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return { der: privateKey.export({ type: 'pkcs8', format: 'der' }), spki }
}

it.each(Object.entries(CURVES).map(([algorithm, { name }]) => [name, Number(algorithm)] as const))(
  'takes a key of %s out of PKCS #8, as `put-rsa-wrapped-key` brings it',
  (name, algorithm) => {
    const { der, spki } = pkcs8(name)
    expect(spkiOf(privateKeyFrom(algorithm, importBytes(algorithm, der)))).toEqual(spki)
  },
)

it('refuses a key of another curve of the same size', () => {
  expect(() => importBytes(ALGORITHMS.ecbp256, pkcs8('prime256v1').der)).toThrow('not a key of brainpoolP256r1')
  expect(() => importBytes(ALGORITHMS.ecp256, pkcs8('secp256k1').der)).toThrow('not a key of prime256v1')
})
