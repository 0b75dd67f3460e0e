import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exportJwk } from './export-jwk.ts'

const ROOT = resolve(import.meta.dirname, '..')
const KEYS = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'RSA 2048': generateKeyPairSync('rsa', { modulusLength: 2048 }),
  Ed25519: generateKeyPairSync('ed25519'),
}

/** Where the pattern is in the sources, beside these two files. */
const filesWith = (pattern: RegExp, ...folders: readonly string[]): readonly string[] =>
  folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => path.endsWith('.ts') && !path.includes('export-jwk'))
      .filter((path) => pattern.test(readFileSync(join(ROOT, path), 'utf8')))
      .sort(),
  )

describe('a key as JWK', () => {
  it.each(Object.entries(KEYS))('has the private half where it is asked for: %s', (_, { publicKey, privateKey }) => {
    const { d, ...rest } = exportJwk(privateKey)
    expect(d).toBeTypeOf('string')
    expect(rest).toMatchObject(exportJwk(publicKey))
    expect(exportJwk(publicKey)).not.toHaveProperty('d')
  })

  it('is exported here alone: of a key that was just generated, the export itself may never end', () => {
    // Its key comes from a file.
    expect(filesWith(/\.export\(\{ format: 'jwk' \}\)/, 'src', 'devices', 'test')).toEqual(['src/acme/account-key.ts'])
  })

  it('has details that are read of imported keys and of copies alone', () => {
    expect(filesWith(/\.asymmetricKeyDetails/, 'src', 'devices')).toEqual([
      // A copy, of each key that the token generates.
      'src/sandbox/pkcs11-token/signing-mechanisms.ts',
      // Imported ones.
      'src/sandbox/yubihsm2/elliptic-curve.ts',
      'devices/key-algorithm.ts',
      'devices/pkcs11/token-key.ts',
      'devices/yubihsm2/asymmetric-keys.ts',
    ])
  })
})
