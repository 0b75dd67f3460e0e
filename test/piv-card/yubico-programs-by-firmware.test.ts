import { X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPivCard } from '../../src/sandbox/yubikey/card/create-piv-card.ts'
import { type PrivatePcscd, startPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import type { PersonalityName } from '../../src/sandbox/yubikey/card/personality.ts'
import { INS } from '../../src/sandbox/yubikey/card/piv-applet.ts'
import { installed, LIBYKCS11 } from './installed.ts'

const MANAGEMENT_KEY = '010203040506070801020304050607080102030405060708'
const SERIAL = 12345678

const FIRMWARE: readonly {
  readonly personality: PersonalityName
  readonly version: string
  readonly managementKey: 'TDES' | 'AES192'
  readonly fips: boolean
}[] = [
  { personality: 'yubikey-4.3.5', version: '4.3.5', managementKey: 'TDES', fips: false },
  { personality: 'yubikey-5.4.3-fips', version: '5.4.3', managementKey: 'TDES', fips: true },
  { personality: 'yubikey-5.7.4', version: '5.7.4', managementKey: 'AES192', fips: false },
]

describe.runIf(installed('yubico-piv-tool', 'yubikey-manager', 'opensc', 'ykcs11')).each(FIRMWARE)(
  "Yubico's programs with $personality",
  ({ personality, version, managementKey, fips }) => {
    let card: ReturnType<typeof createPivCard>['card']
    let pcscd: PrivatePcscd
    beforeEach(async () => {
      ;({ card } = createPivCard({ personality, serial: SERIAL, attestationKeyType: 'P-256' }))
      pcscd = await startPcscd([card])
    })
    afterEach(() => pcscd.close())
    const ykman = (...args: readonly string[]) => pcscd.runInside('ykman', args)
    const generate = () =>
      pcscd.runInside('yubico-piv-tool', ['-a', 'generate', '-s', '9c', '-A', 'ECCP256', `-k${MANAGEMENT_KEY}`])
    const changeManagementKeyToTdes = () =>
      ykman(
        ...['piv', 'access', 'change-management-key', '-m', MANAGEMENT_KEY, '-a', 'TDES', '-n', MANAGEMENT_KEY, '-f'],
      )

    it('show its version, serial number and kind', async () => {
      const { stdout } = await pcscd.runInside('yubico-piv-tool', ['-a', 'status'])
      expect(stdout).toContain(`Version:\t${version}`)
      expect(stdout).toContain(`Serial Number:\t${SERIAL}`)
      expect((await ykman('piv', 'info')).stdout).toContain(`Management key algorithm: ${managementKey}`)
      const info = (await ykman('info')).stdout
      expect(info).toContain(`Firmware version: ${version}`)
      expect(/FIPS/.test(info)).toBe(fips)
      const tokens = await pcscd.runInside('pkcs11-tool', ['--module', LIBYKCS11, '-L'])
      expect(tokens.stdout).toContain(`YubiKey PIV #${SERIAL}`)
    })

    it(`generate at once with a TDES management key, and with AES only after it was changed to TDES`, async () => {
      const first = await generate()
      expect(first.code === 0).toBe(managementKey === 'TDES')
      if (managementKey === 'AES192') {
        expect((await changeManagementKeyToTdes()).code).toBe(0)
        expect((await generate()).code).toBe(0)
      }
      expect(card.state.keys.has(0x9c)).toBe(true)
      expect(card.record.count(INS.generate)).toBe(1)
    })

    it('attest alike', async () => {
      if (managementKey === 'AES192') await changeManagementKeyToTdes()
      expect((await generate()).code).toBe(0)
      const tool = await pcscd.runInside('yubico-piv-tool', ['-a', 'attest', '-s', '9c'])
      const other = await ykman('piv', 'keys', 'attest', '9c', '-')
      const [a, b] = [new X509Certificate(tool.stdout), new X509Certificate(other.stdout)]
      expect(a.publicKey.equals(b.publicKey)).toBe(true)
      expect(a.subject).toBe('CN=YubiKey PIV Attestation 9c')
    })
  },
)
