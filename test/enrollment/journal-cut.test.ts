import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeviceError } from '../../devices/device.ts'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { type Enrolled, enroll, resume } from '../../src/enrollment/enroll.ts'
import { profileMarks, settingsOf } from '../../src/enrollment/profile-marks.ts'
import { runsOfProfile } from '../../src/enrollment/profile-runs.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import { withRun } from '../../src/enrollment/run.ts'
import type { EnrollmentServices } from '../../src/enrollment/services.ts'
import { EnrollError } from '../../src/errors.ts'
import { FolderLedger } from '../../src/ledger/folder-ledger.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { leapOverPauses } from './leaping-clock.ts'
import { runInside } from './run-inside.ts'

/**
 * A journal that has lost its end: a bad disk, a backup that was put back. Whatever is left of it, nothing is ordered again and no
 * second key is generated.
 */
let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
/** A finished run, whose order the CA refused once before it took it. */
let base: string
let work: string
let id: string
let journal: Buffer
let walk: () => void
beforeAll(async () => {
  walk = leapOverPauses()
  folder = await mkdtemp(join(tmpdir(), 'journal-cut-'))
  double = await startYubiHsm2Double()
  const authority = { account: { credit: '1000000.00' }, now: () => Date.now() }
  rehearsal = await startRehearsal({ directory: folder, device: double, algorithm: 'P-256', authority })
  base = join(folder, 'base')
  work = join(folder, 'work')
  rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -7, message: 'Refused.' })
  const begun = await enroll({ configuration: await configuration(base), confirm: yes, wait: true }, services(base))
  id = begun.id
  expect(begun.record.state).toBe('rejected')
  const done = await resume(id, { orderAgain: true, confirm: yes, wait: true }, services(base))
  expect(done.record.state).toBe('installed')
  journal = await readFile(join(base, 'runs', id, 'journal.jsonl'))
})
afterAll(async () => {
  walk()
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const yes = async (): Promise<boolean> => true
const configuration = (stateDirectory: string) =>
  loadConfiguration({ profile: rehearsal.profile, env: {}, flags: { stateDirectory } })
const services = (stateDirectory: string): EnrollmentServices =>
  createRealServices({ stateDirectory, reading: { env: {} }, observer: { step: () => undefined } })

const keys = (): number => double.device.store.list().filter(({ type }) => type === 3).length

async function cutTo(length: number): Promise<void> {
  await rm(work, { recursive: true, force: true })
  await cp(base, work, { recursive: true })
  await writeFile(join(work, 'runs', id, 'journal.jsonl'), journal.subarray(0, length))
}

/** How it ended: the exit code, or that of the error. Anything that is not an error of ours is thrown. */
async function endOf(what: Promise<Enrolled>): Promise<number> {
  try {
    return (await what).exitCode
  } catch (error) {
    if (error instanceof EnrollError) return error.exitCode
    if (error instanceof DeviceError) return 3
    throw error
  }
}

/** Every place where an entry begins, and one within each. */
function cuts(): readonly number[] {
  const found: number[] = []
  for (let at = 0; at < journal.length; ) {
    const next = journal.indexOf(0x0a, at) + 1
    found.push(at, Math.floor((at + next) / 2), next - 1)
    at = next
  }
  return found
}

/** Cuts in steps that fall within each entry in many places, beside those; `npm run cut-test` cuts at every byte. */
const manyCuts = (): readonly number[] =>
  [...new Set([...cuts(), ...Array.from({ length: Math.ceil(journal.length / 7) }, (_, index) => index * 7)])].sort(
    (one, other) => one - other,
  )

describe('a journal that is cut', () => {
  it('anywhere is damaged, or the run has its order, or nobody knows: it never says that nothing was ordered', async () => {
    await cutTo(journal.length)
    const file = join(work, 'runs', id, 'journal.jsonl')
    const ends = new Map<string, number[]>()
    const marks = profileMarks(rehearsal.profile, settingsOf(await configuration(work)))
    const ledger = new FolderLedger(join(work, 'ledger'))
    for (const cut of manyCuts()) {
      await writeFile(file, journal.subarray(0, cut))
      const { runs, damaged } = await runsOfProfile(ledger, work, marks, { keep: false })
      expect(runs.length + damaged.length, `cut at ${cut}`).toBe(1)
      const state = runs[0]?.record.state ?? damaged[0]?.fault?.code ?? ''
      ends.set(state, [...(ends.get(state) ?? []), cut])
      expect(['journal.damaged', 'unknown', 'submitting', 'ordered', 'issued', 'installed'], `cut at ${cut}`).toContain(
        state,
      )
    }
    expect(ends.get('journal.damaged')).toEqual(manyCuts().filter((cut) => cut <= journal.indexOf(0x0a)))
    expect(ends.get('unknown')?.length ?? 0).toBeGreaterThan(manyCuts().length / 4)
  })

  it.each([
    ['resumed', () => resume(id, { orderAgain: true, confirm: yes, wait: true }, services(work))],
    [
      'enrolled for again',
      async () => enroll({ configuration: await configuration(work), confirm: yes }, services(work)),
    ],
  ] as const)('before, in and after each entry and then %s leads to no second order', async (_how, act) => {
    for (const cut of cuts()) {
      await cutTo(cut)
      const before = [rehearsal.ca.orders.length, keys()]
      const end = await endOf(act())
      expect([0, 2, 5], `cut at ${cut}`).toContain(end)
      expect([rehearsal.ca.orders.length, keys()], `cut at ${cut}, exit ${end}`).toEqual(before)
    }
  })

  it('is not trusted either where the ledger is gone, too, and files of the run are further than its journal', async () => {
    const attested = journal.indexOf('{"type":"attested"')
    for (const cut of cuts().filter((at) => at > journal.indexOf(0x0a) && at < attested)) {
      await cutTo(cut)
      await rm(join(work, 'ledger'), { recursive: true })
      const end = await endOf(resume(id, { orderAgain: true, confirm: yes, wait: true }, services(work)))
      expect(end, `cut at ${cut}`).toBe(5)
      await cutTo(cut)
      await rm(join(work, 'ledger'), { recursive: true })
      const again = enroll({ configuration: await configuration(work), confirm: yes }, services(work))
      expect(await endOf(again), `cut at ${cut}`).toBe(2)
    }
    expect([rehearsal.ca.orders.length, keys()]).toEqual([1, 1])
  })

  it('that is cut within its plan, with the ledger gone, too, may be of a run that ordered: nothing is, for any profile', async () => {
    for (const cut of [0, 100, journal.indexOf(0x0a)]) {
      await cutTo(cut)
      await rm(join(work, 'ledger'), { recursive: true })
      const again = enroll({ configuration: await configuration(work), confirm: yes }, services(work))
      await expect(again, `cut at ${cut}`).rejects.toMatchObject({ code: 'run.damaged' })
      const given = await runInside(['runs', 'abandon', id, '--yes', '--state-directory', work])
      expect([given.code, given.stderr]).toEqual([1, expect.stringContaining('--despite-order')])
    }
    expect([rehearsal.ca.orders.length, keys()]).toEqual([1, 1])
  })

  it.each([
    ['cut to nothing', (file: string) => writeFile(file, '')],
    ['gone', (file: string) => rm(file)],
  ])(
    'that is %s is put back from a backup, or given up by the run: each remedy leads on, and orders nothing',
    async (_how, lose) => {
      await cutTo(journal.indexOf(0x0a) + 1)
      const file = join(work, 'runs', id, 'journal.jsonl')
      await lose(file)
      const program = (...args: string[]) => runInside([...args, '--state-directory', work])
      const resumed = await program('runs', 'resume', id, '--yes')
      expect([resumed.code, resumed.stderr]).toEqual([5, expect.stringContaining(`hsm-enroll runs repair ${id}`)])
      const repaired = await program('runs', 'repair', id)
      expect([repaired.code, repaired.stderr]).toEqual([5, expect.stringContaining(`hsm-enroll runs abandon ${id}`)])
      expect(repaired.stderr).not.toContain('runs repair')
      const shown = await program('runs', 'abandon', id, '--yes')
      expect(shown.stderr).toContain(rehearsal.ca.orders[0]?.orderNumber)
      // A backup from before the order.
      await writeFile(
        file,
        journal.subarray(0, journal.indexOf('{"seq":5') === -1 ? journal.length : journal.indexOf('{"seq":5')),
      )
      const again = await program('runs', 'resume', id, '--yes')
      expect(again.code, again.stderr).toBe(5)
      await lose(file)
      const given = await program('runs', 'abandon', id, '--despite-order', '--yes')
      expect(given.code, given.stderr).toBe(0)
      expect([rehearsal.ca.orders.length, keys()]).toEqual([1, 1])
    },
  )

  it('goes on with the order number that the ledger remembers, to the certificate on the device', async () => {
    for (const cut of cuts().filter((at) => at > journal.indexOf(0x0a))) {
      await cutTo(cut)
      const { state, why } = await withRun(id, services(work), async ({ record }) => ({
        state: record.state,
        why: record.unknownReason,
      }))
      if (state !== 'unknown' && state !== 'submitting') continue
      const [order] = rehearsal.ca.orders
      if (state === 'unknown') expect(why).toContain(order?.orderNumber)
      const said = await runInside([
        ...['runs', 'resolve', id, '--order-number', order?.orderNumber ?? ''],
        ...['--state-directory', work],
      ])
      expect(said.code, said.stderr).toBe(0)
      const end = await resume(id, { confirm: yes, wait: true }, services(work))
      expect(end.record.state, `cut at ${cut}`).toBe('installed')
    }
    expect(rehearsal.ca.orders.length).toBe(1)
    expect(keys()).toBe(1)
  })
})
