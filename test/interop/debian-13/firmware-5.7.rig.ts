import { execFileSync } from 'node:child_process'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDevice } from '../../../devices/open.ts'
import { parseNameText } from '../../../src/asn1/name.ts'
import { yubikey as verifier } from '../../../src/attestation/yubikey/verify.ts'
import { buildCertificationRequest } from '../../../src/csr/build-certification-request.ts'
import { closing, recordedOptions } from '../../pkcs11/hsm-double.ts'
import { startYubikeys, type YubikeyDouble } from '../../pkcs11/yubikey-double.ts'

const SECRETS = { pin: '123456', 'management-key': '010203040506070801020304050607080102030405060708' } as const

// The libykcs11 2.2 of Debian 12 does not log in to such a key as it leaves the factory (test/pkcs11/yubikey-pair.test.ts).
describe('a YubiKey with firmware 5.7.4 through libykcs11 2.7', () => {
  let double: YubikeyDouble
  const folder = mkdtempSync(join(tmpdir(), 'yk57-'))
  const file = (name: string): string => join(folder, name)
  const openssl = (...args: readonly string[]): string => execFileSync('openssl', args, { stdio: 'pipe' }).toString()
  beforeAll(async () => {
    double = await startYubikeys({ serial: 15732574, personality: 'yubikey-5.7.4' })
  })
  afterAll(async () => {
    await double?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What the verifier makes of a leaf and F9; the test root's intermediate comes with the anchors. */
  const expectGenuine = (evidence: Uint8Array): void => {
    const verdict = verifier.verify(evidence, { trustAnchors: double.trustAnchors, now: Date.now() })
    expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(verdict).toMatchObject({ genuine: true, device: { firmware: '5.7.4', serial: '15732574' } })
  }

  it.each([
    ['RSA-3072', '9a'],
    ['RSA-4096', '9c'],
    ['P-384', '9d'],
  ] as const)(
    'makes and attests a key of type %s, whose request OpenSSL reads',
    { timeout: 120_000 },
    async (algorithm, slot) => {
      const device = await openDevice(`yubikey:serial=15732574;slot=${slot}`, recordedOptions(SECRETS).open)
      await closing(device, async () => {
        const id = new TextEncoder().encode('0123456789abcdef')
        const key = await device.generateKeyPair({ algorithm, label: 'run 1', id })
        expectGenuine((await key.attest()).package)
        const { der } = await buildCertificationRequest({ subject: parseNameText('CN=Example') }, key)
        writeFileSync(file('request.der'), der)
        expect(openssl('req', '-inform', 'DER', '-in', file('request.der'), '-verify', '-noout', '-text')).toContain(
          algorithm === 'P-384' ? 'P-384' : `Public-Key: (${algorithm.slice(4)} bit)`,
        )
      })
    },
  )

  it('attests an Ed25519 key of yubico-piv-tool, which also signs its request', () => {
    const tool = (...args: readonly string[]) => execFileSync('yubico-piv-tool', args, { stdio: 'pipe' }).toString()
    const at = ['-s', '82'] as const
    tool('-a', 'generate', ...at, '-A', 'ED25519', `-k${SECRETS['management-key']}`, '-o', file('public.pem'))
    const leaf = tool('-a', 'attest', ...at)
    expectGenuine(Buffer.from(leaf + tool('-a', 'read-certificate', '-s', 'f9')))
    const key = createPublicKey(readFileSync(file('public.pem')))
    expect(new X509Certificate(leaf).publicKey.equals(key)).toBe(true)
    const subject = ['-S', '/CN=Example/', '-i', file('public.pem'), '-o', file('request.pem')]
    tool('-a', 'verify-pin', '-P', SECRETS.pin, '-a', 'request-certificate', ...at, '-A', 'ED25519', ...subject)
    expect(openssl('req', '-in', file('request.pem'), '-verify', '-noout', '-text')).toContain('ED25519')
  })
})
