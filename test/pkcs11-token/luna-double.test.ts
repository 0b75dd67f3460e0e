import { createHash, createPublicKey, verify } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import graphene from 'graphene-pk11'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LUNA_CKA, LUNA_CKM, LUNA_CKU } from '../../devices/luna/luna-constants.ts'
import { luna } from '../../src/attestation/luna/verify.ts'
import { type LunaDouble, startDouble } from '../../src/sandbox/luna/double.ts'
import { lunaVendorMechanisms } from '../../src/sandbox/pkcs11-token/personalities/luna.ts'
import {
  LUNA_CRYPTO_USER_PIN,
  LUNA_LABEL,
  LUNA_PIN,
} from '../../src/sandbox/pkcs11-token/personalities/luna-identity.ts'
import { RETURN_VALUES as CKR } from '../../src/sandbox/pkcs11-token/return-values.ts'
import {
  ecTemplates,
  type GrapheneSession,
  openGraphene,
  readAttribute,
  returnValueOf,
  rsaTemplates,
} from './graphene-session.ts'
import { attributeOf, publicKeyOf } from './public-key-of.ts'
import { installed, type Outcome, runProgram } from './running-token.ts'
import { installVendorMechanismShim } from './vendor-mechanism-shim.ts'

describe.runIf(installed('pkcs11-tool', 'p11tool'))('the Luna double', () => {
  let directory: string
  let double: LunaDouble
  let opened: GrapheneSession
  const context = () => ({ trustAnchors: double.trustAnchors, now: Date.parse('2026-11-22T00:00:00Z') })

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'luna-'))
    double = await startDouble({ directory })
    opened = openGraphene(String(double.settings.module), double.environment ?? {}, { pin: LUNA_PIN }, (module) =>
      installVendorMechanismShim(module.lib, lunaVendorMechanisms),
    )
  })
  afterAll(async () => {
    opened?.close()
    await double?.close()
    await rm(directory, { recursive: true, force: true })
  })

  const generate = (mechanism: number, templates: ReturnType<typeof ecTemplates> | ReturnType<typeof rsaTemplates>) =>
    opened.session.generateKeyPair(mechanism, templates.publicKey, templates.privateKey)

  it('is listed by pkcs11-tool and p11tool', async () => {
    const env = double.environment ?? {}
    const tool = await runProgram('pkcs11-tool', ['--module', String(double.settings.module), '-L'], { env })
    expect(tool.stdout).toContain(LUNA_LABEL)
    expect(tool.stdout).toContain('LunaSA 7.8.4')
    const gnutls = await runProgram('p11tool', ['--provider', String(double.settings.module), '--list-tokens'], { env })
    expect(gnutls.stdout).toContain(`token=${LUNA_LABEL}`)
  })

  it('makes an EC key through graphene whose confirmation verifies up to the test root', () => {
    const keys = generate(graphene.KeyGenMechanism.EC, ecTemplates('ec-key'))
    const confirmation = readAttribute(opened.session, keys.privateKey, LUNA_CKA.PKC_ECC)
    const verdict = luna.verify(confirmation, context())
    expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(verdict.genuine).toBe(true)
    const point = readAttribute(opened.session, keys.publicKey, 0x181)
    expect(Buffer.from(verdict.spki ?? []).includes(point.subarray(2))).toBe(true)
    const data = Buffer.from('to be signed')
    const signature = opened.session
      .createSign('ECDSA', keys.privateKey)
      .once(createHash('sha256').update(data).digest())
    const publicKey = createPublicKey({ key: Buffer.from(verdict.spki ?? []), format: 'der', type: 'spki' })
    expect(verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
  })

  it('in FIPS mode has no PKCS key pair generation, and X9.31 in its place', () => {
    const names = opened.module.lib.C_GetMechanismList(opened.session.slot.handle)
    expect(names).not.toContain(0)
    expect(returnValueOf(() => generate(0x0, rsaTemplates('pkcs')))).toBe(CKR.CKR_MECHANISM_INVALID)
    const keys = generate(0xa, rsaTemplates('x931'))
    const verdict = luna.verify(readAttribute(opened.session, keys.privateKey, LUNA_CKA.PKC_CITS), context())
    expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(verdict.genuine).toBe(true)
  })

  it('makes RSA keys by the vendor’s FIPS mechanism, which the key then names', () => {
    const keys = generate(LUNA_CKM.RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN, rsaTemplates('prime'))
    const mechanism = readAttribute(opened.session, keys.privateKey, 0x166)
    expect(mechanism.readUInt32LE(0)).toBe(LUNA_CKM.RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN)
    expect(returnValueOf(() => readAttribute(opened.session, keys.publicKey, 0x8000fff0))).toBe(
      CKR.CKR_ATTRIBUTE_TYPE_INVALID,
    )
  })

  it('keeps the confirmation on the private key, and of its own type alone', () => {
    const keys = generate(graphene.KeyGenMechanism.EC, ecTemplates('where'))
    expect(returnValueOf(() => readAttribute(opened.session, keys.publicKey, LUNA_CKA.PKC_ECC))).toBe(
      CKR.CKR_ATTRIBUTE_TYPE_INVALID,
    )
    expect(returnValueOf(() => readAttribute(opened.session, keys.privateKey, LUNA_CKA.PKC_CITS))).toBe(
      CKR.CKR_ATTRIBUTE_TYPE_INVALID,
    )
    expect(readAttribute(opened.session, keys.privateKey, LUNA_CKA.OUID)).toHaveLength(12)
  })

  it('confirms no key that may leave', () => {
    const templates = ecTemplates('exportable')
    const keys = opened.session.generateKeyPair(graphene.KeyGenMechanism.EC, templates.publicKey, {
      ...templates.privateKey,
      extractable: true,
    })
    expect(returnValueOf(() => readAttribute(opened.session, keys.privateKey, LUNA_CKA.PKC_ECC))).toBe(
      CKR.CKR_ATTRIBUTE_TYPE_INVALID,
    )
  })

  it('refuses key pairs to the Crypto User', () => {
    const other = openGraphene(String(double.settings.module), double.environment ?? {}, {
      pin: LUNA_CRYPTO_USER_PIN,
      userType: LUNA_CKU.CRYPTO_USER,
    })
    try {
      const { publicKey, privateKey } = ecTemplates('crypto-user')
      const act = () => other.session.generateKeyPair(graphene.KeyGenMechanism.EC, publicKey, privateKey)
      expect(returnValueOf(act)).toBe(CKR.CKR_USER_NOT_LOGGED_IN)
    } finally {
      other.close()
    }
  })

  it('says of a role that was never set up that its PIN is not initialised', () => {
    const act = () =>
      openGraphene(String(double.settings.module), double.environment ?? {}, {
        pin: 'limited-officer',
        userType: LUNA_CKU.LIMITED_CRYPTO_OFFICER,
      })
    expect(returnValueOf(act)).toBe(CKR.CKR_USER_PIN_NOT_INITIALIZED)
  })

  describe('cmu', () => {
    const cmu = (args: readonly string[], input = `${LUNA_PIN}\n`): Promise<Outcome> =>
      runProgram(double.cmu, args, { cwd: directory, input })

    it('lists handles and labels', async () => {
      generate(graphene.KeyGenMechanism.EC, ecTemplates('listed'))
      const { stdout, code } = await cmu(['list', '-class', 'private'])
      expect(code).toBe(0)
      expect(stdout).toMatch(/^Certificate Management Utility \(64-bit\)/)
      expect(stdout).toMatch(/handle=\d+\tlabel=listed/)
    })

    it('writes the bytes of the attribute, asking for the password', async () => {
      generate(graphene.KeyGenMechanism.EC, ecTemplates('written'))
      const object = (await double.control.objects()).find(
        (each) => attributeOf(each, 0x3)?.toString() === 'written' && attributeOf(each, LUNA_CKA.PKC_ECC) !== undefined,
      )
      const { stdout, code } = await cmu(['getpkc', `-handle=${object?.handle}`, '-outputfile=ec.p7b'])
      expect(code).toBe(0)
      expect(stdout).toContain('Please enter password for token in slot 0')
      expect(stdout).not.toContain(LUNA_PIN)
      const file = await readFile(join(directory, 'ec.p7b'))
      expect(object === undefined ? undefined : attributeOf(object, LUNA_CKA.PKC_ECC)).toEqual(file)
      expect(luna.verify(file, context()).genuine).toBe(true)
    })

    it('gives the form that CAs refuse when asked for pkctype 1', async () => {
      generate(0xa, rsaTemplates('confirmed'))
      const object = (await double.control.objects()).find((each) => attributeOf(each, LUNA_CKA.PKC_CITS) !== undefined)
      const args = ['getpkc', '-handle', String(object?.handle), '-pkctype', '1', '-outputfile', 'tc.p7b']
      expect((await cmu(args)).code).toBe(0)
      const verdict = luna.verify(await readFile(join(directory, 'tc.p7b')), context())
      expect(verdict.genuine).toBe(false)
    })

    it('takes one try for a wrong password and writes nothing', async () => {
      const before = (await double.control.statistics()).logins.refused
      const { code } = await cmu(['getpkc', '-handle=1', '-outputfile=never.p7b'], 'wrong-password\n')
      expect(code).not.toBe(0)
      await expect(readFile(join(directory, 'never.p7b'))).rejects.toThrow('ENOENT')
      expect((await double.control.statistics()).logins.refused).toBe(before + 1)
    })
  })

  it('holds the same key for every view', async () => {
    generate(0xa, rsaTemplates('viewed'))
    const object = (await double.control.objects()).find(
      (each) => attributeOf(each, 0x3)?.toString() === 'viewed' && attributeOf(each, 0x10a) !== undefined,
    )
    if (object === undefined) throw new Error('no public key object')
    expect(publicKeyOf(object).asymmetricKeyDetails?.modulusLength).toBe(2048)
  })
})
