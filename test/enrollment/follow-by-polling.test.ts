import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CertificateAuthorityOptions } from '../../src/sandbox/certificate-authority/certificate-authority.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import type { ProgramEnd } from './built-program.ts'
import { leapOverPauses } from './leaping-clock.ts'
import { runInside } from './run-inside.ts'
import { startProgram } from './running-program.ts'

const HOUR = 3_600_000

let folder: string
let rehearsal: Rehearsal
async function rehearse(authority: Partial<CertificateAuthorityOptions>): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'polling-'))
  rehearsal = await startRehearsal({
    directory: folder,
    device: 'yubihsm2',
    algorithm: 'P-256',
    authority: { now: () => Date.now(), ...authority },
  })
}
let walk: () => void = () => undefined
afterEach(async () => {
  walk()
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

/** With the documented floor of three hours. */
const FLOOR = { HSM_ENROLL_SECTIGO_POLL_SECONDS: '10800' }
const patiently = (...args: string[]): Promise<ProgramEnd> => runInside(args, { env: FLOOR })
const state = (): string[] => ['--state-directory', rehearsal.stateDirectory]
const collected = (): number => rehearsal.ca.counters.requests['download/CollectSSL'] ?? 0
const placed = (): number => rehearsal.ca.counters.requests['!AutoApplyOrder'] ?? 0

interface Shown {
  readonly id: string
  readonly state: string
  readonly folder: string
  readonly orderNumber?: string
  readonly rejection?: string
}
const shown = (end: ProgramEnd): Shown => JSON.parse(end.stdout) as Shown

interface Step {
  readonly id: string
  readonly status: string
}
/** The states of callback and agreement, question by question. */
async function stepsSeen({ folder: run }: Shown): Promise<readonly string[]> {
  const lines = (await readFile(join(run, 'journal.jsonl'), 'utf8')).trim().split('\n')
  const events = lines.map((line) => (JSON.parse(line) as { event: { type: string; steps?: readonly Step[] } }).event)
  return events
    .filter(({ type }) => type === 'progress')
    .map(({ steps = [] }) =>
      ['organization-validation', 'callback', 'agreement']
        .map((name) => steps.find(({ id }) => id === name)?.status ?? '-')
        .join(' '),
    )
}

describe('enroll --wait', () => {
  beforeEach(() => {
    walk = leapOverPauses()
  })

  it('walks through pending, callback, agreement and issue, three hours between two questions', async () => {
    await rehearse({
      flow: [
        { after: 2.9 * HOUR, action: 'validate-organization' },
        { after: 2.9 * HOUR, action: 'start-callback' },
        { after: 5.9 * HOUR, action: 'callback' },
        { after: 5.9 * HOUR, action: 'send-agreement' },
        { after: 8.9 * HOUR, action: 'agreement' },
        { after: 8.9 * HOUR, action: 'issue' },
      ],
    })
    const end = await patiently('enroll', rehearsal.profile, '--yes', '--wait', '--json')
    expect(end.code, end.stderr).toBe(0)
    expect(shown(end).state).toBe('installed')
    expect(await stepsSeen(shown(end))).toEqual(['open open open', 'done in-progress open', 'done done in-progress'])
    // What a person must do now stands on stderr while it is open, and only then.
    const waits = end.stderr.split('\n… ').slice(1)
    expect(waits).toHaveLength(3)
    expect(waits[0]).toContain('Sectigo checks the organization')
    expect(waits[1]).toContain('Answer the callback')
    expect(waits[1]).not.toContain('checks the organization')
    expect(waits[2]).toContain('Accept the subscriber agreement')
    expect(waits[2]).not.toContain('Answer the callback')
    expect(waits[0]).toMatch(/again at \d{4}-\d\d-\d\dT/)
    expect(collected()).toBe(4)
    expect(rehearsal.ca.counters).toMatchObject({ collectedTooSoon: 0, collectedConcurrently: 0 })
    expect(placed()).toBe(1)
  })

  it('says once what is to be done, and then only that nothing is new', async () => {
    const actions = ['validate-organization', 'callback', 'agreement', 'issue'] as const
    await rehearse({ flow: actions.map((action) => ({ after: 8.9 * HOUR, action })) })
    const end = await patiently('enroll', rehearsal.profile, '--yes', '--wait')
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr.match(/Sectigo checks the organization/g)).toHaveLength(1)
    expect(end.stderr.match(/nothing new; the CA may be asked for the certificate again at/g)).toHaveLength(2)
  })

  it('outlasts answers that are lost, at the same pace', async () => {
    await rehearse({ flow: [] })
    const first = await patiently('enroll', rehearsal.profile, '--yes', '--json')
    expect(first.code, first.stderr).toBe(6)
    const { id, orderNumber = '' } = shown(first)
    for (const kind of ['lost-reply', 'html', 'server-error'] as const)
      rehearsal.ca.fail({ endpoint: 'download/CollectSSL', kind }, { endpoint: '!GetDetailedOrderStatus', kind })
    for (const code of [-42, -14])
      rehearsal.ca.fail({ endpoint: 'download/CollectSSL', kind: 'error', code, message: 'later' })
    for (const action of ['validate-organization', 'callback', 'agreement', 'issue'] as const)
      expect(rehearsal.ca.perform(orderNumber, action)).toBe(true)
    const end = await patiently('runs', 'watch', id, '--json', ...state())
    expect(end.code, end.stderr).toBe(0)
    expect(collected()).toBe(7)
    expect(rehearsal.ca.counters.collectedTooSoon).toBe(0)
  })
})

describe('an order that takes longer than the program runs', () => {
  it('is not asked about too early by a new process, which says when it may ask; `runs watch` ends it', async () => {
    await rehearse({ flow: [] })
    const first = await runInside(['enroll', rehearsal.profile, '--yes', '--json'], { env: FLOOR })
    expect(first.code, first.stderr).toBe(6)
    const { id, orderNumber = '' } = shown(first)
    expect(collected()).toBe(1)
    const early = await runInside(['runs', 'resume', id, ...state()], { env: FLOOR })
    expect(early.code, early.stderr).toBe(6)
    expect(collected(), 'no question reached the CA').toBe(1)
    const [, when = ''] = /ask again +(\S+)/.exec(early.stdout) ?? []
    expect(Math.abs(Date.parse(when) - Date.now() - 3 * HOUR)).toBeLessThan(HOUR)
    expect(early.stderr).toContain(when)
    expect(early.stdout).toContain('Answer the callback')
    expect((await runInside(['certificate', 'collect', id, ...state()], { env: FLOOR })).code).toBe(6)
    expect(collected()).toBe(1)
    for (const action of ['validate-organization', 'callback', 'agreement', 'issue'] as const)
      expect(rehearsal.ca.perform(orderNumber, action)).toBe(true)
    walk = leapOverPauses()
    const end = await patiently('runs', 'watch', id, '--json', ...state())
    expect(end.code, end.stderr).toBe(0)
    expect(shown(end).state).toBe('installed')
    expect(collected()).toBe(2)
    expect(placed()).toBe(1)
  })
})

describe('an order that the CA rejects', () => {
  it('after it was accepted is shown with the reason; --order-again places exactly one more', async () => {
    await rehearse({ flow: [] })
    const first = await runInside(['enroll', rehearsal.profile, '--yes', '--json'])
    expect(first.code, first.stderr).toBe(6)
    const { id, orderNumber = '' } = shown(first)
    expect(rehearsal.ca.perform(orderNumber, 'reject', 'documents missing')).toBe(true)
    const watched = await runInside(['runs', 'watch', id, '--json', ...state()])
    expect(watched.code, watched.stderr).toBe(4)
    expect(shown(watched)).toMatchObject({ state: 'rejected', orderNumber })
    const shownRun = await runInside(['runs', 'show', id, ...state()])
    expect(shownRun.stdout).toMatch(/state +rejected/)
    expect(shownRun.stdout).toMatch(/rejected +.*documents missing/)
    expect(shownRun.stdout).toContain('--order-again')
    expect((await runInside(['runs', 'resume', id, '--yes', ...state()])).code).toBe(4)
    expect(placed()).toBe(1)
    const again = await runInside(['runs', 'resume', id, '--yes', '--order-again', '--json', ...state()])
    expect(again.code, again.stderr).toBe(6)
    expect(shown(again).orderNumber).not.toBe(orderNumber)
    expect(placed()).toBe(2)
  })

  it('at once, and again after --order-again, is sent once for each word of the operator', async () => {
    await rehearse({ flow: [] })
    const refusal = { endpoint: '!AutoApplyOrder', kind: 'error', code: -15, message: 'Not enough credit!' } as const
    rehearsal.ca.fail(refusal, refusal, refusal)
    const first = await runInside(['enroll', rehearsal.profile, '--yes'])
    expect(first.code, first.stderr).toBe(4)
    expect(first.stderr).toMatch(/-15: Not enough credit!.*Try: \S/)
    const [, id = ''] = /run (\S+) in/.exec(first.stderr) ?? []
    const again = await runInside(['runs', 'resume', id, '--yes', '--order-again', '--json', ...state()])
    expect(again.code, again.stderr).toBe(4)
    expect(placed()).toBe(2)
    // Commands that only ask never order.
    for (const command of [
      ['certificate', 'collect'],
      ['runs', 'watch'],
      ['certificate', 'install'],
    ]) {
      const end = await runInside([...command, id, ...state()])
      expect(end.code, command.join(' ')).not.toBe(0)
    }
    expect(placed()).toBe(2)
  })

  it.each([
    [-129, "Error in key attestation verification 'chain'", /causes +\S.*Try: /],
    [-15, 'Not enough credit!', /refusal +-15: .*Try: \S/],
    [-16, 'Permission denied!', /refusal +-16: .*Try: .*log in/i],
  ])('%i is shown with what can be done about it', async (code, message, says) => {
    await rehearse({ flow: [] })
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code, message })
    const end = await runInside(['enroll', rehearsal.profile, '--yes'])
    expect(end.code, end.stderr).toBe(4)
    expect(end.stdout).toMatch(says)
  })
})

it('a refusal behind which an order may hide is not ordered again before somebody has looked', async () => {
  await rehearse({ flow: [] })
  rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -14, message: 'An unknown error occurred!' })
  const first = await runInside(['enroll', rehearsal.profile, '--yes', '--json'])
  expect(first.code, first.stderr).toBe(4)
  const { id } = shown(first)
  const again = await runInside(['runs', 'resume', id, '--yes', '--order-again', ...state()])
  expect(again.code, again.stderr).toBe(5)
  expect(again.stderr).toMatch(
    /answered -14 but may have accepted the order\.\nTry: .*runs resolve.*\n\(order\.in-doubt, exit 5\)/,
  )
  expect(placed()).toBe(1)
  expect((await runInside(['runs', 'resolve', id, '--not-placed', ...state()])).code).toBe(0)
  const resumed = await runInside(['runs', 'resume', id, '--yes', '--json', ...state()])
  expect(resumed.code, resumed.stderr).toBe(6)
  expect(shown(resumed).state).toBe('ordered')
  expect(placed()).toBe(2)
})

it('Ctrl-C before the order ends the run there, and nothing is ordered', async () => {
  await rehearse({ flow: [] })
  // The first question comes before the key, the second before the order.
  rehearsal.ca.fail(
    { endpoint: '!getAccountBalance', kind: 'slow', delay: 1 },
    { endpoint: '!getAccountBalance', kind: 'slow', delay: 120_000 },
  )
  const enrolling = startProgram(['enroll', rehearsal.profile, '--yes'])
  const asked = (): number | undefined => rehearsal.ca.counters.requests['!getAccountBalance']
  await vi.waitFor(() => expect(asked()).toBe(2), { timeout: 60_000 })
  const { code, stderr } = await enrolling.stop()
  expect(code, stderr).toBe(6)
  expect(stderr).toContain('Stopped before the order')
  expect(placed()).toBe(0)
  const [, id = ''] = /run (\S+) in/.exec(stderr) ?? []
  const resumed = await runInside(['runs', 'resume', id, '--yes', '--json', ...state()])
  expect(resumed.code, resumed.stderr).toBe(6)
  expect(shown(resumed).state).toBe('ordered')
  expect(placed()).toBe(1)
})

it('Ctrl-C ends a batch, too: no further profile is begun', async () => {
  await rehearse({ flow: [] })
  await copyFile(rehearsal.profile, join(dirname(rehearsal.profile), 'second.yaml'))
  const jobs = join(folder, 'jobs')
  await writeFile(jobs, `${rehearsal.profile}\n${join(dirname(rehearsal.profile), 'second.yaml')}\n`)
  const working = startProgram(['batch', jobs, '--yes', '--wait', '--keep-going', '--json'])
  await working.until(/may be asked for the certificate again/)
  const { code, stdout, stderr } = await working.stop()
  expect(code, stderr).toBe(6)
  expect(stderr).toContain('not started: 1')
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ error: { code: 'run.stopped' } }])
  expect(placed()).toBe(1)
})

it('Ctrl-C while the CA works ends with "not issued yet", and the run goes on from there', async () => {
  await rehearse({ flow: [] })
  const waiting = startProgram(['enroll', rehearsal.profile, '--yes', '--wait'])
  await waiting.until(/may be asked for the certificate again/)
  const { code, stderr } = await waiting.stop()
  expect(code, stderr).toBe(6)
  expect(stderr).toContain('run.stopped')
  const { runs } = JSON.parse((await runInside(['runs', 'list', '--json', ...state()])).stdout) as { runs: Shown[] }
  expect(runs).toMatchObject([{ state: 'ordered' }])
  expect(placed()).toBe(1)
})
