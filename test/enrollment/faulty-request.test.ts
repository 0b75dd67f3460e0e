import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeviceKey } from '../../devices/device.ts'
import { bitString, integer, oid, sequence } from '../../src/asn1/der-writer.ts'
import { encodeName, parseNameText } from '../../src/asn1/name.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { openConfiguredDevice } from '../../src/config/open-configured-device.ts'
import { createSecretProvider } from '../../src/config/secret-provider.ts'
import { Journal, type JournalEntry } from '../../src/enrollment/journal.ts'
import type { RunEvent } from '../../src/enrollment/run-event.ts'
import { RunFolder } from '../../src/enrollment/run-folder.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { readByStranger, STRANGERS } from '../requests/strangers.ts'
import type { ProgramEnd } from './built-program.ts'
import { runInside } from './run-inside.ts'

let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faulty-'))
  double = await startYubiHsm2Double()
  rehearsal = await startRehearsal({ directory: folder, device: double, algorithm: 'P-256' })
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

interface Shown {
  readonly id: string
  readonly state: string
  readonly folder: string
  readonly spkiSha256: string
  readonly keyLocation: string
}
const run = async (code: number, ...args: readonly string[]): Promise<{ end: ProgramEnd; shown: Shown }> => {
  const end = await runInside([...args, '--json', '--no-input'])
  expect(end.code, end.stderr).toBe(code)
  return { end, shown: JSON.parse(end.stdout) as Shown }
}
const state = (): string[] => ['--state-directory', rehearsal.stateDirectory]
const keys = (): number => double.device.store.list().filter(({ type }) => type === 3).length
const eventsOf = async ({ folder }: Shown): Promise<readonly RunEvent[]> =>
  (await Journal.open(join(folder, 'journal.jsonl'), Date.now)).entries.map(({ event }) => event)

/** What versions before this one had the device sign for a profile without extensions: no attributes element. */
async function requestOfOldVersion(key: DeviceKey): Promise<Uint8Array> {
  const info = sequence(integer(0), encodeName(parseNameText('CN=Example Signing GmbH,C=NL')), key.publicKey)
  const signature = await key.sign('SHA-256', info)
  return Buffer.from(
    writePem('CERTIFICATE REQUEST', sequence(info, sequence(oid('1.2.840.10045.4.3.2')), bitString(signature))),
  )
}

/** Makes the run one of an old version: its request, and the journal that names it. Returns the request. */
async function age({ id, keyLocation }: Shown): Promise<string> {
  const configuration = await loadConfiguration({ profile: rehearsal.profile, env: {} })
  const device = await openConfiguredDevice(configuration, { secret: createSecretProvider(configuration) })
  try {
    const run = await RunFolder.find(rehearsal.stateDirectory, id)
    const { entries } = await Journal.open(run.journalFile, Date.now)
    const plan = planIn(entries)
    const key = await device.findKey({
      label: plan.keyLabel,
      id: Buffer.from(plan.keyId, 'hex'),
      location: keyLocation,
    })
    if (key === undefined) throw new Error('the key of the run is not on the device')
    const content = await requestOfOldVersion(key)
    const request = await run.writeArtefact('request.csr.pem', content)
    const journal = await Journal.begin(`${run.journalFile}.old`, Date.now, plan)
    for (const { event } of entries.slice(1))
      await journal.append(event.type === 'csr-signed' ? { ...event, request } : event)
    await rename(`${run.journalFile}.old`, run.journalFile)
    // It knew of no ledger: this version makes one from the journals.
    await rm(join(rehearsal.stateDirectory, 'ledger'), { recursive: true, force: true })
    return Buffer.from(content).toString()
  } finally {
    await device.close()
  }
}

function planIn(entries: readonly JournalEntry[]): Extract<RunEvent, { type: 'planned' }> {
  const event = entries[0]?.event
  if (event?.type !== 'planned') throw new Error('the run has no plan')
  return event
}

/** What the run has now is what strangers read; the old one is kept; the key is the one that it was. */
async function expectNewRequest(shown: Shown, before: Shown, old: string, output: ProgramEnd): Promise<void> {
  expect(output.stderr).toMatch(
    /request is not used: the attributes element .* missing.* same key; .* kept as request-/,
  )
  const withdrawn = (await eventsOf(shown)).filter((event) => event.type === 'request-withdrawn')
  expect(withdrawn).toEqual([
    expect.objectContaining({ reasons: expect.arrayContaining([expect.stringContaining('attributes element')]) }),
  ])
  const kept = withdrawn[0]?.request.file ?? ''
  expect(await readFile(join(shown.folder, kept), 'utf8')).toBe(old)
  const request = await readFile(join(shown.folder, 'request.csr.pem'), 'utf8')
  expect(request).not.toBe(old)
  for (const stranger of STRANGERS) expect(() => readByStranger(stranger, request)).not.toThrow()
  expect(shown).toMatchObject({ spkiSha256: before.spkiSha256, keyLocation: before.keyLocation })
  expect(keys()).toBe(1)
}

describe('a run whose request has no attributes element', () => {
  it('that stands at csr-signed says so on resume, signs another with the same key, and is ordered', async () => {
    const { shown: begun } = await run(0, 'csr', rehearsal.profile)
    const old = await age(begun)
    const { shown, end } = await run(0, 'runs', 'resume', begun.id, '--yes', '--wait', ...state())
    expect(shown.state).toBe('installed')
    await expectNewRequest(shown, begun, old, end)
  })

  it('that stands at attested does so, too, and keeps its attestation', async () => {
    const { shown: begun } = await run(0, 'attest', rehearsal.profile)
    const old = await age(begun)
    const { shown, end } = await run(0, 'runs', 'resume', begun.id, '--yes', '--wait', ...state())
    await expectNewRequest(shown, begun, old, end)
    expect((await eventsOf(shown)).filter(({ type }) => type === 'attested')).toHaveLength(1)
  })

  it('that waits for the yes at checked does so before it is asked for', async () => {
    const { shown: begun } = await run(0, 'attest', rehearsal.profile)
    const { end: refused } = await run(2, 'runs', 'resume', begun.id, ...state())
    expect(refused.stdout).toContain('order.unconfirmed')
    const old = await age(begun)
    const { shown, end } = await run(0, 'runs', 'resume', begun.id, '--yes', '--wait', ...state())
    await expectNewRequest(shown, begun, old, end)
  })

  it('that the CA refused is given another before it is ordered again', async () => {
    const refusal = {
      endpoint: '!AutoApplyOrder',
      kind: 'error',
      code: -10,
      message: 'The CSR cannot be decoded!',
    } as const
    rehearsal.ca.fail(refusal)
    const { shown: begun } = await run(4, 'enroll', rehearsal.profile, '--yes')
    const old = await age(begun)
    await run(4, 'runs', 'resume', begun.id, '--yes', ...state())
    const { shown, end } = await run(0, 'runs', 'resume', begun.id, '--yes', '--wait', '--order-again', ...state())
    expect(shown.state).toBe('installed')
    await expectNewRequest(shown, begun, old, end)
    expect(rehearsal.ca.orders).toHaveLength(1)
  })

  it('that is away from its device between the two says so, and goes on when it is back', async () => {
    const { shown: begun } = await run(0, 'attest', rehearsal.profile)
    const old = await age(begun)
    const { end: away } = await run(
      3,
      ...['runs', 'resume', begun.id, '--yes', ...state(), '--device', 'yubihsm2:connector=http://127.0.0.1:1'],
    )
    expect(JSON.parse(away.stdout)).toMatchObject({ error: { code: 'device.unreachable' } })
    const { shown: shownAway } = await run(0, 'runs', 'show', begun.id, ...state())
    expect(shownAway.state).toBe('key-generated')
    const device = ['--device', rehearsal.double.uri]
    const { shown } = await run(0, 'runs', 'resume', begun.id, '--yes', '--wait', ...device, ...state())
    await expectNewRequest(shown, begun, old, away)
  })

  it('is given another by `csr --run`', async () => {
    const { shown: begun } = await run(0, 'csr', rehearsal.profile)
    const old = await age(begun)
    const { shown, end } = await run(0, 'csr', '--run', begun.id, ...state())
    expect(shown.state).toBe('csr-signed')
    await expectNewRequest(shown, begun, old, end)
  })

  it('shows both files in its report, as they are', async () => {
    const { shown: begun } = await run(0, 'csr', rehearsal.profile)
    await age(begun)
    await run(0, 'csr', '--run', begun.id, ...state())
    const { end } = await run(0, 'runs', 'report', begun.id, ...state())
    const { artefacts } = JSON.parse(end.stdout) as { artefacts: readonly { file: string; intact: boolean }[] }
    const requests = artefacts.filter(({ file }) => file.startsWith('request'))
    expect(requests).toHaveLength(2)
    expect(requests.every(({ intact }) => intact)).toBe(true)
  })
})
