import { generateKeyPairSync } from 'node:crypto'
import { expect, it, vi } from 'vitest'

it('no pooled test key is handed out twice in a process, however often the pool is loaded', async () => {
  const next = (): string =>
    generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const keys = [next()]
  for (let load = 0; load < 2; load++) {
    vi.resetModules()
    await import('./pooled-keys.ts')
    keys.push(next(), next())
  }
  expect(new Set(keys).size).toBe(keys.length)
})
