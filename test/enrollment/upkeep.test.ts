import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import type { ProgramEnd } from './built-program.ts'
import { runInside } from './run-inside.ts'

/** Runs that do not go on by themselves, and a ledger that is not as it was: what a person does about them. */
let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upkeep-'))
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
}
const shown = (end: ProgramEnd): Shown => JSON.parse(end.stdout) as Shown
const state = (): readonly string[] => ['--json', '--state-directory', rehearsal.stateDirectory]
const enroll = (...more: string[]): Promise<ProgramEnd> =>
  runInside(['enroll', rehearsal.profile, '--yes', '--json', ...more])
const runs = (...args: string[]): Promise<ProgramEnd> => runInside(['runs', ...args, ...state()])
const ledger = (...args: string[]): Promise<ProgramEnd> => runInside(['ledger', ...args, ...state()])
const inLedger = async (room: string): Promise<readonly string[]> => {
  const path = join(rehearsal.stateDirectory, 'ledger', room)
  return (await readdir(path)).map((name) => join(path, name))
}

describe('a run that is abandoned', () => {
  it('with an order that may exist asks for a word of its own, and goes on no more', async () => {
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    const run = shown(await enroll())
    const refused = await runs('abandon', run.id, '--yes')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('runs resolve')
    const unasked = await runs('abandon', run.id, '--despite-order')
    expect(unasked.code, 'nobody said yes').toBe(2)
    const abandoned = await runs('abandon', run.id, '--despite-order', '--yes')
    expect(abandoned.code, abandoned.stderr).toBe(0)
    expect(shown(abandoned)).toMatchObject({ state: 'abandoned', abandonedAs: 'unknown' })
    for (const verb of ['resume', 'watch']) expect((await runs(verb, run.id)).code).toBe(2)
    const next = await enroll('--wait')
    expect(next.code, 'the profile is free again').toBe(0)
    expect((await ledger('check')).code).toBe(0)
  })

  it('before its order leaves its key, and says where', async () => {
    const run = shown(await runInside(['keygen', rehearsal.profile, '--json']))
    const abandoned = await runs('abandon', run.id, '--yes')
    expect(abandoned.code, abandoned.stderr).toBe(0)
    expect(abandoned.stderr).toMatch(/the key 0x[0-9a-f]{4}, which stays on the device/)
  })

  it('without a journal goes by the ledger, and aside', async () => {
    const run = shown(await enroll('--wait'))
    await writeFile(join(run.folder, 'journal.jsonl'), '')
    expect((await runs('repair', run.id)).code).toBe(5)
    expect((await enroll()).stdout).toContain('run.damaged')
    const refused = await runs('abandon', run.id, '--yes')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(rehearsal.ca.orders[0]?.orderNumber)
    const abandoned = await runs('abandon', run.id, '--yes', '--despite-order')
    expect(abandoned.code, abandoned.stderr).toBe(0)
    expect(await readdir(shown(abandoned).folder)).toContain('certificate.pem')
    expect((await enroll('--wait')).code).toBe(0)
  })
})

describe('a damaged journal that is repaired', () => {
  it('leaves the order unknown, and the run goes on with the number that the operator says', async () => {
    const run = shown(await enroll('--wait'))
    const file = join(run.folder, 'journal.jsonl')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('"type":"attested"', '"type":"attestet"'))
    const damaged = await runs('resume', run.id)
    expect(damaged.code).toBe(5)
    expect(damaged.stderr).toContain(`runs repair ${run.id}`)
    const repaired = await runs('repair', run.id)
    expect(repaired.code, repaired.stderr).toBe(0)
    expect(shown(repaired).state).toBe('unknown')
    const kept = (await readdir(run.folder)).find((name) => name.startsWith('journal.damaged-'))
    expect(await readFile(join(run.folder, kept ?? ''), 'utf8')).toContain('attestet')
    const number = rehearsal.ca.orders[0]?.orderNumber ?? ''
    expect((await runs('resolve', run.id, '--order-number', number)).code).toBe(0)
    expect(shown(await runs('resume', run.id, '--wait')).state).toBe('installed')
    expect(rehearsal.ca.orders).toHaveLength(1)
  })
})

describe('pruning', () => {
  it('removes the runs that made nothing, and no other', async () => {
    const kept = shown(await runInside(['keygen', rehearsal.profile, '--json']))
    const away = join(folder, 'away.yaml')
    const text = await readFile(rehearsal.profile, 'utf8')
    await writeFile(away, text.replace(/connector=http:\/\/[\d.:]+/, 'connector=http://127.0.0.1:9'))
    expect((await runInside(['enroll', away, '--yes'])).code).toBe(3)
    const empty = join(rehearsal.stateDirectory, 'runs', '2026-01-01-aaaaaa')
    await mkdir(empty)
    await writeFile(join(empty, 'journal.jsonl'), '')
    const withFile = join(rehearsal.stateDirectory, 'runs', '2026-01-01-bbbbbb')
    await mkdir(withFile)
    await writeFile(join(withFile, 'attestation.pem'), '')
    const listed = JSON.parse((await runs('prune', '--dry-run')).stdout) as { runs: readonly string[] }
    const pruned = JSON.parse((await runs('prune')).stdout) as { runs: readonly string[] }
    expect(pruned.runs).toEqual(listed.runs)
    expect(pruned.runs).toHaveLength(2)
    expect((await readdir(join(rehearsal.stateDirectory, 'runs'))).sort()).toEqual(['2026-01-01-bbbbbb', kept.id])
  })

  it('leaves a run without a journal that the ledger knows to have generated a key', async () => {
    const run = shown(await runInside(['keygen', rehearsal.profile, '--json']))
    for (const name of await readdir(run.folder)) await rm(join(run.folder, name))
    await writeFile(join(run.folder, 'journal.jsonl'), '')
    expect(JSON.parse((await runs('prune')).stdout)).toMatchObject({ runs: [] })
  })
})

describe('the ledger', () => {
  it('agrees with the journals after an order that was refused, placed again and installed', async () => {
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -7, message: 'Refused.' })
    const run = shown(await enroll('--wait'))
    expect((await runs('resume', run.id, '--order-again', '--yes', '--wait')).code).toBe(0)
    const check = await ledger('check')
    expect(check.code, check.stdout).toBe(0)
    expect(JSON.parse(check.stdout)).toEqual({ runs: 1, disagreements: [] })
  })

  it('is made from the journals where it is gone, with the claims that keep a key from a second order', async () => {
    const run = shown(await enroll('--wait'))
    const claims = await inLedger('claims')
    await rm(join(rehearsal.stateDirectory, 'ledger'), { recursive: true })
    expect((await ledger('check')).code, 'what is not there disagrees').toBe(1)
    const rebuilt = await ledger('rebuild')
    expect(rebuilt.code, rebuilt.stdout).toBe(0)
    expect(await inLedger('claims')).toEqual(claims)
    expect((await ledger('check')).code).toBe(0)
    expect(shown(await runs('show', run.id)).state).toBe('installed')
  })

  it('that is damaged is never taken for empty; rebuilt, it keeps what it can and says what was lost', async () => {
    const run = shown(await enroll('--wait'))
    const [order = '', claim = ''] = [...(await inLedger('order')), ...(await inLedger('claims'))]
    const [said = ''] = await inLedger('runs')
    const text = await readFile(said, 'utf8')
    await writeFile(said, text.replace('intended', 'intendet'))
    await appendFile(order, 'no fact\n')
    await writeFile(claim, '')
    for (const end of [await ledger('check'), await runs('resume', run.id), await enroll()]) {
      expect(end.code, end.stderr).toBe(5)
      expect(end.stderr).toContain('ledger rebuild')
    }
    const rebuilt = await ledger('rebuild')
    expect(rebuilt.code, rebuilt.stdout).toBe(0)
    expect((JSON.parse(rebuilt.stdout) as { damaged: string[] }).damaged.sort()).toEqual([order, claim, said].sort())
    expect((await ledger('check')).code).toBe(0)
    expect(await readFile(claim, 'utf8')).toContain(run.id)
  })

  it('says which run’s journal has lost what it knows', async () => {
    const run = shown(await enroll('--wait'))
    const file = join(run.folder, 'journal.jsonl')
    const lines = (await readFile(file, 'utf8')).split('\n')
    await writeFile(file, `${lines.slice(0, 7).join('\n')}\n`)
    const check = await ledger('check')
    expect(check.code).toBe(1)
    const { disagreements } = JSON.parse(check.stdout) as { disagreements: { run: string; kind: string }[] }
    expect(new Set(disagreements.map(({ run: id, kind }) => `${id} ${kind}`))).toEqual(new Set([`${run.id} lost`]))
  })
})
