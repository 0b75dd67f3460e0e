import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../devices/device.ts'
import { openDevice } from '../../devices/open.ts'
import { yubikey } from '../../src/attestation/yubikey/verify.ts'
import { startDouble, type YubikeyDouble } from '../../src/sandbox/yubikey/double.ts'
import { builtInTrustAnchors } from '../../src/trust-anchors/trust-anchors.ts'
import { installed } from './installed.ts'

const now = Date.parse('2026-11-22T00:00:00Z')

describe.runIf(installed('ykcs11'))('the YubiKey double under the agent itself', () => {
  const folder = mkdtempSync(join(tmpdir(), 'yk-'))
  const before = { ...process.env }
  let double: YubikeyDouble

  beforeAll(async () => {
    double = await startDouble({ directory: folder, card: { attestationKeyType: 'P-256' } })
    Object.assign(process.env, double.environment, { HSM_ENROLL_TEST_DEVICE_LOCKS: folder })
  })
  afterAll(async () => {
    for (const name of ['PCSCLITE_CSOCK_NAME', 'HSM_ENROLL_TEST_DEVICE_LOCKS']) {
      const value = before[name]
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    await double?.close()
    expect(readdirSync(folder).filter((name) => name.startsWith('pcscd'))).toEqual([])
    rmSync(folder, { recursive: true, force: true })
  })

  const open = () =>
    openDevice(double.uri, {
      settings: double.settings,
      secret: async ({ name }) => {
        const text = double.secrets[name]
        return text === undefined ? undefined : Secret.fromText(text)
      },
    })

  it('keeps its daemon out of the terminal’s process group: Ctrl-C is for the program, which ends the daemon itself', () => {
    const groupOf = (pid: string): string => {
      const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
      return rest.split(' ')[2] ?? ''
    }
    const daemons = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(folder, 'pcscd'))
        } catch {
          return false
        }
      })
    expect(daemons.length).toBeGreaterThan(0)
    for (const pid of daemons) expect(groupOf(pid)).not.toBe(groupOf('self'))
  })

  it('is opened by its URI, makes a key, signs, and attests it genuinely under the test root alone', async () => {
    const device = await open()
    try {
      const key = await device.generateKeyPair({ algorithm: 'P-256', label: 'run', id: new Uint8Array(16) })
      const data = Buffer.from('to be signed')
      const signature = await key.sign('SHA-256', data)
      const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
      expect(verify('sha256', data, publicKey, signature)).toBe(true)
      const { package: evidence } = await key.attest()
      const verdict = yubikey.verify(evidence, { trustAnchors: double.trustAnchors, now })
      expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
      expect(verdict.genuine).toBe(true)
      expect(Buffer.compare(verdict.spki ?? new Uint8Array(), key.publicKey)).toBe(0)
      expect(yubikey.verify(evidence, { trustAnchors: builtInTrustAnchors('YUBIKEY'), now }).genuine).toBe(false)
    } finally {
      await device.close()
    }
    const { keys, pinTriesLeft } = await double.control.snapshot()
    expect(keys).toContainEqual({ slot: 0x9c, algorithm: 0x11, generated: true, pinPolicy: 3, touchPolicy: 1 })
    expect(pinTriesLeft).toBe(3)
  })

  it('is of the firmware that it is told to be: 5.7.4 has an intermediate between F9 and its root', async () => {
    const recent = await startDouble({ directory: folder, firmware: '5.7.4', card: { attestationKeyType: 'P-256' } })
    try {
      const [above, root, ...more] = (recent.rootCertificates ?? []).map((der) => new X509Certificate(der))
      if (above === undefined || root === undefined) throw new Error('the intermediate or its root is missing')
      expect(more).toEqual([])
      expect(above.checkIssued(root) && above.verify(root.publicKey)).toBe(true)
      expect(double.rootCertificates).toHaveLength(1)
    } finally {
      await recent.close()
    }
  })

  it('can be pulled out and put back by its control', async () => {
    await double.control.remove()
    expect((await double.control.snapshot()).inserted).toBe(false)
    await expect(open()).rejects.toMatchObject({ name: 'DeviceError' })
    await double.control.insert()
    const { keys } = await double.control.snapshot()
    const device = await open()
    try {
      const found = await device.findKey({ location: '9c' })
      expect(found !== undefined).toBe(keys.some(({ slot }) => slot === 0x9c))
    } finally {
      await device.close()
    }
  })
})
