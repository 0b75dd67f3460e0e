import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { exportJwk } from '../../devices/export-jwk.ts'
import { yubikey } from '../../src/attestation/yubikey/verify.ts'
import { createPivCard } from '../../src/sandbox/yubikey/card/create-piv-card.ts'
import { startPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import type { PersonalityName } from '../../src/sandbox/yubikey/card/personality.ts'
import { writeTlv } from '../../src/sandbox/yubikey/card/tlv.ts'
import { yubikeyPackage } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import { builtInTrustAnchors } from '../../src/trust-anchors/trust-anchors.ts'
import { CardTerminal } from './card-terminal.ts'
import { installed } from './installed.ts'

const MANAGEMENT_KEY = '010203040506070801020304050607080102030405060708'
const now = Date.parse('2026-11-22T00:00:00Z')

const folder = mkdtempSync(join(tmpdir(), 'piv-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.runIf(installed('yubico-piv-tool'))('an attestation that yubico-piv-tool exports from the card', () => {
  it("is genuine under the card's own test root, and under no built-in anchor", async () => {
    const { card, trustAnchors } = createPivCard({ serial: 20202020 })
    const pcscd = await startPcscd([card])
    try {
      const actions = [
        [
          '-a',
          'generate',
          '-s',
          '9c',
          '-A',
          'ECCP384',
          '--touch-policy=cached',
          `-k${MANAGEMENT_KEY}`,
          '-o',
          join(folder, 'pub.pem'),
        ],
        ['-a', 'attest', '-s', '9c', '-o', join(folder, 'leaf.pem')],
        ['-a', 'read-certificate', '-s', 'f9', '-o', join(folder, 'f9.pem')],
      ]
      for (const args of actions) expect((await pcscd.runInside('yubico-piv-tool', args)).code).toBe(0)
    } finally {
      await pcscd.close()
    }
    const package_ = Buffer.concat([readFileSync(join(folder, 'leaf.pem')), readFileSync(join(folder, 'f9.pem'))])
    const verdict = yubikey.verify(package_, { trustAnchors, now })
    expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(verdict).toMatchObject({
      genuine: true,
      device: { serial: '20202020', firmware: '5.4.3' },
      claims: { pinPolicy: 'always', touchPolicy: 'cached' },
      trustAnchor: { origin: 'user' },
    })
    const stranger = yubikey.verify(package_, { trustAnchors: builtInTrustAnchors('YUBIKEY'), now })
    expect(stranger.genuine).toBe(false)
    expect(stranger.trustAnchor).toBeUndefined()
  })
})

describe('attestations of every personality', () => {
  it.each([
    { personality: 'yubikey-4.3.5', algorithm: 0x07, managementAlgorithm: 3 },
    { personality: 'yubikey-4.3.4', algorithm: 0x11, managementAlgorithm: 3 },
    { personality: 'yubikey-5.4.3-fips', algorithm: 0x11, managementAlgorithm: 3 },
    { personality: 'yubikey-5.7.4', algorithm: 0x05, managementAlgorithm: 10 },
  ] as const satisfies readonly { readonly personality: PersonalityName; readonly [name: string]: unknown }[])(
    '$personality with algorithm $algorithm are genuine',
    async ({ personality, algorithm, managementAlgorithm }) => {
      const { card, trustAnchors, f9Certificate } = createPivCard({ personality, attestationKeyType: 'P-256' })
      const terminal = new CardTerminal(card)
      await terminal.selectPiv()
      await terminal.authenticate(managementAlgorithm)
      expect((await terminal.generate(0x9a, algorithm)).sw).toBe(0x9000)
      const leaf = await terminal.ok(0xf9, 0x9a, 0)
      const verdict = yubikey.verify(yubikeyPackage(leaf, f9Certificate), { trustAnchors, now })
      expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
      expect(verdict.genuine).toBe(true)
      expect(verdict.device.fips === 'certified').toBe(personality === 'yubikey-5.4.3-fips')
    },
  )
})

describe('an owner who puts a key of their own into F9', () => {
  it('gets attestations under that key, which no longer lead to the maker', async () => {
    const { card, trustAnchors } = createPivCard({ attestationKeyType: 'P-256' })
    const terminal = new CardTerminal(card)
    await terminal.selectPiv()
    await terminal.authenticate()
    await terminal.generate(0x9a, 0x11)
    const own = createPivCard({ attestationKeyType: 'P-256' })
    const key = own.card.state.keys.get(0xf9)?.key
    const scalar = Buffer.from(key === undefined ? '' : (exportJwk(key).d ?? ''), 'base64url')
    expect((await terminal.send(0xfe, 0x11, 0xf9, writeTlv(0x06, scalar))).sw).toBe(0x9000)
    const object = writeTlv(0x53, writeTlv(0x70, own.f9Certificate), writeTlv(0x71, Uint8Array.of(0)), writeTlv(0xfe))
    await terminal.ok(0xdb, 0x3f, 0xff, Buffer.concat([Buffer.from('5c035fff01', 'hex'), object]))
    const evidence = yubikeyPackage(await terminal.ok(0xf9, 0x9a, 0), own.f9Certificate)
    expect(yubikey.verify(evidence, { trustAnchors, now }).genuine).toBe(false)
    expect(yubikey.verify(evidence, { trustAnchors: own.trustAnchors, now }).genuine).toBe(true)
  })
})
