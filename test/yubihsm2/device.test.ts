import { generateKeyPairSync, verify, X509Certificate } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Device,
  DeviceError,
  type DeviceTrace,
  hasCertificateStore,
  type KeyAlgorithm,
  type KeySpec,
  Secret,
  type SecretRequest,
} from '../../devices/device.ts'
import { pointOf } from '../../devices/yubihsm2/asymmetric-keys.ts'
import { capabilities } from '../../devices/yubihsm2/capability.ts'
import { ERROR_CODES, errorCodeName } from '../../devices/yubihsm2/error-code.ts'
import { family } from '../../devices/yubihsm2/family.ts'
import { OBJECT_TYPES } from '../../devices/yubihsm2/object-type.ts'
import { deriveStaticKeys } from '../../devices/yubihsm2/session-keys.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { yubihsm2 } from '../../src/attestation/yubihsm2.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import type { Fault } from '../../src/sandbox/yubihsm2/faults.ts'
import { builtInTrustAnchors } from '../../src/trust-anchors/trust-anchors.ts'

let double: RunningYubiHsm2Double
let clock: number
let trace: DeviceTrace[]
let asked: SecretRequest[]

// One device for all: its test root takes time to make. Every test begins with a factory-fresh one.
beforeAll(async () => {
  double = await startYubiHsm2Double({ now: () => clock })
})
beforeEach(() => {
  clock = 0
  trace = []
  asked = []
  double.device.reset()
  double.device.faults.clear()
})
afterAll(() => double.close())

const open = (
  settings: Record<string, unknown> = {},
  secrets: Record<string, string> = { password: 'password' },
  uri = double.uri,
): Promise<Device> =>
  family.open(uri, {
    secret: async (request) => {
      asked.push(request)
      const value = secrets[request.name]
      return value === undefined ? undefined : Secret.fromText(value)
    },
    settings,
    onTrace: (line) => trace.push(line),
  })

const spec = (algorithm: KeyAlgorithm = 'P-256', label = 'hsm-enroll 4f1c'): KeySpec => ({
  algorithm,
  label,
  id: new Uint8Array(16),
})
const asymmetricKeys = (): number =>
  double.device.store.list().filter(({ type }) => type === OBJECT_TYPES['asymmetric-key']).length
const count = (command: string): number => double.device.faults.commands.filter((name) => name === command).length

/** An authentication key of the double with other capabilities than the factory one. */
function addAuthKey(id: number, held: bigint, delegated: bigint, domains = 0xffff): void {
  const factory = double.device.store.find(OBJECT_TYPES['authentication-key'], 1)
  if (factory === undefined) throw new Error('no factory key')
  double.device.store.add({ ...factory, id, capabilities: held, delegated, domains, label: Buffer.alloc(40, 0x61) })
}

describe('the whole way', () => {
  it.each(['RSA-2048', 'RSA-3072', 'P-256', 'P-384'] as const)(
    'makes, uses, attests and certifies a key of type %s in one session',
    async (algorithm) => {
      const device = await open()
      const key = await device.generateKeyPair(spec(algorithm))
      expect(key.location).toMatch(/^0x[0-9a-f]{4}$/)
      expect(key.attributes).toEqual({
        local: true,
        sensitive: true,
        alwaysSensitive: true,
        extractable: false,
        neverExtractable: true,
      })
      const data = Buffer.from('to be signed')
      for (const hash of ['SHA-256', 'SHA-384', 'SHA-512'] as const) {
        const signature = await key.sign(hash, data)
        const publicKey = { key: Buffer.from(key.publicKey), format: 'der', type: 'spki' } as const
        expect(verify(hash.replace('-', ''), data, publicKey, signature)).toBe(true)
      }
      const { package: evidence, hsmType } = await key.attest()
      expect(hsmType).toBe('YUBIHSM2')
      const [leaf, deviceCertificate, more] = Buffer.from(evidence)
        .toString('latin1')
        .split(/(?<=END CERTIFICATE-----\n)/)
      expect(more).toBeUndefined()
      const attested = new X509Certificate(leaf ?? '')
      expect(attested.verify(new X509Certificate(deviceCertificate ?? '').publicKey)).toBe(true)
      expect(Buffer.from(key.publicKey).equals(attested.publicKey.export({ type: 'spki', format: 'der' }))).toBe(true)

      const verdict = yubihsm2.verify(evidence, { trustAnchors: double.trustAnchors, now: Date.now() })
      expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
      expect(verdict).toMatchObject({ genuine: true, device: { serial: '39000240', firmware: '2.4.0' } })
      expect(Buffer.from(verdict.spki ?? []).equals(key.publicKey)).toBe(true)
      expect(
        yubihsm2.verify(evidence, { trustAnchors: builtInTrustAnchors('YUBIHSM2'), now: Date.now() }).genuine,
      ).toBe(false)

      if (!hasCertificateStore(device)) throw new Error('no certificate store')
      const certificate = new Uint8Array(new X509Certificate(deviceCertificate ?? '').raw)
      expect(await device.readCertificate(key)).toBeUndefined()
      await device.storeCertificate(key, certificate)
      await device.storeCertificate(key, certificate)
      expect(await device.readCertificate(key)).toEqual(certificate)
      expect(double.device.sessions.open).toBe(1)
      await device.close()
      await device.close()
      expect(double.device.sessions.open).toBe(0)
      expect(count('create session')).toBe(1)
      expect(asked.map(({ name }) => name)).toEqual(['password'])
    },
  )

  it('gives the new key the capability to sign and nothing else', async () => {
    const device = await open({ domains: [2, 3], objectId: '0x1234' })
    await device.generateKeyPair(spec('RSA-2048'))
    const object = double.device.store.find(OBJECT_TYPES['asymmetric-key'], 0x1234)
    expect(object?.capabilities).toBe(capabilities('sign-pkcs'))
    expect(object?.domains).toBe(0b110)
    await device.close()
  })

  it('adds the intermediates only where the settings say so', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'yubihsm2-')), 'sub-ca.pem')
    writeFileSync(file, `a remark\r\n${writePem('CERTIFICATE', double.device.issuer.subCa.certificate)}`)
    const device = await open({ includeIntermediates: true, intermediatesFile: file })
    const { package: evidence } = await (await device.generateKeyPair(spec())).attest()
    expect(
      Buffer.from(evidence)
        .toString()
        .match(/BEGIN CERTIFICATE/g),
    ).toHaveLength(3)
    await device.close()
  })
})

describe('never overwrites', () => {
  it('refuses a label that is taken, and an object id that is taken', async () => {
    const device = await open({ objectId: '0x0042' })
    await device.generateKeyPair(spec())
    await expect(device.generateKeyPair(spec())).rejects.toMatchObject({ code: 'key.exists' })
    await expect(device.generateKeyPair(spec('P-256', 'another run'))).rejects.toMatchObject({ code: 'key.exists' })
    expect(asymmetricKeys()).toBe(1)
    await device.close()
  })

  it('replaces exactly the key that is named', async () => {
    const device = await open()
    const old = await device.generateKeyPair(spec())
    const other = await device.generateKeyPair(spec('P-256', 'another'))
    const made = await device.generateKeyPair({ ...spec('P-384'), replaceKey: old.location })
    expect(made.location).toBe(old.location)
    expect(made.publicKey).not.toEqual(old.publicKey)
    expect((await device.findKey({ location: other.location }))?.publicKey).toEqual(other.publicKey)
    expect(asymmetricKeys()).toBe(2)
    await device.close()
  })

  it('keeps another certificate unless told to replace it', async () => {
    const device = await open()
    if (!hasCertificateStore(device)) throw new Error('no certificate store')
    const key = await device.generateKeyPair(spec())
    const { deviceCertificate, subCa } = double.device.issuer
    await device.storeCertificate(key, deviceCertificate)
    await expect(device.storeCertificate(key, subCa.certificate)).rejects.toMatchObject({ code: 'certificate.exists' })
    expect(await device.readCertificate(key)).toEqual(new Uint8Array(deviceCertificate))
    await device.storeCertificate(key, subCa.certificate, { replace: true })
    expect(await device.readCertificate(key)).toEqual(new Uint8Array(subCa.certificate))
    double.device.faults.plan({ kind: 'error', code: 0x07 }, { command: 'put opaque' })
    await expect(device.storeCertificate(key, deviceCertificate, { replace: true })).rejects.toMatchObject({
      code: 'device.storage-full',
    })
    expect(await device.readCertificate(key)).toEqual(new Uint8Array(subCa.certificate))
    await device.close()
  })
})

describe('credentials', () => {
  it('puts no secret into traces, prompts or errors', async () => {
    const password = 'Tr0ub4dor&3'
    const factory = double.device.store.find(OBJECT_TYPES['authentication-key'], 1)
    if (factory === undefined) throw new Error('no factory key')
    const keys = await deriveStaticKeys(Buffer.from(password))
    double.device.store.replaceBytes(factory, Buffer.concat([keys.encryption, keys.mac]))
    const device = await open({}, { password })
    await (await device.generateKeyPair(spec())).attest()
    await device.close()
    const wrong = await open({}, { password: `${password}x` }).catch((error: unknown) => error)
    const seen = inspect([trace, asked, wrong, device], { depth: 20, showHidden: true })
    expect(seen).toContain('generate asymmetric key')
    expect(seen).not.toContain(password)
    expect(seen).not.toContain(Buffer.from(password).toString('hex'))
  })

  it('tries a wrong password once and never again', async () => {
    await expect(open({}, { password: 'passwort' })).rejects.toMatchObject({ code: 'pin.wrong' })
    expect(count('create session')).toBe(1)
    expect(count('authenticate session')).toBe(0)
    expect(asked).toHaveLength(1)
  })

  it('does not try again when the password is changed behind an expired session', async () => {
    const device = await open()
    const factory = double.device.store.find(OBJECT_TYPES['authentication-key'], 1)
    if (factory === undefined) throw new Error('no factory key')
    double.device.store.replaceBytes(factory, Buffer.alloc(32))
    clock = 31_000
    await expect(device.findKey({ label: 'x' })).rejects.toMatchObject({ code: 'pin.wrong' })
    await expect(device.findKey({ label: 'x' })).rejects.toMatchObject({ code: 'pin.wrong' })
    expect(count('create session')).toBe(2)
    await device.close()
  })

  it.each([
    [{}, 'pin.missing'],
    [{ password: '' }, 'pin.malformed'],
    [{ password: 'cccccccccccbrtdhdghrlfvvgtbruifnhdrhtedvbgfv' }, 'pin.malformed'],
  ])('sends nothing for %j', async (secrets, code) => {
    await expect(open({}, secrets)).rejects.toMatchObject({ code })
    expect(count('create session')).toBe(0)
  })

  it('refuses an authentication key that does not exist', async () => {
    await expect(
      open({}, undefined, `yubihsm2:connector=${double.connectorUrl};auth-key=0x0007`),
    ).rejects.toMatchObject({ code: 'credential.refused' })
    expect(count('create session')).toBe(1)
  })

  it('authenticates with a P-256 key, raw or PEM, and meets the pinned device only', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const factory = double.device.store.find(OBJECT_TYPES['authentication-key'], 1)
    if (factory === undefined) throw new Error('no factory key')
    double.device.store.add({ ...factory, id: 9, algorithm: 49, bytes: pointOf(publicKey).subarray(1) })
    const uri = double.uri.replace('auth-key=1', 'auth-key=9')
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const raw = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url').toString('hex')
    const pin = pointOf(double.device.staticKey).toString('hex')
    for (const secret of [pem, raw]) {
      const device = await open(
        { authentication: 'asymmetric', devicePublicKey: pin },
        { 'authentication-key': secret },
        uri,
      )
      expect((await device.describe()).obstacles.map(({ code }) => code)).not.toContain(
        'yubihsm2.device-key-not-pinned',
      )
      await device.close()
    }
    const unpinned = await open({ authentication: 'asymmetric' }, { 'authentication-key': pem }, uri)
    const description = await unpinned.describe()
    expect(description.obstacles.map(({ code }) => code)).toContain('yubihsm2.device-key-not-pinned')
    expect(description.details?.['Device public key']).toBe(pin.slice(2))
    await unpinned.close()
    const other = pointOf(publicKey).toString('hex')
    const before = count('create session')
    await expect(
      open({ authentication: 'asymmetric', devicePublicKey: other }, { 'authentication-key': pem }, uri),
    ).rejects.toMatchObject({ code: 'credential.refused' })
    expect(count('create session')).toBe(before + 1)
  })
})

describe('finds keys again', () => {
  it('by label, by location, by both where they agree', async () => {
    const device = await open()
    const key = await device.generateKeyPair(spec())
    const { location } = key
    for (const ref of [{ label: 'hsm-enroll 4f1c' }, { location }, { label: 'hsm-enroll 4f1c', location }]) {
      expect((await device.findKey(ref))?.publicKey).toEqual(key.publicKey)
    }
    expect(await device.findKey({ label: 'no such run' })).toBeUndefined()
    expect(await device.findKey({ location: '0x0001' })).toBeUndefined()
    expect(await device.findKey({ label: 'no such run', location })).toBeUndefined()
    await expect(device.findKey({ id: new Uint8Array(16) })).rejects.toMatchObject({ code: 'device.unsupported' })
    await expect(device.findKey({ location: 'slot 9c' })).rejects.toMatchObject({ code: 'device.settings' })
    await device.close()
  })
})

/** One whole enrolment's worth of calls; what a later run does where it failed. */
async function enrol(): Promise<void> {
  const device = await open()
  try {
    const key = (await device.findKey({ label: 'hsm-enroll 4f1c' })) ?? (await device.generateKeyPair(spec()))
    await key.sign('SHA-256', Buffer.from('request'))
    await key.attest()
    if (hasCertificateStore(device)) await device.storeCertificate(key, double.device.issuer.deviceCertificate)
  } finally {
    await device.close()
  }
}

describe('every refusal of the device', () => {
  it.each(Object.keys(ERROR_CODES).map(Number))('0x%s has a cause, a remedy and its own code', async (code) => {
    const device = await open()
    double.device.faults.plan({ kind: 'error', code }, { command: 'generate asymmetric key' })
    const refusal = await device.generateKeyPair(spec()).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(DeviceError)
    expect(refusal).toMatchObject({ vendorCode: errorCodeName(code), code: ERROR_CODES[code]?.code })
    expect(asymmetricKeys()).toBe(0)
    expect(count('generate asymmetric key')).toBe(1)
    await device.close()
  })
})

describe('whatever fails, at every call', () => {
  const faults: readonly Fault[] = [
    { kind: 'drop-before' },
    { kind: 'drop-after' },
    { kind: 'wrong-mac' },
    { kind: 'error', code: 0xff },
    { kind: 'garbage', bytes: Buffer.from('7f') },
    { kind: 'garbage', bytes: Buffer.alloc(3139, 0x85) },
  ]
  it.each(faults.map((fault) => [JSON.stringify(fault).slice(0, 40), fault] as const))(
    '%s: one key at most, and the next run finishes with it',
    async (_, fault) => {
      await enrol()
      const calls = double.device.faults.commands.length
      expect(calls).toBeGreaterThan(10)
      for (let after = 0; after < calls; after++) {
        double.device.reset()
        double.device.faults.clear()
        double.device.faults.plan(fault, { after })
        const failure = await enrol().then(
          () => undefined,
          (error: unknown) => error,
        )
        if (failure !== undefined) expect(failure).toMatchObject({ name: 'DeviceError', remedy: expect.any(String) })
        expect(asymmetricKeys()).toBeLessThanOrEqual(1)
        double.device.faults.clear()
        await enrol()
        expect(asymmetricKeys()).toBe(1)
        clock += 60_000
        expect(double.device.sessions.open).toBe(0)
      }
    },
  )

  it('reports a device that is unplugged in the middle as gone', async () => {
    const device = await open()
    const key = await device.generateKeyPair(spec())
    double.device.faults.plan({ kind: 'unplug' })
    await expect(key.attest()).rejects.toMatchObject({ name: 'DeviceError', code: 'device.gone' })
    await device.close()
    await expect(open()).rejects.toMatchObject({ code: 'device.gone' })
  })

  it('says that all sessions are taken, without a second try', async () => {
    const opened = []
    for (let i = 0; i < 16; i++) opened.push(await open())
    await expect(open()).rejects.toMatchObject({ code: 'device.busy', transient: true })
    expect(count('create session')).toBe(17)
    for (const device of opened) await device.close()
    expect(double.device.sessions.open).toBe(0)
  })

  it('opens a new session where the device has let the old one expire, for what may be repeated only', async () => {
    const device = await open()
    const key = await device.generateKeyPair(spec())
    clock = 40_000
    expect((await key.attest()).package.length).toBeGreaterThan(1000)
    clock = 80_000
    await expect(device.generateKeyPair(spec('P-256', 'second'))).resolves.toBeDefined()
    expect(asymmetricKeys()).toBe(2)
    await device.close()
    clock = 200_000
    expect(double.device.sessions.open).toBe(0)
  })

  it('reports a full audit log and leaves it as it is', async () => {
    const { options, log } = double.device
    options.set(1, Buffer.of(1), true)
    options.set(3, Buffer.of(0x46, 1), true)
    while (!log.full) log.add({ command: 0x46, length: 0, session: 1, target: 0, second: 0, result: 0xc6, tick: 0 })
    const device = await open()
    const { obstacles } = await device.describe()
    expect(obstacles).toContainEqual(expect.objectContaining({ severity: 'blocker', code: 'yubihsm2.audit-log-full' }))
    await expect(device.generateKeyPair(spec())).rejects.toMatchObject({ code: 'device.audit-log-full' })
    expect(log.full).toBe(true)
    expect(count('set log index')).toBe(0)
    await device.close()
  })
})

describe('describe and discover', () => {
  it('tells serial, firmware and what the authentication key lacks', async () => {
    addAuthKey(5, capabilities('generate-asymmetric-key', 'sign-ecdsa'), capabilities('sign-ecdsa'))
    const device = await open({}, undefined, double.uri.replace('auth-key=1', 'auth-key=5'))
    const description = await device.describe()
    expect(description).toMatchObject({
      serial: '39000240',
      firmware: '2.4.0',
      fips: 'unknown',
      uri: double.uri.replace('auth-key=1', 'auth-key=5'),
    })
    expect(description.obstacles.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      'blocker yubihsm2.capability.sign-attestation-certificate',
      'blocker yubihsm2.capability.get-opaque',
      'warning yubihsm2.capability.put-opaque',
    ])
    expect(description.capabilities.filter(({ supported }) => supported).map(({ algorithm }) => algorithm)).toEqual([
      'P-256',
      'P-384',
    ])
    await device.close()
  })

  it('asks for no login, and says where it looked when nothing is there', async () => {
    const found = await family.discover({ settings: { connector: double.connectorUrl } })
    expect(found.devices).toMatchObject([
      { hsmType: 'YUBIHSM2', serial: '39000240', firmware: '2.4.0', uri: double.uri },
    ])
    expect(double.device.faults.commands).toEqual(['device info'])
    const nothing = await family.discover({ settings: { connector: 'http://127.0.0.1:1' } })
    expect(nothing.devices).toEqual([])
    expect(nothing.trail[0]).toContain('http://127.0.0.1:1')
  })

  it('refuses another device than the one that the URI names', async () => {
    await expect(open({}, undefined, double.uri.replace('39000240', '1'))).rejects.toMatchObject({
      code: 'device.not-found',
    })
    expect(asked).toEqual([])
  })

  it('tells FIPS from the device certificate', async () => {
    const plain = await open()
    expect(await plain.describe()).toMatchObject({ fips: 'not-certified' })
    await plain.close()
    const fips = await startYubiHsm2Double({ personality: '2.2-fips' })
    const device = await open({}, undefined, fips.uri)
    expect(await device.describe()).toMatchObject({ fips: 'certified', firmware: '2.2.0' })
    await device.close()
    await fips.close()
  })
})
