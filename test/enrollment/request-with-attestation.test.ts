import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPem } from '../../src/asn1/pem.ts'
import { readAttestationBundle } from '../../src/csr/attestation-bundle.ts'
import { parseCertificationRequest } from '../../src/csr/certification-request.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { readByStranger, STRANGERS } from '../requests/strangers.ts'
import { runInside } from './run-inside.ts'

const TYPE = '1.3.6.1.4.1.99999.7'
let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attested-request-'))
  double = await startYubiHsm2Double()
  rehearsal = await startRehearsal({ directory: folder, device: double, algorithm: 'P-256' })
})
afterAll(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const keys = (): number => double.device.store.list().filter(({ type }) => type === 3).length
const run = async (code: number, ...args: readonly string[]) => {
  const end = await runInside([...args, '--json', '--no-input'])
  expect(end.code, end.stderr).toBe(code)
  return JSON.parse(end.stdout)
}
const requestOf = async (shown: { folder: string }): Promise<string> =>
  readFile(join(shown.folder, 'request.csr.pem'), 'utf8')
const bundleOf = (pem: string) =>
  readAttestationBundle(parseCertificationRequest(readPem(pem)[0]?.der ?? new Uint8Array()).attributes)

describe('a request that carries its attestation', () => {
  it('is signed by the device, read by strangers, and judged by check as its own evidence', async () => {
    const shown = await run(0, 'csr', rehearsal.profile, '--with-attestation', '--attestation-type', TYPE)
    expect(shown.state).toBe('csr-signed')
    const pem = await requestOf(shown)
    expect(bundleOf(pem)).toMatchObject({ drafts: '-24 to -28', statements: [{ type: TYPE }] })
    for (const stranger of STRANGERS) expect(() => readByStranger(stranger, pem)).not.toThrow()
    const anchors = ['--trust-anchors', join(folder, 'trust-anchors.json')]
    const file = join(folder, 'with.pem')
    await writeFile(file, pem)
    const result = await run(0, 'check', '--attestation', file, ...anchors, '--fips', 'off')
    expect(result).toMatchObject({ hsmType: 'YUBIHSM2', genuine: true, acceptable: true })
  })

  it('is what a profile asks for: the run orders with the same attestation that its request carries', async () => {
    const profile = join(folder, 'asks.yaml')
    const text = await readFile(rehearsal.profile, 'utf8')
    await writeFile(
      profile,
      text.replace(/^request:\n/m, `request:\n  attestation: bundle\n  attestationType: ${TYPE}\n`),
    )
    const shown = await run(0, 'enroll', profile, '--test', '--yes', '--wait')
    const kept = readPem(await readFile(join(shown.folder, shown.attestation.file), 'utf8'))
    const bundle = bundleOf(await requestOf(shown))
    if (bundle === undefined || 'fault' in bundle) throw new Error('no bundle')
    expect([bundle.statements[0]?.statement, ...bundle.certificates].map((der) => Buffer.from(der ?? []))).toEqual(
      kept.map(({ der }) => Buffer.from(der)),
    )
  })

  it.each([
    ['without an OID', ['--with-attestation'], /no vendor has published one/],
    ["in Yubico's extensions", ['--attestation-form', 'yubico'], /the device is YUBIHSM2/],
  ])('is refused before a key %s', async (_how, options, why) => {
    const before = keys()
    const { error } = await run(2, 'csr', rehearsal.profile, ...options)
    expect(error).toMatchObject({ code: 'csr.attestation', message: expect.stringMatching(why) })
    expect(keys()).toBe(before)
  })

  it('is refused with a type that is no OID', async () => {
    for (const wrong of ['sectigo', '1', '3.1.2', '1.40.1', '1.2.03', '1.2..3']) {
      const options = ['--with-attestation', '--attestation-type', wrong]
      expect((await run(2, 'csr', rehearsal.profile, ...options)).error.code).toBe('config.value')
    }
  })
})
