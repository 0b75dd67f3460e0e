import { createHash, createPublicKey, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseCertificate } from '../../src/asn1/certificate.ts'
import { printName } from '../../src/asn1/name.ts'
import { createPivCard } from '../../src/sandbox/yubikey/card/create-piv-card.ts'
import { PERSONALITIES, type PersonalityName } from '../../src/sandbox/yubikey/card/personality.ts'
import { INS } from '../../src/sandbox/yubikey/card/piv-applet.ts'
import { CardTerminal, FACTORY_KEY, hex } from './card-terminal.ts'

const ARC = '1.3.6.1.4.1.41482.3'
const RSA_1024 = 0x06
const RSA_3072 = 0x05
const P256 = 0x11
const P384 = 0x14
const ED25519 = 0xe0

async function opened(personality: PersonalityName) {
  const created = createPivCard({ personality, attestationKeyType: 'P-256' })
  const terminal = new CardTerminal(created.card)
  await terminal.selectPiv()
  return { ...created, terminal }
}

/** What each firmware can: Yubico's PIV extensions page and ykman yubikit/piv.py. */
const FIRMWARE: readonly {
  readonly personality: PersonalityName
  readonly version: string
  readonly managementAlgorithm: number
  readonly metadata: boolean
  readonly serialCommand: boolean
  readonly newAlgorithms: boolean
  readonly rsa1024: boolean
  readonly formFactor?: string
}[] = [
  {
    personality: 'yubikey-4.3.5',
    version: '040305',
    managementAlgorithm: 3,
    metadata: false,
    serialCommand: false,
    newAlgorithms: false,
    rsa1024: true,
  },
  {
    personality: 'yubikey-5.4.3',
    version: '050403',
    managementAlgorithm: 3,
    metadata: true,
    serialCommand: true,
    newAlgorithms: false,
    rsa1024: true,
    formFactor: '03',
  },
  {
    personality: 'yubikey-5.4.3-fips',
    version: '050403',
    managementAlgorithm: 3,
    metadata: true,
    serialCommand: true,
    newAlgorithms: false,
    rsa1024: false,
    formFactor: '81',
  },
  {
    personality: 'yubikey-5.7.4',
    version: '050704',
    managementAlgorithm: 10,
    metadata: true,
    serialCommand: true,
    newAlgorithms: true,
    rsa1024: true,
    formFactor: '03',
  },
]

describe.each(FIRMWARE)('$personality', (firmware) => {
  const { personality } = firmware

  it('tells its version, and its serial number where the firmware has the command', async () => {
    const { terminal } = await opened(personality)
    expect(hex(await terminal.ok(INS.version, 0, 0))).toBe(firmware.version)
    const serial = await terminal.send(INS.serial, 0, 0)
    expect(serial.sw).toBe(firmware.serialCommand ? 0x9000 : 0x6d00)
    await terminal.ok(0xa4, 4, 0, Buffer.from('a0000005272001', 'hex'))
    expect(hex(await terminal.ok(0x01, 0x10, 0))).toBe('00f00f14')
  })

  it('takes its factory management key with its own algorithm alone', async () => {
    const { terminal } = await opened(personality)
    const other = firmware.managementAlgorithm === 3 ? 10 : 3
    expect(await terminal.authenticate(other)).not.toBe(0x9000)
    expect((await terminal.generate(0x9a, P256)).sw).toBe(0x6982)
    expect(await terminal.authenticate(firmware.managementAlgorithm)).toBe(0x9000)
    expect((await terminal.generate(0x9a, P256)).sw).toBe(0x9000)
  })

  it('refuses a wrong management key', async () => {
    const { terminal } = await opened(personality)
    const wrong = Buffer.from(FACTORY_KEY).reverse()
    expect(await terminal.authenticate(firmware.managementAlgorithm, wrong)).toBe(0x6982)
  })

  it('has metadata from firmware 5.3', async () => {
    const { terminal } = await opened(personality)
    const answer = await terminal.send(INS.metadata, 0, 0x9b)
    expect(answer.sw).toBe(firmware.metadata ? 0x9000 : 0x6d00)
    if (firmware.metadata) {
      expect(hex(answer.data)).toBe(`0101${hex(Uint8Array.of(firmware.managementAlgorithm))}02020001050101`)
    }
  })

  it('has the algorithms and the moving of keys that its firmware has', async () => {
    const { terminal } = await opened(personality)
    await terminal.authenticate(firmware.managementAlgorithm)
    expect((await terminal.generate(0x9a, RSA_1024)).sw).toBe(firmware.rsa1024 ? 0x9000 : 0x6a80)
    expect((await terminal.generate(0x9c, P384)).sw).toBe(0x9000)
    expect((await terminal.generate(0x9d, ED25519)).sw).toBe(firmware.newAlgorithms ? 0x9000 : 0x6a80)
    if (!firmware.newAlgorithms) expect((await terminal.generate(0x83, RSA_3072)).sw).toBe(0x6a80)
    expect((await terminal.send(INS.moveKey, 0x82, 0x9c)).sw).toBe(firmware.newAlgorithms ? 0x9000 : 0x6d00)
  })

  it('attests a generated key under F9 with the octets that its firmware writes', async () => {
    const { terminal, f9Certificate, trustAnchors } = await opened(personality)
    await terminal.authenticate(firmware.managementAlgorithm)
    await terminal.generate(0x9c, P256, { touch: 3 })
    const der = await terminal.ok(INS.attest, 0x9c, 0)
    const leaf = parseCertificate(der)
    expect(
      new X509Certificate(der).verify(
        createPublicKey({ key: Buffer.from(parseCertificate(f9Certificate).spki), format: 'der', type: 'spki' }),
      ),
    ).toBe(true)
    expect(printName(leaf.subject)).toBe('CN=YubiKey PIV Attestation 9c')
    const values = Object.fromEntries([...leaf.extensions].map(([oid, { value }]) => [oid, hex(value)]))
    expect(values).toEqual({
      [`${ARC}.3`]: firmware.version,
      [`${ARC}.7`]: '020400f00f14',
      [`${ARC}.8`]: '0303',
      ...(firmware.formFactor === undefined ? {} : { [`${ARC}.9`]: firmware.formFactor }),
    })
    expect(trustAnchors.every(({ origin }) => origin === 'user')).toBe(true)
  })

  it('hands out F9 as object 5FFF01', async () => {
    const { terminal, f9Certificate } = await opened(personality)
    const object = await terminal.ok(INS.getData, 0x3f, 0xff, Buffer.from('5c035fff01', 'hex'))
    expect(object.includes(Buffer.from(f9Certificate))).toBe(true)
  })
})

describe('the hierarchy above F9', () => {
  it('is the root itself before 5.7.4, and an intermediate that the card does not carry from then on', () => {
    const old = createPivCard({ personality: 'yubikey-5.4.3', attestationKeyType: 'P-256' })
    expect(
      Buffer.compare(parseCertificate(old.f9Certificate).issuer, parseCertificate(old.root.certificate).subject),
    ).toBe(0)
    const recent = createPivCard({ personality: 'yubikey-5.7.4', attestationKeyType: 'P-256' })
    const [above] = recent.intermediates.map((der) => parseCertificate(der))
    expect(hex(parseCertificate(recent.f9Certificate).issuer)).toBe(hex(above?.subject ?? new Uint8Array()))
    expect(recent.trustAnchors.map(({ role }) => role)).toEqual(['root', 'intermediate'])
    const ids = recent.trustAnchors.map(({ spki }) =>
      createHash('sha256').update(Buffer.from(spki, 'base64')).digest('hex'),
    )
    expect(ids).toEqual(recent.trustAnchors.map(({ spkiSha256 }) => spkiSha256))
  })
})

describe('the personalities', () => {
  it('offer T=1 in their ATR, which libykcs11 2.2.0 asks for', () => {
    for (const { atr } of Object.values(PERSONALITIES)) {
      const octets = Buffer.from(atr, 'hex')
      // TS 3B, T0 with TD1 present (bit 8), TD1 names T=1 after TA1, TB1, TC1 (ISO 7816-3 8.2).
      const before = [0x10, 0x20, 0x40].filter((bit) => ((octets[1] ?? 0) & bit) !== 0).length
      expect((octets[2 + before] ?? 0) & 0x0f).toBe(1)
    }
  })
})
