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

describe('a key as JWK', () => {
  it.each(Object.entries(KEYS))('has the private half where it is asked for: %s', (_, { publicKey, privateKey }) => {
    const { d, ...rest } = exportJwk(privateKey)
    expect(d).toBeTypeOf('string')
    expect(rest).toMatchObject(exportJwk(publicKey))
    expect(exportJwk(publicKey)).not.toHaveProperty('d')
  })

  it('is exported here alone: of a key that was just generated, the export itself may never end', () => {
    const others = ['src', 'devices', 'test'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .map((name) => join(folder, name))
        .filter((path) => path.endsWith('.ts') && !path.includes('export-jwk'))
        .filter((path) => /\.export\(\{ format: 'jwk' \}\)/.test(readFileSync(join(ROOT, path), 'utf8'))),
    )
    // Its key comes from a file.
    expect(others).toEqual(['src/acme/account-key.ts'])
  })
})
