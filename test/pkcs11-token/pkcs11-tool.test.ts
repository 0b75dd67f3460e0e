import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CKA } from '../../devices/pkcs11/pkcs11-constants.ts'
import { PLAIN_PIN } from '../../src/sandbox/pkcs11-token/personalities/plain.ts'
import { attributeOf, publicKeyOf } from './public-key-of.ts'
import { installed, type Outcome, runProgram, withToken } from './running-token.ts'

interface Key {
  readonly type: string
  readonly id: string
  readonly mechanism: string
  readonly hash: string
  /** As `pkcs11-tool` lists it. */
  readonly bits: string
}
const RSA: Key = { type: 'rsa:2048', id: '03', mechanism: 'SHA256-RSA-PKCS', hash: 'sha256', bits: 'RSA 2048 bits' }
const KEYS: readonly Key[] = [
  { type: 'EC:prime256v1', id: '01', mechanism: 'ECDSA', hash: 'sha256', bits: 'EC_POINT 256 bits' },
  { type: 'EC:secp384r1', id: '02', mechanism: 'ECDSA', hash: 'sha384', bits: 'EC_POINT 384 bits' },
  RSA,
]

describe.runIf(installed('pkcs11-tool', 'openssl'))('OpenSC pkcs11-tool on the plain token', () => {
  const under = withToken({ name: 'plain' })
  const tool = (...args: readonly string[]): Promise<Outcome> =>
    under().run('pkcs11-tool', ['--module', under().module, ...args])
  const loggedIn = (...args: readonly string[]): Promise<Outcome> => tool('--login', '--pin', PLAIN_PIN, ...args)

  it('lists the slot and the token', async () => {
    const { code, stdout } = await tool('-L')
    expect(code).toBe(0)
    expect(stdout).toContain('Plain token')
    expect(stdout).toMatch(/serial num\s*: 1001/)
    expect(stdout).toContain('login required')
  })

  it('lists the mechanisms with their sizes', async () => {
    const { code, stdout } = await tool('-M')
    expect(code).toBe(0)
    expect(stdout).toContain('RSA-PKCS-KEY-PAIR-GEN, keySize={2048,4096}')
    expect(stdout).toMatch(/ECDSA, keySize=\{256,521\}/)
  })

  /** What `pkcs11-tool` said when it generated the pair: once for all tests. */
  const generated = new Map<string, Promise<Outcome>>()
  const generate = ({ type, id }: Key): Promise<Outcome> => {
    const made = generated.get(id) ?? loggedIn('--keypairgen', '--key-type', type, '--label', `key ${id}`, '--id', id)
    generated.set(id, made)
    return made
  }

  /** A message and its signature, as files. */
  async function sign(key: Key): Promise<{ readonly message: string; readonly signature: string }> {
    await generate(key)
    const { id, mechanism, hash } = key
    const [message = '', signature = '', digest = ''] = ['message', 'signature', 'digest'].map((name) =>
      join(under().directory, `${name}-${id}`),
    )
    await writeFile(message, 'to be signed')
    await writeFile(digest, createHash(hash).update('to be signed').digest())
    const input = mechanism === 'ECDSA' ? digest : message
    const format = mechanism === 'ECDSA' ? ['--signature-format', 'openssl'] : []
    const signed = await loggedIn('-s', '-m', mechanism, '--id', id, '-i', input, '-o', signature, ...format)
    expect(signed.code, signed.stderr).toBe(0)
    return { message, signature }
  }

  describe.each(KEYS)('a key pair $type', (key) => {
    const { id, hash, bits } = key
    it('is made, not exportable, and found again by another process', async () => {
      const made = await generate(key)
      expect(made.stderr + made.stdout).toContain('Key pair generated')
      expect(made.code).toBe(0)
      const listed = await loggedIn('-O')
      expect(listed.code).toBe(0)
      expect(listed.stdout).toContain(bits)
      expect(listed.stdout).toMatch(/Access:\s+sensitive, always sensitive, never extract(able)?, local/)
    })

    it('signs what OpenSSL verifies', async () => {
      const { message, signature } = await sign(key)
      const object = (await under().token.control.objects()).find(
        (candidate) => attributeOf(candidate, CKA.ID)?.toString('hex') === id && attributeOf(candidate, CKA.VERIFY),
      )
      if (object === undefined) throw new Error('no public key object')
      const publicKey = join(under().directory, `public-${id}.pem`)
      await writeFile(publicKey, publicKeyOf(object).export({ type: 'spki', format: 'pem' }))
      const args = ['dgst', `-${hash}`, '-verify', publicKey, '-signature', signature, message]
      expect((await runProgram('openssl', args)).stdout).toContain('Verified OK')
    })
  })

  it('verifies its own signature, and refuses one with a bit turned', async () => {
    const { message, signature } = await sign(RSA)
    const check = (): Promise<Outcome> =>
      loggedIn('--verify', '-m', RSA.mechanism, '--id', RSA.id, '-i', message, '--signature-file', signature)
    expect((await check()).stdout).toContain('Signature is valid')
    const bytes = await readFile(signature)
    bytes[0] = (bytes[0] ?? 0) ^ 1
    await writeFile(signature, bytes)
    expect((await check()).stdout).toContain('Invalid signature')
  })

  it('writes a certificate object and reads the same bytes back', async () => {
    const { directory } = under()
    const [key, certificate, back] = ['ca.key', 'certificate.der', 'back.der'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ]
    await runProgram('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=stored'],
      ...['-keyout', key, '-outform', 'DER', '-out', certificate],
    ])
    const written = await loggedIn('-w', certificate, '-y', 'cert', '--id', '01', '--label', 'stored')
    expect(written.code, written.stderr).toBe(0)
    const read = await tool('-r', '-y', 'cert', '--id', '01', '-o', back)
    expect(read.code, read.stderr).toBe(0)
    expect(await readFile(back)).toEqual(await readFile(certificate))
  })

  it('gets random bytes', async () => {
    const file = join(under().directory, 'random')
    expect((await tool('--generate-random', '64', '-o', file)).code).toBe(0)
    const bytes = await readFile(file)
    expect(bytes).toHaveLength(64)
    expect(new Set(bytes).size).toBeGreaterThan(8)
  })

  it('leaves no session and no connection behind', async () => {
    for (const key of KEYS) await sign(key)
    const { openSessions, connections } = await under().token.control.statistics()
    expect(openSessions).toBe(0)
    expect(connections.open).toBe(0)
    expect(connections.opened).toBeGreaterThanOrEqual(2 * KEYS.length)
  })
})
