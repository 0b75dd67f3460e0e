import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasCertificateStore } from '../../devices/device.ts'
import { readPem } from '../../src/asn1/pem.ts'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { openConfiguredDevice } from '../../src/config/open-configured-device.ts'
import { createSecretProvider } from '../../src/config/secret-provider.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { issueCertificate } from '../pkcs11/issue-certificate.ts'
import { runInside } from './run-inside.ts'

interface Run {
  readonly id: string
  readonly folder: string
  readonly keyLocation: string
  readonly fullchain: { readonly file: string }
}

describe('sign-check', () => {
  let folder: string
  let rehearsal: Rehearsal
  let run: Run
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sc-'))
    rehearsal = await startRehearsal({ directory: folder, device: 'yubihsm2' })
    const end = await cli(['enroll', rehearsal.profile, '--yes', '--wait', '--json'])
    expect(end.code, end.stderr).toBe(0)
    run = JSON.parse(end.stdout)
  })
  afterAll(async () => {
    await rehearsal?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const cli = (args: readonly string[]) => runInside(args, { env: rehearsal.environment })
  const signCheck = () => cli(['sign-check', run.id, '--json', '--state-directory', rehearsal.stateDirectory])

  async function store(name: string | undefined): Promise<void> {
    const configuration = await loadConfiguration({ profile: rehearsal.profile })
    const device = await openConfiguredDevice(configuration, { secret: createSecretProvider(configuration) })
    try {
      const key = await device.findKey({ location: run.keyLocation })
      if (key === undefined || !hasCertificateStore(device)) throw new Error('no key')
      const [own] = readPem(await readFile(join(run.folder, 'certificate.pem'), 'utf8'))
      const certificate = name === undefined ? own?.der : issueCertificate(key.publicKey, name)
      if (certificate !== undefined) await device.storeCertificate(key, certificate, { replace: true })
    } finally {
      await device.close()
    }
  }

  it('has the device sign what the installed certificate verifies, outside of hsm-enroll too', async () => {
    const end = await signCheck()
    expect(end.code, end.stderr).toBe(0)
    const shown = JSON.parse(end.stdout)
    expect(shown).toMatchObject({ run: run.id, key: run.keyLocation, certificateFrom: 'device', verified: true })
    const certificate = new X509Certificate(await readFile(join(run.folder, 'certificate.pem')))
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(shown.certificateSha256)
    const data = Buffer.from(shown.certificateSha256, 'hex')
    const key = createPublicKey(certificate.publicKey.export({ type: 'spki', format: 'pem' }))
    expect(verify('sha384', data, key, Buffer.from(shown.signature, 'base64'))).toBe(true)
  })

  it('refuses where the device holds another certificate for the key', async () => {
    await store('somebody else')
    const end = await signCheck()
    expect(end.code).toBe(1)
    expect(JSON.parse(end.stdout)).toMatchObject({
      error: { code: 'sign-check.failed', message: expect.stringContaining('has another certificate') },
    })
    await store(undefined)
    expect((await signCheck()).code).toBe(0)
  })

  it('wants a certificate first', async () => {
    const begun = await cli(['csr', rehearsal.profile, '--json'])
    expect(begun.code, begun.stderr).toBe(0)
    const { id } = JSON.parse(begun.stdout)
    const end = await cli(['sign-check', id, '--json', '--state-directory', rehearsal.stateDirectory])
    expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: 'run.not-issued' } })
  })

  it('finds fullchain.pem in the run: the certificate first, then its issuers', async () => {
    const read = async (name: string) =>
      readPem(await readFile(join(run.folder, name), 'utf8')).map(({ der }) => Buffer.from(der))
    expect(run.fullchain.file).toBe('fullchain.pem')
    expect(await read('fullchain.pem')).toEqual([...(await read('certificate.pem')), ...(await read('chain.pem'))])
  })
})
