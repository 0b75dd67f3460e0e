import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseNameText } from '../asn1/name.ts'
import { Configuration } from '../config/configuration.ts'
import { issueCertificate } from '../sandbox/certificate-issuer.ts'
import { testKeyPair } from '../sandbox/test-key-pair.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { hasPushed, leavePushed, takePushed } from './pushed-certificates.ts'
import { type Run, withNewRun } from './run.ts'
import type { EnrollmentServices } from './services.ts'

let stateDirectory: string
beforeAll(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'pushed-'))
})
afterAll(() => rm(stateDirectory, { recursive: true }))

const never = (): never => {
  throw new Error('not asked for here')
}
const issuer = testKeyPair('P-256')
const [own, foreign] = ['CN=Own', 'CN=Foreign'].map(
  (subject) =>
    new X509Certificate(
      issueCertificate({
        subject: parseNameText(subject),
        issuer: parseNameText('CN=CA'),
        spki: generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' }),
        issuerKey: issuer.privateKey,
        notBefore: new Date(),
        notAfter: new Date(Date.now() + 86_400_000),
        extensions: [],
      }),
    ),
)
if (own === undefined || foreign === undefined) throw new Error('nothing was issued')

/** A run whose key is that of `own`. */
function withKey(action: (run: Run) => Promise<void>): Promise<void> {
  const services: EnrollmentServices = {
    stateDirectory,
    now: Date.now,
    monotonic: () => performance.now(),
    reading: { env: {} },
    sleep: never,
    openDevice: never,
    certificateAuthority: never,
    observer: { step: () => undefined },
  }
  const plan = { configuration: new Configuration(new Map()), test: false, device: true }
  return withNewRun(plan, services, async (run) => {
    const spki = own?.publicKey.export({ type: 'spki', format: 'der' }) ?? Buffer.alloc(0)
    const publicKey = await run.folder.writeArtefact('public-key.pem', spki)
    await run.log({ type: 'key-generated', location: '1', spkiSha256: sha256Hex(spki), publicKey, found: false })
    await action(run)
  })
}

describe('a pushed certificate that was left for a run', () => {
  it('is taken once', () =>
    withKey(async (run) => {
      await leavePushed(run.folder, [own.raw])
      expect([await takePushed(run), await takePushed(run)]).toEqual([true, false])
      expect(run.record).toMatchObject({ state: 'issued', certificateSerial: own.serialNumber.toLowerCase() })
    }))

  it('is dropped where it is for another key', () =>
    withKey(async (run) => {
      await leavePushed(run.folder, [foreign.raw])
      expect(await takePushed(run)).toBe(false)
      expect(await hasPushed(run.folder)).toBe(false)
      expect(run.record.state).toBe('key-generated')
    }))

  it('stays where the disk does not take it, for the next time', () =>
    withKey(async (run) => {
      await leavePushed(run.folder, [own.raw])
      const inTheWay = join(run.folder.path, 'certificate.pem')
      await mkdir(inTheWay)
      await expect(takePushed(run)).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/)
      expect(run.record.state).toBe('key-generated')
      await rmdir(inTheWay)
      expect(await takePushed(run)).toBe(true)
    }))
})
