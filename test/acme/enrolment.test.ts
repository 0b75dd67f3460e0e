import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { DeviceError } from '../../devices/device.ts'
import { readPem, writePem } from '../../src/asn1/pem.ts'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { advance } from '../../src/enrollment/advance.ts'
import { enroll } from '../../src/enrollment/enroll.ts'
import { planFindings } from '../../src/enrollment/plan/plan-findings.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import { resolveRun } from '../../src/enrollment/resolve-run.ts'
import { type Run, withRun } from '../../src/enrollment/run.ts'
import { EXIT } from '../../src/errors.ts'
import { createYubikeyEvidenceIssuer, type YubikeyEvidenceIssuer } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { attestingDevice } from '../tools/attesting-device.ts'
import { AcmeDouble } from './acme-double.ts'

const issuer = createYubikeyEvidenceIssuer({ serial: 7, firmware: '5.4.3', formFactor: 3 }, { keyType: 'P-256' })
const env = { PIN: '123456', MANAGEMENT_KEY: '01'.repeat(24) }
let server: AcmeDouble
let folder: string
let runs = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'acme-'))
  server = await AcmeDouble.start()
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(join(folder, 'account.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  await writeFile(join(folder, 'ca.pem'), server.caCertificatePem)
  await writeFile(join(folder, 'anchors.json'), JSON.stringify({ trustAnchors: issuer.trustAnchors }))
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

/** A profile of its own with its own state and device; `changed` replaces whole settings. */
async function rehearse(changed: Readonly<Record<string, unknown>> = {}, from: YubikeyEvidenceIssuer = issuer) {
  const name = join(folder, `run-${++runs}`)
  const profile = {
    ...{ stateDirectory: `${name}.state`, trustAnchors: ['anchors.json'], ca: 'acme', policy: { fips: 'off' } },
    acme: { directory: server.directory, accountKey: `file:${join(folder, 'account.key')}`, caFile: 'ca.pem' },
    device: { uri: 'yubikey:serial=7;slot=9c', secrets: { pin: 'env:PIN', 'management-key': 'env:MANAGEMENT_KEY' } },
    ...{ key: { algorithm: 'P-256' }, request: { subject: 'CN=7' }, ...changed },
  }
  await writeFile(`${name}.yaml`, stringify(profile))
  const configuration = await loadConfiguration({ profile: `${name}.yaml`, env, cwd: folder })
  const device = attestingDevice(from)
  const named: string[] = []
  const stateDirectory = configuration.required('stateDirectory')
  const told: string[] = []
  const observer = { step: ({ detail }: { readonly detail: string }) => void told.push(detail) }
  const services = {
    ...createRealServices({ stateDirectory, reading: { env }, observer }),
    openDevice: async () => device,
  }
  const confirm = async (): Promise<boolean> => true
  return {
    ...{ named, told, configuration, device },
    enrol: () =>
      enroll(
        {
          ...{ configuration, wait: true, confirm },
          onNamed: (id) => {
            named.push(id)
          },
        },
        services,
      ),
    withRun: <T>(id: string, action: (run: Run) => Promise<T>): Promise<T> => withRun(id, services, action),
    goOn: (id: string) =>
      withRun(id, services, async (run) => ({ code: await advance(run, { wait: true, confirm }), record: run.record })),
  }
}
const issued = (): number => server.orders.filter(({ status }) => status === 'valid').length

describe('an enrolment with an ACME server', () => {
  it('ends with the certificate and its chain, and says nothing of a subject that is as it was asked for', async () => {
    const { enrol } = await rehearse()
    const { record, folder: run } = await enrol()
    expect(record).toMatchObject({
      state: 'installed',
      certificateSubject: 'CN=7',
      certificateIssuer: 'CN=ACME double',
    })
    expect(record.certificateRemark).toBeUndefined()
    expect(readPem(await readFile(join(run, 'fullchain.pem'), 'utf8'))).toHaveLength(2)
  })

  it('says which certificate is not sent of a device that does not carry it, until it is at hand', async () => {
    const newer = createYubikeyEvidenceIssuer(
      { serial: 7, firmware: '5.7.4', formFactor: 3, hierarchy: 'intermediate' },
      { keyType: 'P-256' },
    )
    await writeFile(join(folder, 'newer.json'), JSON.stringify({ trustAnchors: newer.trustAnchors }))
    const pem = newer.intermediates.map((der) => writePem('CERTIFICATE', der)).join('')
    await writeFile(join(folder, 'intermediates.pem'), pem)
    const said = (lines: readonly string[]): boolean =>
      lines.some((line) => /is not on the device and is not sent/.test(line))
    const without = await rehearse({ trustAnchors: ['newer.json'] }, newer)
    expect((await without.enrol()).record.state).toBe('installed')
    expect(said(without.told)).toBe(true)
    const acme = { directory: server.directory, accountKey: `file:${join(folder, 'account.key')}`, caFile: 'ca.pem' }
    const changed = { trustAnchors: ['newer.json'], acme: { ...acme, intermediates: ['intermediates.pem'] } }
    const whole = await rehearse(changed, newer)
    expect((await whole.enrol()).record.state).toBe('installed')
    expect(said(whole.told)).toBe(false)
  })

  it('is unknown while the order waits to be finalised and nobody knows whether that was asked; what arrives late is found', async () => {
    const { enrol, goOn } = await rehearse()
    server.next('finalize', 'lose')
    const before = issued()
    const first = await enrol()
    expect(first).toMatchObject({ exitCode: EXIT.unknown, record: { state: 'unknown' } })
    const again = await goOn(first.id)
    expect(again).toMatchObject({ code: EXIT.unknown, record: { state: 'unknown' } })
    expect(issued()).toBe(before)
    const order = server.orders.at(-1)
    const request = readPem(await readFile(join(first.folder, 'request.csr.pem'), 'utf8'))[0]
    if (order === undefined || request === undefined) throw new Error('no order, or no request')
    server.finaliseLate(order, request.der)
    expect(await goOn(first.id)).toMatchObject({ code: EXIT.done, record: { state: 'installed' } })
    expect(issued()).toBe(before + 1)
  })

  it('is found by the address of its order, and by no other', async () => {
    const { enrol, goOn, withRun, configuration } = await rehearse()
    server.next('finalize', 'lose')
    const { id, folder: run } = await enrol()
    const order = server.orders.at(-1)
    const request = readPem(await readFile(join(run, 'request.csr.pem'), 'utf8'))[0]
    if (order === undefined || request === undefined) throw new Error('no order, or no request')
    const address = `${new URL(server.directory).origin}/order/`
    const resolve = (orderNumber: string) =>
      withRun(id, (opened) => resolveRun(opened, { kind: 'placed', orderNumber }, 'operator'))
    await expect(resolve(`${address}999`)).rejects.toMatchObject({ code: 'run.no-such-order' })
    await expect(resolve('12345')).rejects.toMatchObject({ code: 'run.no-such-order' })
    server.finaliseLate(order, request.der)
    const words = ['runs', 'resolve', id, '--order-number', address + (server.orders.length - 1), '--json']
    const state = ['--state-directory', configuration.required('stateDirectory')]
    expect(await runInside([...words, ...state], { env })).toMatchObject({ code: 0 })
    expect(await goOn(id)).toMatchObject({ code: EXIT.done, record: { state: 'installed' } })
  })

  it('orders anew on the word that nothing was issued, with the same key', async () => {
    const { enrol, goOn, withRun } = await rehearse()
    server.next('finalize', 'lose')
    const { id, record } = await enrol()
    await withRun(id, (run) => resolveRun(run, { kind: 'not-placed', despiteBalance: false }, 'operator'))
    const after = await goOn(id)
    expect(after).toMatchObject({ code: EXIT.done, record: { state: 'installed', spkiSha256: record.spkiSha256 } })
  })

  it('that was cut before it was finalised has issued nothing, and says so by itself', async () => {
    const { enrol, goOn, withRun } = await rehearse()
    server.next('finalize', 'lose')
    const { id } = await enrol()
    // What a process leaves that was killed between the order and its finalising.
    await withRun(id, async (run) => {
      await resolveRun(run, { kind: 'not-placed', despiteBalance: false }, 'operator')
      const { submission } = run.record
      if (submission === undefined) throw new Error('no submission')
      await run.log(submission)
      const url = `${new URL(server.directory).origin}/order/${server.orders.length - 1}`
      await run.log({ type: 'acme-order', url })
    })
    expect(await goOn(id)).toMatchObject({ code: EXIT.done, record: { state: 'installed' } })
  })

  it('whose device fails to sign ends with the error of the device, and the key is free to be ordered for', async () => {
    const { enrol, goOn, device, named } = await rehearse()
    const find = device.findKey
    const refused = new DeviceError('touch.timeout', 'Could not sign: nobody touched it.', { remedy: 'Touch it.' })
    Object.assign(device, {
      findKey: async (ref: Parameters<typeof find>[0]) => {
        const key = await find(ref)
        return key && { ...key, sign: () => Promise.reject(refused) }
      },
    })
    await expect(enrol()).rejects.toMatchObject({ code: 'touch.timeout' })
    Object.assign(device, { findKey: find })
    expect((await goOn(named[0] ?? '')).record.state).toBe('installed')
  })

  it('is refused before a key as a test order, with a key, a device or a name that the server does not take', async () => {
    const codes = async (changed: Readonly<Record<string, unknown>>): Promise<readonly string[]> => {
      const { configuration } = await rehearse(changed)
      const findings = await planFindings(configuration, { env })
      return findings.flatMap((finding) => (finding.severity === 'blocker' ? [finding.code] : []))
    }
    expect(await codes({})).toEqual([])
    expect(await codes({ key: { algorithm: 'P-384' } })).toEqual(['acme.key-type'])
    expect(await codes({ request: { subject: 'CN=Example GmbH,C=NL' } })).toEqual(['acme.subject'])
    expect(await codes({ request: { subject: 'O=Example GmbH,C=NL' } })).toEqual([])
    expect(await codes({ acme: { directory: 'http://ca.example/directory' } })).toEqual([
      'acme.directory',
      'config.missing',
    ])
    const { configuration } = await rehearse()
    const other = { reading: { env }, stateDirectory: folder, observer: { step: () => undefined } }
    await expect(enroll({ configuration, test: true }, createRealServices(other))).rejects.toMatchObject({
      code: 'acme.device',
    })
  })
})
