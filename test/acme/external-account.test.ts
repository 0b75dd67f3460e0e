import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { openAcmeAuthority } from '../../src/enrollment/connect-to-acme.ts'
import { planFindings } from '../../src/enrollment/plan/plan-findings.ts'
import { AcmeDouble } from './acme-double.ts'

const mac = randomBytes(32)
const KEY_ID = 'kid-1'
let server: AcmeDouble
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eab-'))
  server = await AcmeDouble.start({ [KEY_ID]: mac })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(join(folder, 'account.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  await writeFile(join(folder, 'ca.pem'), server.caCertificatePem)
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

/** A profile with these settings of the account, whose MAC key is what the environment has. */
async function configured(account: Readonly<Record<string, string>>, key = mac.toString('base64url')) {
  const env = { MAC: key, PIN: '123456', MANAGEMENT_KEY: '01'.repeat(24) }
  const profile = {
    ca: 'acme',
    acme: { directory: server.directory, accountKey: 'file:account.key', caFile: 'ca.pem', ...account },
    device: { uri: 'yubikey:serial=7;slot=9c', secrets: { pin: 'env:PIN', 'management-key': 'env:MANAGEMENT_KEY' } },
    ...{ key: { algorithm: 'P-256' }, request: { subject: 'CN=7' } },
  }
  await writeFile(join(folder, 'profile.yaml'), stringify(profile))
  return { env, configuration: await loadConfiguration({ profile: join(folder, 'profile.yaml'), env, cwd: folder }) }
}

async function reach(account: Readonly<Record<string, string>>, key?: string) {
  const { env, configuration } = await configured(account, key)
  const sent: string[] = []
  const clock = { now: Date.now, sleep: async () => undefined }
  const authority = openAcmeAuthority(configuration, { env }, clock, (line) => sent.push(line))
  const end = await (authority.attestedOrders?.reach() ?? Promise.reject(new Error('no orders'))).then(
    () => 'reached',
    (error: { readonly code: string; readonly message: string }) => `${error.code}: ${error.message}`,
  )
  return { end, sent }
}
const BOUND = { externalAccountKeyId: KEY_ID, externalAccountKey: 'env:MAC' }

describe('a CA that takes accounts alone that are bound to one of its own', () => {
  it.each([
    ['base64url', mac.toString('base64url')],
    ['base64 with padding', mac.toString('base64')],
    ['base64url with a line feed', `${mac.toString('base64url')}\n`],
  ])('has the binding with HS256 over the account’s key; the MAC key in %s', async (_form, key) => {
    const { end, sent } = await reach(BOUND, key)
    expect(end).toBe('reached')
    expect(sent.join('\n')).not.toContain(mac.toString('base64url').slice(0, 12))
  })

  it('is sent no account without one: the refusal names both settings', async () => {
    const { end, sent } = await reach({})
    expect(end).toMatch(/^acme\.account: .*bound to one that it has/)
    expect(sent.filter((line) => line.startsWith('POST'))).toEqual([])
  })

  it.each([
    ['another MAC key', BOUND, randomBytes(32).toString('base64url'), /^acme\.account: .*unauthorized/],
    ['another identifier', { ...BOUND, externalAccountKeyId: 'kid-2' }, undefined, /^acme\.account: .*unauthorized/],
    ['a MAC key that is not base64url', BOUND, 'correct horse battery staple', /^acme\.external-account: /],
  ])('refuses %s', async (_name, account, key, words) => {
    const { end } = await reach(account, key)
    expect(end).toMatch(words)
    expect(end).not.toContain('staple')
  })

  it.each([
    ['the key alone', { externalAccountKey: 'env:MAC' }, 'externalAccountKeyId'],
    ['the identifier alone', { externalAccountKeyId: KEY_ID }, 'externalAccountKey'],
  ])('with %s is refused before a key is generated', async (_name, account, missing) => {
    const { env, configuration } = await configured(account)
    const findings = await planFindings(configuration, { env })
    expect(findings.filter(({ severity }) => severity === 'blocker')).toMatchObject([
      { code: 'config.missing', message: expect.stringContaining(`acme.${missing}`) },
    ])
  })
})
