import { execFileSync } from 'node:child_process'
import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Device, hasButtonTouch, hasCertificateStore, type KeyAlgorithm } from '../../devices/device.ts'
import { openDevice } from '../../devices/open.ts'
import { family } from '../../devices/yubikey/family.ts'
import { yubikey as verifier } from '../../src/attestation/yubikey/verify.ts'
import type { TouchBehaviour } from '../../src/sandbox/yubikey/card/touch-button.ts'
import { deviceFailure, recordedOptions } from './hsm-double.ts'
import { issueCertificate, largeCertificate } from './issue-certificate.ts'
import { startYubikeys, type YubikeyDouble, yubikeyDoubleAvailable } from './yubikey-double.ts'

const PIN = '123456'
const MANAGEMENT_KEY = '010203040506070801020304050607080102030405060708'
const INS = { verify: 0x20, sign: 0x87, generate: 0x47 } as const

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const spec = (algorithm: KeyAlgorithm) => ({ algorithm, label: 'run 1', id: bytes('0123456789abcdef') })

const options = (secrets: Parameters<typeof recordedOptions>[0] = { pin: PIN, 'management-key': MANAGEMENT_KEY }) =>
  recordedOptions(secrets)

const tool = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString()

describe.runIf(yubikeyDoubleAvailable())('the YubiKey family through libykcs11 on the PIV card double', () => {
  let double: YubikeyDouble
  let device: Device | undefined
  beforeAll(async () => {
    double = await startYubikeys({ serial: 15732500 })
  })
  beforeEach(async () => {
    await double.card.factoryReset()
  })
  afterEach(async () => {
    await device?.close()
    device = undefined
    await double.card.clearFaults()
  })
  afterAll(() => double?.close())

  const open = async (given = options(), uri = 'yubikey:serial=15732500;slot=9c', settings = {}) => {
    const opened = await openDevice(uri, { ...given.open, settings })
    if (!hasCertificateStore(opened) || !hasButtonTouch(opened)) throw new Error('abilities are missing')
    device = opened
    return opened
  }

  it.each([
    ['P-256', '9c'],
    ['P-384', '9a'],
    ['RSA-2048', '9d'],
    ['P-256', '82'],
  ] as const)(
    'makes a %s key in slot %s, signs, attests and keeps its certificate',
    async (algorithm, slot) => {
      const given = options()
      const yubikey = await open(given, `yubikey:serial=15732500;slot=${slot}`)
      const key = await yubikey.generateKeyPair(spec(algorithm))
      expect(key.location).toBe(slot)
      const signature = await key.sign('SHA-256', bytes('request'))
      const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
      expect(verify('sha256', bytes('request'), publicKey, signature)).toBe(true)
      const { package: evidence } = await key.attest()
      const [leaf = '', f9 = '', ...rest] =
        Buffer.from(evidence)
          .toString()
          .match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? []
      expect(rest).toEqual([])
      expect(new X509Certificate(leaf).subject).toBe(`CN=YubiKey PIV Attestation ${slot}`)
      expect(new X509Certificate(leaf).publicKey.equals(publicKey)).toBe(true)
      expect(new X509Certificate(leaf).verify(new X509Certificate(f9).publicKey)).toBe(true)
      const verdict = verifier.verify(evidence, { trustAnchors: double.trustAnchors, now: Date.now() })
      expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
      expect(verdict.genuine).toBe(true)
      const certificate = issueCertificate(key.publicKey, 'issued')
      await yubikey.storeCertificate(key, certificate)
      await yubikey.storeCertificate(key, certificate)
      expect(await yubikey.readCertificate(key)).toEqual(certificate)
      expect((await deviceFailure(yubikey.storeCertificate(key, issueCertificate(key.publicKey, 'other')))).code).toBe(
        'certificate.exists',
      )
      // The device was asked for nothing: the PIV limit is known.
      const large = await deviceFailure(
        yubikey.storeCertificate(key, largeCertificate(key.publicKey), { replace: true }),
      )
      expect(large).toMatchObject({
        code: 'device.refused',
        message: expect.stringMatching(/it has \d{4} bytes, and slot \w\w takes at most 3043/),
      })
      expect(await yubikey.readCertificate(key)).toEqual(certificate)
      await yubikey.close()
      expect(given.asked).toEqual(['pin', 'management-key'])
      expect(JSON.stringify(given.trace)).not.toMatch(new RegExp(`${PIN}|${MANAGEMENT_KEY}`))
      const pem = tool('yubico-piv-tool', '-a', 'read-certificate', '-s', slot)
      expect(Uint8Array.from(new X509Certificate(pem).raw)).toEqual(certificate)
      expect(new X509Certificate(tool('yubico-piv-tool', '-a', 'attest', '-s', slot)).publicKey.equals(publicKey)).toBe(
        true,
      )
      const exported = tool('ykman', '--device', '15732500', 'piv', 'certificates', 'export', slot, '-')
      expect(Uint8Array.from(new X509Certificate(exported).raw)).toEqual(certificate)
    },
    60_000,
  )

  it('finds its key again after a crash, and the key of a recorded slot later', async () => {
    const made = await (await open()).generateKeyPair(spec('P-256'))
    await device?.close()
    const given = options()
    const later = await open(given)
    const found = await later.findKey({ label: 'run 1', id: bytes('0123456789abcdef') })
    expect(found?.publicKey).toEqual(made.publicKey)
    expect(given.asked).toEqual([])
    if (found === undefined) throw new Error('not found')
    await later.storeCertificate(found, issueCertificate(found.publicKey, 'issued'))
    expect(await later.findKey({ label: 'another run' })).toBeUndefined()
    expect((await later.findKey({ location: '9c' }))?.publicKey).toEqual(made.publicKey)
  })

  it('refuses a slot that holds a key or a certificate, before it asks for any secret', async () => {
    const first = await open()
    const made = await first.generateKeyPair(spec('P-256'))
    await first.close()
    const given = options()
    const again = await open(given)
    expect((await deviceFailure(again.generateKeyPair(spec('P-256')))).message).toContain(
      'slot 9c (digital signature) holds a key',
    )
    const key = await again.findKey({ location: '9c' })
    if (key === undefined) throw new Error('not found')
    expect(key.publicKey).toEqual(made.publicKey)
    expect(given.asked).toEqual([])
    await again.storeCertificate(key, issueCertificate(key.publicKey, 'issued'))
    expect((await deviceFailure(again.generateKeyPair(spec('P-256')))).message).toContain('holds a certificate')
    expect((await deviceFailure(again.generateKeyPair({ ...spec('P-256'), replaceKey: '9a' }))).code).toBe('key.exists')
    const replaced = await again.generateKeyPair({ ...spec('P-256'), replaceKey: '9c' })
    expect(replaced.publicKey).not.toEqual(made.publicKey)
  })

  it('describes what the firmware and the module can do', async () => {
    const description = await (await open()).describe()
    expect(description).toMatchObject({
      vendor: 'Yubico',
      serial: '15732500',
      firmware: '5.4.3',
      uri: 'yubikey:serial=15732500;slot=9c',
    })
    const supported = description.capabilities.filter((each) => each.supported).map(({ algorithm }) => algorithm)
    expect(supported).toEqual(['RSA-2048', 'P-256', 'P-384'])
    expect(description.capabilities.find(({ algorithm }) => algorithm === 'RSA-4096')?.reason).toContain('5.7')
  })

  it('is discovered with its serial and firmware', async () => {
    const { devices } = await family.discover({})
    expect(devices).toMatchObject([
      { serial: '15732500', firmware: '5.4.3', uri: 'yubikey:serial=15732500', vendor: 'Yubico' },
    ])
  })

  it('refuses a policy that this version of libykcs11 cannot set, before any secret', async () => {
    const given = options()
    const error = await deviceFailure((await open(given)).generateKeyPair({ ...spec('P-256'), touchPolicy: 'always' }))
    expect(error.code).toBe('device.unsupported')
    expect(given.asked).toEqual([])
  })

  it('gives the PIN again for each signature where only the card knows that it is wanted', async () => {
    // libykcs11 shows CKA_ALWAYS_AUTHENTICATE for slot 9c alone, whatever the policy of the key.
    tool('yubico-piv-tool', '-a', 'generate', '-s', '9a', '-A', 'ECCP256', '--pin-policy=always')
    const given = options()
    const yubikey = await open(given, 'yubikey:serial=15732500;slot=9a')
    const key = await yubikey.findKey({ location: '9a' })
    for (const text of ['first', 'second']) {
      const signature = await key?.sign('SHA-256', bytes(text))
      const publicKey = createPublicKey({ key: Buffer.from(key?.publicKey ?? []), format: 'der', type: 'spki' })
      expect(verify('sha256', bytes(text), publicKey, signature ?? Uint8Array.of())).toBe(true)
    }
    expect(given.asked).toEqual(['pin'])
    expect((await double.card.snapshot()).pinTriesLeft).toBe(3)
  })

  describe('touch', () => {
    const signWithTouch = async (behaviour: TouchBehaviour) => {
      // This version of libykcs11 sets no policies; yubico-piv-tool does.
      tool('yubico-piv-tool', '-a', 'generate', '-s', '9c', '-A', 'ECCP256', '--touch-policy=always')
      await double.card.setTouch(behaviour, 300)
      const given = options()
      const yubikey = await open(given)
      const key = await yubikey.findKey({ location: '9c' })
      if (key === undefined) throw new Error('not found')
      expect(yubikey.needsTouch(key)).toBe(true)
      return { given, signature: key.sign('SHA-256', bytes('x')) }
    }

    it('is announced before the signature waits for it', async () => {
      const { given, signature } = await signWithTouch({ kind: 'after', milliseconds: 100 })
      expect((await signature)[0]).toBe(0x30)
      expect(given.progress.map(({ kind }) => kind)).toContain('touch')
    })

    it('that does not come is an error of its own, and is not asked for twice', async () => {
      const before = (await double.card.snapshot()).touchRequests
      const { signature } = await signWithTouch({ kind: 'never' })
      expect((await deviceFailure(signature)).code).toBe('touch.timeout')
      expect((await double.card.snapshot()).touchRequests).toBe(before + 1)
      expect((await double.card.snapshot()).pinTriesLeft).toBe(3)
    })
  })

  describe('PIN and management key', () => {
    it('uses one try on a wrong PIN and tells how many are left', async () => {
      const key = await (await open()).generateKeyPair(spec('P-256'))
      await device?.close()
      const given = options({ pin: '654321' })
      const found = await (await open(given)).findKey({ location: key.location })
      const error = await deviceFailure(found?.sign('SHA-256', bytes('x')) ?? Promise.resolve())
      expect(error).toMatchObject({ code: 'pin.wrong', triesLeft: 2 })
      expect(error.message).toContain('2 attempts are left')
      expect((await deviceFailure(found?.sign('SHA-256', bytes('x')) ?? Promise.resolve())).code).toBe('pin.wrong')
      expect((await double.card.snapshot()).pinTriesLeft).toBe(2)
      expect(given.calls('C_Login')).toBe(1)
    })

    it('never uses the last try, nor a locked PIN', async () => {
      const key = await (await open()).generateKeyPair(spec('P-256'))
      await device?.close()
      for (const [left, code] of [
        [1, 'pin.final-try'],
        [0, 'pin.locked'],
      ] as const) {
        await double.card.setTriesLeft({ pin: left })
        const given = options()
        const found = await (await open(given)).findKey({ location: key.location })
        expect((await deviceFailure(found?.sign('SHA-256', bytes('x')) ?? Promise.resolve())).code).toBe(code)
        expect((await double.card.snapshot()).pinTriesLeft).toBe(left)
        expect(given.asked).toEqual([])
        await device?.close()
      }
    })

    it.each([
      ['too long', '123456789'],
      ['too short', '12345'],
      ['a one-time password', 'ccccccjlfvhdgnfbrhnfitbgvfdbufeglbgbgcbiedfb'],
    ])('refuses a PIN that is %s without a try', async (_what, pin) => {
      const key = await (await open()).generateKeyPair(spec('P-256'))
      await device?.close()
      const found = await (await open(options({ pin }))).findKey({ location: key.location })
      expect((await deviceFailure(found?.sign('SHA-256', bytes('x')) ?? Promise.resolve())).code).toBe('pin.malformed')
      expect((await double.card.snapshot()).pinTriesLeft).toBe(3)
    })

    it.each([
      ['wrong', '654321', undefined, 'pin.wrong'],
      ['too short', '12345', undefined, 'pin.malformed'],
      ['on its last try', PIN, 1, 'pin.final-try'],
      ['locked', PIN, 0, 'pin.locked'],
    ] as const)('keeps the key that may be replaced where the PIN is %s', async (_what, pin, left, code) => {
      const made = await (await open()).generateKeyPair(spec('P-256'))
      await device?.close()
      if (left !== undefined) await double.card.setTriesLeft({ pin: left })
      const replacing = await open(options({ pin, 'management-key': MANAGEMENT_KEY }))
      const replacement = { ...spec('P-384'), replaceKey: '9c' }
      expect((await deviceFailure(replacing.generateKeyPair(replacement))).code).toBe(code)
      expect((await replacing.findKey({ location: '9c' }))?.publicKey).toEqual(made.publicKey)
    })

    it.each([
      ['too short', '12345', undefined, 'pin.malformed'],
      ['on its last try', PIN, 1, 'pin.final-try'],
      ['locked', PIN, 0, 'pin.locked'],
      ['missing', undefined, undefined, 'pin.missing'],
    ] as const)('makes no key where the PIN to sign with is %s, and sends none', async (_what, pin, left, code) => {
      if (left !== undefined) await double.card.setTriesLeft({ pin: left })
      const secrets = { 'management-key': MANAGEMENT_KEY, ...(pin === undefined ? {} : { pin }) }
      const given = options(secrets)
      expect((await deviceFailure((await open(given)).generateKeyPair(spec('P-256')))).code).toBe(code)
      expect((await double.card.snapshot()).keys.map(({ slot }) => slot)).not.toContain(0x9c)
      expect(given.calls('C_Login')).toBe(0)
    })

    it('makes a key in slot 9e without a PIN, which it asks for nothing', async () => {
      const given = options({ 'management-key': MANAGEMENT_KEY })
      const yubikey = await open(given, 'yubikey:serial=15732500;slot=9e')
      expect((await yubikey.generateKeyPair(spec('P-256'))).location).toBe('9e')
      expect(given.asked).not.toContain('pin')
    })

    it('tells a wrong management key from a wrong PIN, and makes nothing', async () => {
      const given = options({ pin: PIN, 'management-key': 'a'.repeat(48) })
      const error = await deviceFailure((await open(given)).generateKeyPair(spec('P-256')))
      expect(error.code).toBe('credential.refused')
      expect(error.message).toContain('management key')
      expect((await double.card.snapshot()).keys.map(({ slot }) => slot)).not.toContain(0x9c)
    })

    it('spends one try where the PIN opens the management key and is wrong, not one per role', async () => {
      const given = options({ pin: '654321' })
      const yubikey = await open(given, 'yubikey:serial=15732500;slot=9c', { pinProtectedManagementKey: true })
      expect((await deviceFailure(yubikey.generateKeyPair(spec('P-256')))).code).toBe('pin.wrong')
      expect((await deviceFailure(yubikey.generateKeyPair(spec('P-256')))).code).toBe('pin.wrong')
      expect((await double.card.snapshot()).pinTriesLeft).toBe(2)
    })

    it('says so where the management key is not kept behind the PIN', async () => {
      const yubikey = await open(options(), 'yubikey:serial=15732500;slot=9c', { pinProtectedManagementKey: true })
      expect((await deviceFailure(yubikey.generateKeyPair(spec('P-256')))).code).toBe('credential.refused')
    })

    it('refuses a management key that is none', async () => {
      const given = options({ pin: PIN, 'management-key': 'not hex' })
      expect((await deviceFailure((await open(given)).generateKeyPair(spec('P-256')))).code).toBe('pin.malformed')
    })
  })

  describe('trouble', () => {
    it('is one error when the key is pulled out before, during and after generation', async () => {
      for (const when of ['before', 'during', 'after'] as const) {
        const given = options()
        const yubikey = await open(given)
        await double.card.addFault({ instruction: INS.generate, effect: { kind: 'remove', when } })
        const error = await deviceFailure(yubikey.generateKeyPair(spec('P-256')))
        expect(error.code, `${when}: ${JSON.stringify(given.trace.slice(-4))}`).toBe('device.gone')
        await yubikey.close()
        await double.card.insert()
        const found = await (await open()).findKey({ label: 'run 1' })
        expect(found !== undefined, when).toBe(when !== 'before')
        if (found !== undefined) await found.attest()
        await device?.close()
        await double.card.factoryReset()
      }
    })

    it('gives out no signature that the card has spoilt', async () => {
      const key = await (await open()).generateKeyPair(spec('P-256'))
      await device?.close()
      const found = await (await open()).findKey({ location: key.location })
      await double.card.addFault({ instruction: INS.sign, slot: 0x9c, effect: { kind: 'corrupt' } })
      expect((await deviceFailure(found?.sign('SHA-256', bytes('x')) ?? Promise.resolve())).code).toMatch(
        /device\.(protocol|refused|unreachable)/,
      )
    })

    it('says so when nothing is plugged in, which is also how a key looks that another program holds', async () => {
      await double.card.remove()
      const error = await deviceFailure(open())
      expect(error.code).toBe('device.not-found')
      expect(error.remedy).toContain('any program that may be using it')
      await double.card.insert()
    })
  })
})
