import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { stringify } from 'yaml'
import { takeKernelLock } from '../../devices/lock/kernel-lock.ts'
import { STOP_SIGNALS } from '../../src/cli/stop-signals.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { type ProgramEnd, runProgram } from '../enrollment/built-program.ts'
import { startProgram } from '../enrollment/running-program.ts'
import { makeCsr } from '../sectigo/rehearsal-kit.ts'

let folder: string
let rehearsal: Rehearsal
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signals-'))
  rehearsal = await startRehearsal({
    directory: join(folder, 'r'),
    device: 'yubihsm2',
    algorithm: 'P-256',
    authority: { account: { credit: '100000.00' }, flow: [] },
  })
})
afterAll(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const requests = (endpoint: string): number => rehearsal.ca.counters.requests[endpoint] ?? 0
const formFile = async (name: string, form: Record<string, unknown>): Promise<string> => {
  const file = join(folder, `${name}.yaml`)
  await writeFile(file, stringify(form))
  return file
}

/** Runs a command; once the CA has its request, signals it; the CA answers when the program has heard of the signal. */
async function stopDuring(
  endpoint: string,
  signal: NodeJS.Signals,
  args: readonly string[],
  fault: { readonly accepts?: boolean } = {},
): Promise<ProgramEnd> {
  let answer = (): void => undefined
  const until = new Promise<void>((done) => {
    answer = done
  })
  rehearsal.ca.fail({ endpoint, kind: 'slow', until, ...fault })
  const before = requests(endpoint)
  const program = startProgram(args)
  const over = program.ended.then(
    () => true,
    () => true,
  )
  try {
    await Promise.race([over, vi.waitUntil(() => requests(endpoint) > before, { timeout: 60_000, interval: 5 })])
    const stopped = program.stop(signal)
    await Promise.race([over, program.until(/Stopping cleanly/)])
    answer()
    return await stopped
  } finally {
    answer()
  }
}

interface Shown {
  readonly id: string
  readonly state: string
}

let states = 0
/** A state folder of its own, so that the profile can be enrolled once more. */
const ownState = (): string => join(folder, `state-${++states}`)
const enroll = (state: string): readonly string[] => [
  'enroll',
  rehearsal.profile,
  '--yes',
  '--json',
  '--state-directory',
  state,
]

describe('a signal while the order is with the CA', () => {
  it.each(STOP_SIGNALS)('%s waits for the answer, keeps it, and ends with the code of the state', async (signal) => {
    const state = ownState()
    const before = requests('!AutoApplyOrder')
    const end = await stopDuring('!AutoApplyOrder', signal, enroll(state))
    expect(end, end.stderr).toMatchObject({ code: 6, signal: null })
    expect((JSON.parse(end.stdout) as Shown).state).toBe('ordered')
    expect(end.stderr).toContain(`Stopping cleanly (${signal})`)
    expect(requests('!AutoApplyOrder')).toBe(before + 1)
    // Nothing more was asked of the CA once it had been told to stop.
    expect(end.stderr).not.toMatch(/error:/)
  })

  it('a session that goes away sends SIGHUP twice, and then SIGTERM', async () => {
    let answer = (): void => undefined
    const until = new Promise<void>((done) => {
      answer = done
    })
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'slow', until })
    const before = requests('!AutoApplyOrder')
    const program = startProgram(enroll(ownState()))
    await vi.waitUntil(() => requests('!AutoApplyOrder') > before, { timeout: 60_000, interval: 5 })
    void program.stop('SIGHUP')
    await program.until(/Stopping cleanly/)
    void program.stop('SIGHUP')
    const ended = program.stop('SIGTERM')
    answer()
    const end = await ended
    expect(end, end.stderr).toMatchObject({ code: 6, signal: null })
  })

  it('an answer that says nothing ends with 5', async () => {
    const lost = await stopDuring('!AutoApplyOrder', 'SIGTERM', enroll(ownState()), { accepts: false })
    expect(lost, lost.stderr).toMatchObject({ code: 5, signal: null })
    expect((JSON.parse(lost.stdout) as Shown).state).toBe('unknown')
  })

  it('resume, batch and order submit hear it as enroll does', async () => {
    const state = ownState()
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -4, message: 'bad value' })
    const refused = await runProgram(enroll(state))
    expect(refused.code, refused.stderr).toBe(4)
    const { id } = JSON.parse(refused.stdout) as Shown
    const jobs = join(folder, 'jobs')
    await writeFile(jobs, `${rehearsal.profile}\n${rehearsal.profile}\n`)
    const own = ['--profile', rehearsal.profile, '--state-directory', ownState(), '--yes', '--json']
    const form = await formFile('submit', {
      days: 365,
      product: 506,
      appRepEmailAddress: 'a@example.org',
      csr: makeCsr('CN=Ada Example', testKeyPair('P-256')),
      isCustomerValidated: 'N',
    })
    const resumed = await stopDuring('!AutoApplyOrder', 'SIGTERM', [
      'runs',
      'resume',
      id,
      '--order-again',
      '--yes',
      '--json',
      '--state-directory',
      state,
    ])
    expect(resumed, resumed.stderr).toMatchObject({ code: 6, signal: null })
    const batch = await stopDuring('!AutoApplyOrder', 'SIGHUP', [
      'batch',
      jobs,
      '--yes',
      '--json',
      '--state-directory',
      ownState(),
    ])
    expect(batch, batch.stderr).toMatchObject({ code: 6, signal: null })
    expect(batch.stdout.trim().split('\n')).toHaveLength(1)
    expect(batch.stderr).toContain('profiles that were not started: 1')
    const submitted = await stopDuring('!AutoApplyOrder', 'SIGTERM', ['order', 'submit', form, ...own])
    expect(submitted, submitted.stderr).toMatchObject({ code: 0, signal: null })
    expect(JSON.parse(submitted.stdout)).toMatchObject({ state: 'ordered' })
  })

  it.each([
    ['!AutoAuthorize', ['order', 'authorize', '123456']],
    ['!autoRevokeCertificate', ['order', 'revoke', '--order-number', '123456']],
    ['!AutoRefund', ['order', 'refund', '123456', '--reason-code', '1']],
  ])('%s: the answer is shown', async (endpoint, args) => {
    const end = await stopDuring(endpoint, 'SIGTERM', [
      ...args,
      '--yes',
      '--profile',
      rehearsal.profile,
      '--state-directory',
      ownState(),
    ])
    // The rehearsal has no such order, and says so.
    expect(end, end.stderr).toMatchObject({ code: 4, signal: null })
    expect(end.stdout).toMatch(/refused, -\d+/)
  })
})

describe('a signal where nothing is at stake', () => {
  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('%s ends a command that awaits its input', async (signal) => {
    const child = spawn(process.execPath, [resolve('dist/cli/main.js'), 'check', '--attestation', '-'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const ended = new Promise<NodeJS.Signals | number | null>((done) =>
      child.once('exit', (code, by) => done(by ?? code)),
    )
    // More than a socket holds: it is written once the command reads.
    child.stdin.write('x'.repeat(800_000), () => child.kill(signal))
    expect(await ended).toBe(signal)
    child.stdin.destroy()
  })

  it('waiting for the CA ends at once, with the run kept', async () => {
    const program = startProgram([...enroll(ownState()), '--wait'])
    await program.until(/may be asked/)
    const end = await program.stop('SIGTERM')
    expect(end, end.stderr).toMatchObject({ code: 6, signal: null })
    expect(end.stderr).toContain('run.stopped')
  })
})

/** Does a process wait for this lock? flock(1) has the file as its descriptor 3. */
function isAwaited(lock: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('flock\u0000') &&
        readlinkSync(`/proc/${pid}/fd/3`) === lock
      )
    } catch {
      return false
    }
  })
}

it.runIf(process.platform === 'linux').each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
  '%s ends the wait for a question that another process has with the CA, and says how to go on',
  async (signal) => {
    const state = ownState()
    const ordered = await runProgram(enroll(state))
    const { id } = JSON.parse(ordered.stdout) as Shown
    const holder = await takeKernelLock(join(state, 'poll.lock'), {})
    if (holder.kind === 'held') throw new Error('nobody else has it')
    try {
      const program = startProgram(['certificate', 'collect', id, '--state-directory', state])
      await vi.waitUntil(() => isAwaited(join(state, 'poll.lock')), { timeout: 60_000 })
      const end = await program.stop(signal)
      expect(end, end.stderr).toMatchObject({ code: 6, signal: null })
      expect(end.stderr).toContain('Stopped while waiting for the CA; nothing is lost.')
      expect(end.stderr).toContain(`hsm-enroll runs resume ${id}`)
    } finally {
      holder.lock.release()
    }
  },
)

it.runIf(process.platform !== 'win32')('SIGUSR1 opens no debugger', async () => {
  const program = startProgram(['listen', '--port', '0', '--state-directory', ownState()])
  await program.until(/Listening on/)
  void program.stop('SIGUSR1')
  // A round trip through the program: the signal was delivered before the one that ends it.
  const end = await program.stop('SIGTERM')
  expect(end, end.stderr).toMatchObject({ code: 0, signal: null })
  expect(end.stderr).not.toMatch(/Debugger|ws:/)
})
