import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import graphene from 'graphene-pk11'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NSHIELD_CKA } from '../../devices/nshield/nshield-constants.ts'
import { nshield } from '../../src/attestation/nshield/verify.ts'
import { type NshieldDouble, startDouble } from '../../src/sandbox/nshield/double.ts'
import type { NshieldSettings } from '../../src/sandbox/pkcs11-token/personalities/nshield.ts'
import {
  NSHIELD_CARD_PIN,
  NSHIELD_ESN,
  NSHIELD_PIN,
  NSHIELD_SOFTCARD,
} from '../../src/sandbox/pkcs11-token/personalities/nshield-identity.ts'
import { RETURN_VALUES as CKR } from '../../src/sandbox/pkcs11-token/return-values.ts'
import {
  ecTemplates,
  type GrapheneSession,
  generateAsGiven,
  type KeyHandle,
  openGraphene,
  readAttribute,
  returnValueOf,
  rsaTemplates,
} from './graphene-session.ts'
import { installed, type Outcome, runProgram } from './running-token.ts'

const [ACCELERATOR, SOFTCARD, CARD_SET] = [0, 1, 2]

describe.runIf(installed('pkcs11-tool', 'p11tool'))('the nShield double', () => {
  let directory: string
  let double: NshieldDouble
  let opened: GrapheneSession | undefined
  const context = () => ({ trustAnchors: double.trustAnchors, now: Date.parse('2026-11-22T00:00:00Z') })

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'nshield-'))
  })
  afterEach(async () => {
    opened?.close()
    opened = undefined
    await double.close()
    await rm(directory, { recursive: true, force: true })
  })

  async function start(personality: NshieldSettings, slot = SOFTCARD, pin?: string): Promise<GrapheneSession> {
    double = await startDouble({ directory, personality })
    opened = openGraphene(String(double.settings.module), double.environment ?? {}, {
      slot,
      ...(pin === undefined ? {} : { pin }),
    })
    return opened
  }

  const generateEc = ({ session }: GrapheneSession, label: string, privateObject = true) => {
    const { publicKey, privateKey } = ecTemplates(label, privateObject)
    return generateAsGiven(session, graphene.KeyGenMechanism.EC, publicKey, privateKey)
  }

  const identOf = ({ session }: GrapheneSession, key: KeyHandle): [string, string] => [
    readAttribute(session, key, NSHIELD_CKA.NFKM_APPNAME).toString('latin1'),
    readAttribute(session, key, NSHIELD_CKA.NFKM_ID).toString('latin1'),
  ]

  const nfkmattest = (...args: readonly string[]): Promise<Outcome> =>
    runProgram(double.nfkmattest, args, { cwd: directory })

  it('shows accelerator, softcard and card set to pkcs11-tool and p11tool', async () => {
    await start({})
    const env = double.environment ?? {}
    const tool = await runProgram('pkcs11-tool', ['--module', String(double.settings.module), '-L'], { env })
    expect(tool.stdout).toContain('loadshared accelerator')
    expect(tool.stdout).toContain(NSHIELD_SOFTCARD)
    expect(tool.stdout).toContain('sandbox-cardset')
    const gnutls = await runProgram('p11tool', ['--provider', String(double.settings.module), '--list-tokens'], { env })
    expect(gnutls.stdout).toContain(`token=${NSHIELD_SOFTCARD}`)
  })

  it.each([
    ['softcard', SOFTCARD, NSHIELD_PIN],
    ['card set', CARD_SET, NSHIELD_CARD_PIN],
  ])('%s: nfkmattest bundles the key that the attributes name, and the bundle verifies', async (_, slot, pin) => {
    const graphene_ = await start({}, slot, pin)
    const keys = generateEc(graphene_, 'key')
    const [appname, ident] = identOf(graphene_, keys.privateKey)
    expect(appname).toBe('pkcs11')
    expect(ident).toMatch(/^uc[0-9a-f]{40}-[0-9a-f]{40}$/)
    const { code, stdout } = await nfkmattest('bundle', appname, ident)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    const verdict = nshield.verify(await readFile(join(directory, `key_pkcs11_${ident}.att`)), context())
    expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(verdict.genuine).toBe(true)
    const point = readAttribute(graphene_.session, keys.publicKey, 0x181)
    expect(Buffer.from(verdict.spki ?? []).includes(point.subarray(2))).toBe(true)
  })

  it('bundles an RSA key to the named file', async () => {
    const running = await start({}, SOFTCARD, NSHIELD_PIN)
    const { publicKey, privateKey } = rsaTemplates('rsa')
    const keys = running.session.generateKeyPair(graphene.KeyGenMechanism.RSA, publicKey, privateKey)
    const { code } = await nfkmattest('bundle', '--output', 'named.att', ...identOf(running, keys.privateKey))
    expect(code).toBe(0)
    expect(nshield.verify(await readFile(join(directory, 'named.att')), context())).toMatchObject({
      genuine: true,
      device: { serial: NSHIELD_ESN },
      attestedKey: { type: 'RSA' },
      claims: { protection: 'softcard', recovery: false, permissions: ['sign'] },
    })
  })

  it('a world with recovery makes keys that the bundle calls recoverable', async () => {
    const running = await start({ recoverable: true }, SOFTCARD, NSHIELD_PIN)
    await nfkmattest('bundle', '--output', 'r.att', ...identOf(running, generateEc(running, 'key').privateKey))
    const { claims } = nshield.verify(await readFile(join(directory, 'r.att')), context())
    expect(claims).toMatchObject({ recovery: true })
  })

  it('accelerator: no private objects, no lasting key without the override, ident of module protection with it', async () => {
    const strict = await start({}, ACCELERATOR)
    expect(strict.session.slot.getToken().flags & graphene.TokenFlag.LOGIN_REQUIRED).toBe(0)
    expect(returnValueOf(() => generateEc(strict, 'private', true))).toBe(CKR.CKR_TEMPLATE_INCONSISTENT)
    expect(returnValueOf(() => generateEc(strict, 'lasting', false))).toBe(CKR.CKR_TEMPLATE_INCONSISTENT)
    expect(returnValueOf(() => strict.session.login('anything'))).toBe(CKR.CKR_USER_PIN_NOT_INITIALIZED)
    strict.close()
    await double.close()
    const relaxed = await start({ overriddenAssurances: ['tokenkeys'], fakeAcceleratorLogin: true }, ACCELERATOR, 'any')
    const keys = generateEc(relaxed, 'lasting', false)
    expect(identOf(relaxed, keys.privateKey)[1]).toMatch(/^ua[0-9a-f]{40}$/)
  })

  it('FIPS world: no key without the authorising card', async () => {
    const running = await start({ fipsWorld: true, authorised: false }, SOFTCARD, NSHIELD_PIN)
    expect(returnValueOf(() => generateEc(running, 'key'))).toBe(CKR.CKR_FIPS_TOKEN_NOT_PRESENT)
  })

  it('FIPS world: with it the bundle has the FIPS binding and verifies', async () => {
    const running = await start({ fipsWorld: true }, SOFTCARD, NSHIELD_PIN)
    const keys = generateEc(running, 'key')
    await nfkmattest('bundle', '--output', 'fips.att', ...identOf(running, keys.privateKey))
    const bundle = await readFile(join(directory, 'fips.att'))
    expect(Object.keys(JSON.parse(bundle.toString('utf8')))).toContain('hkfips')
    expect(nshield.verify(bundle, context()).genuine).toBe(true)
  })

  it('a missing warrant, a wrong ident and wrong usage are told, and no file is written', async () => {
    const running = await start({ warrant: false }, SOFTCARD, NSHIELD_PIN)
    const [appname, ident] = identOf(running, generateEc(running, 'key').privateKey)
    for (const args of [['bundle', appname, ident], ['bundle', appname, 'ua00'], ['bundle', appname], ['unbundle']]) {
      const { code, stderr } = await nfkmattest(...args)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^nfkmattest: /)
    }
    await expect(readFile(join(directory, `key_pkcs11_${ident}.att`))).rejects.toThrow('ENOENT')
  })

  it('a card that is not in the reader is a slot without a token', async () => {
    const running = await start({ cardPresent: false })
    expect(running.module.getSlots(false).length).toBe(3)
    expect(running.module.getSlots(true).length).toBe(2)
  })
})
