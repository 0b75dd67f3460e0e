import { createPublicKey, verify } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Device, hasCertificateStore, type KeyAlgorithm, Secret } from '../../devices/device.ts'
import { openDevice } from '../../devices/open.ts'
import { luna } from '../../src/attestation/luna/verify.ts'
import { nshield } from '../../src/attestation/nshield/verify.ts'
import type { RunningDouble } from '../../src/sandbox/double.ts'
import { startDouble as startLuna } from '../../src/sandbox/luna/double.ts'
import { startDouble as startNshield } from '../../src/sandbox/nshield/double.ts'
import type { TokenControl } from '../../src/sandbox/pkcs11-token/control-client.ts'
import { issueCertificate } from '../pkcs11/issue-certificate.ts'
import { installed } from './running-token.ts'

type Double = RunningDouble & { readonly control: TokenControl }

const FAMILIES = [
  { name: 'LUNA', start: startLuna as (options: { directory: string }) => Promise<Double>, verifier: luna },
  { name: 'NSHIELD', start: startNshield as (options: { directory: string }) => Promise<Double>, verifier: nshield },
]
const ALGORITHMS: readonly KeyAlgorithm[] = ['P-256', 'P-384', 'RSA-2048']
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.runIf(installed())('the device families on their doubles', () => {
  let directory: string
  let double: Double | undefined
  let device: Device | undefined

  const open = async (): Promise<Device> => {
    if (double === undefined) throw new Error('no double')
    // The doubles' serial numbers are the same in every test: each has its own folder of locks.
    Object.assign(process.env, double.environment, { HSM_ENROLL_TEST_DEVICE_LOCKS: directory })
    const pin = double.secrets.pin ?? ''
    device = await openDevice(double.uri, { settings: double.settings, secret: async () => Secret.fromText(pin) })
    return device
  }

  afterEach(async () => {
    await device?.close()
    await double?.close()
    device = undefined
    double = undefined
    await rm(directory, { recursive: true, force: true })
  })

  describe.each(FAMILIES)('$name', ({ start, verifier }) => {
    it.each(ALGORITHMS)('%s: key, signature, evidence up to the test root, certificate', async (algorithm) => {
      directory = await mkdtemp(join(tmpdir(), 'family-'))
      double = await start({ directory })
      const opened = await open()
      const key = await opened.generateKeyPair({ algorithm, label: 'run-1', id: bytes('0123456789abcdef') })
      const data = bytes('to be signed')
      const signature = await key.sign('SHA-256', data)
      const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
      expect(verify('sha256', data, publicKey, signature)).toBe(true)

      const { package: evidence } = await key.attest()
      const context = { trustAnchors: double.trustAnchors, now: Date.parse('2026-11-22T00:00:00Z') }
      const verdict = verifier.verify(evidence, context)
      expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
      expect(verdict.genuine).toBe(true)
      expect(Buffer.from(verdict.spki ?? []).equals(key.publicKey)).toBe(true)

      if (!hasCertificateStore(opened)) throw new Error('no certificate store')
      const certificate = issueCertificate(key.publicKey, 'run-1')
      await opened.storeCertificate(key, certificate)
      expect(Buffer.from((await opened.readCertificate(key)) ?? []).equals(certificate)).toBe(true)
      await opened.close()

      const { logins, openSessions } = await double.control.statistics()
      expect(logins).toEqual({ attempted: 1, accepted: 1, refused: 0 })
      expect(openSessions).toBe(0)
    })
  })

  it('Luna: where the module knows no such attribute, cmu gives the confirmation', async () => {
    directory = await mkdtemp(join(tmpdir(), 'family-'))
    double = await startLuna({ directory, personality: { confirmationByCmuOnly: true } })
    const opened = await open()
    const key = await opened.generateKeyPair({ algorithm: 'P-256', label: 'run-2', id: bytes('0123456789abcdef') })
    const { package: evidence } = await key.attest()
    const context = { trustAnchors: double.trustAnchors, now: Date.parse('2026-11-22T00:00:00Z') }
    expect(luna.verify(evidence, context).genuine).toBe(true)
  })
})
