import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import type { ProgramEnd } from './built-program.ts'
import { runInside } from './run-inside.ts'

let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ca-first-'))
  double = await startYubiHsm2Double()
  rehearsal = await startRehearsal({ directory: folder, device: double, algorithm: 'P-256' })
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const program = (...args: string[]): Promise<ProgramEnd> => runInside(args, { env: rehearsal.environment })
const keys = (): number => double.device.store.list().filter(({ type }) => type === 3).length
const runs = (): Promise<readonly string[]> => readdir(join(rehearsal.stateDirectory, 'runs')).catch(() => [])

describe('before a key is generated', () => {
  it('a login that the CA refuses ends an enrolment, and a whole batch, at one question', async () => {
    await writeFile(join(folder, 'secret-login-password'), 'wrong-one')
    const end = await program('enroll', rehearsal.profile, '--yes', '--json')
    expect(end.code, end.stderr).toBe(4)
    expect(end.stdout).toContain('sectigo.refused')
    expect(end.stderr).toContain('-16')
    const profile = await readFile(rehearsal.profile, 'utf8')
    const names = ['One', 'Two', 'Three']
    for (const name of names)
      await writeFile(join(folder, `${name}.yaml`), profile.replace('CN=Example Signing', `CN=${name} Signing`))
    const jobs = join(folder, 'jobs')
    await writeFile(jobs, names.map((name) => `${name}.yaml\n`).join(''))
    const batch = await program('batch', jobs, '--yes', '--keep-going', '--json')
    expect(batch.code, batch.stderr).toBe(4)
    expect(batch.stdout.trim().split('\n')).toHaveLength(1)
    expect(batch.stderr).toContain('profiles that were not started: 2')
    expect([keys(), await runs()]).toEqual([0, []])
    expect(rehearsal.ca.counters.requests).toEqual({ '!getAccountBalance': 2 })
  })

  it('a CA that cannot be reached ends it', async () => {
    const profile = await readFile(rehearsal.profile, 'utf8')
    await writeFile(rehearsal.profile, profile.replace(/endpoint: .*/, 'endpoint: https://127.0.0.1:1/products/'))
    const end = await program('enroll', rehearsal.profile, '--yes', '--json')
    expect(end.code, end.stderr).toBe(4)
    expect(end.stdout).toContain('sectigo.not-sent')
    expect([keys(), await runs()]).toEqual([0, []])
  })

  it.each([
    ['an account that has no balance', { kind: 'error', code: -19, message: 'Only for CCM accounts!' }],
    ['an answer that cannot be read', { kind: 'html' }],
  ] as const)('%s is no reason not to begin', async (_name, fault) => {
    rehearsal.ca.fail({ endpoint: '!getAccountBalance', ...fault })
    const end = await program('enroll', rehearsal.profile, '--yes', '--wait', '--json')
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toContain('the balance could not be read')
  })

  it('single steps that end before an order ask no CA', async () => {
    const end = await program('csr', rehearsal.profile, '--json')
    expect(end.code, end.stderr).toBe(0)
    expect(rehearsal.ca.counters.requests).toEqual({})
  })
})
