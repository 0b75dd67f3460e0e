import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { advance } from '../../src/enrollment/advance.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import { withRun } from '../../src/enrollment/run.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { validatorOf } from '../cli/published-schemas.ts'
import { runInside } from './run-inside.ts'

let folder: string
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'all-'))
  const authority = { flow: [], account: { credit: '1000000.00' } }
  rehearsal = await startRehearsal({ directory: folder, device: 'yubihsm2', algorithm: 'P-256', authority })
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

interface Line {
  readonly run: string
  readonly state: string
  readonly exitCode: number
  readonly error?: { readonly code: string }
}
const begin = async (...words: string[]): Promise<{ readonly id: string; readonly orderNumber: string }> =>
  JSON.parse((await runInside([...words, rehearsal.profile, '--json'])).stdout)
async function resumeAll(
  ...more: string[]
): Promise<{ readonly code: number | null; readonly lines: readonly Line[] }> {
  const { code, stdout } = await runInside(['runs', 'resume', '--all', '--json', ...more], {
    env: { STATE_DIRECTORY: rehearsal.stateDirectory },
  })
  const lines = stdout.trimEnd().split('\n')
  const values = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line)
  for (const value of values) expect(validatorOf('resumed-run')(value), JSON.stringify(value)).toBe(true)
  return { code, lines: values }
}

describe('runs resume --all', () => {
  it('continues what has an order, and places none without a yes', async () => {
    const ordered = await begin('enroll', '--yes')
    const given = await begin('keygen')
    const lost = await (async () => {
      rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
      return begin('enroll', '--yes', '--new')
    })()
    for (const action of ['validate-organization', 'callback', 'agreement', 'issue'] as const)
      rehearsal.ca.perform(ordered.orderNumber, action)
    const orders = rehearsal.ca.orders.length
    let first = await resumeAll()
    // The CA is not asked again before its pause is over.
    while (first.lines.some(({ state }) => state === 'ordered')) first = await resumeAll()
    expect(first).toEqual({ code: 0, lines: [expect.objectContaining({ run: ordered.id, state: 'installed' })] })
    expect(await resumeAll()).toEqual({ code: 0, lines: [] })
    expect(rehearsal.ca.orders).toHaveLength(orders)
    const second = await resumeAll('--yes')
    expect(second).toMatchObject({ code: 6, lines: [{ run: given.id, state: 'ordered', exitCode: 6 }] })
    expect(rehearsal.ca.orders).toHaveLength(orders + 1)
    expect(lost.id, 'an unknown outcome is a person’s').not.toBe(given.id)
  })

  it('tries a login that the CA refuses once; runs that need no CA, or log in otherwise, go on', async () => {
    const [issued, first, second] = [
      await begin('enroll', '--yes'),
      await begin('enroll', '--yes', '--new'),
      await begin('enroll', '--yes', '--new'),
    ]
    const password = join(folder, 'other-password')
    await writeFile(password, rehearsal.ca.login.loginPassword, { mode: 0o600 })
    const other = join(folder, 'other.yaml')
    const profile = await readFile(rehearsal.profile, 'utf8')
    await writeFile(other, profile.replace(/loginPassword: .*/, `loginPassword: file:${password}`))
    const elsewhere = JSON.parse((await runInside(['enroll', other, '--yes', '--new', '--json'])).stdout)
    for (const action of ['validate-organization', 'callback', 'agreement', 'issue'] as const)
      rehearsal.ca.perform(issued.orderNumber, action)
    const services = createRealServices({
      stateDirectory: rehearsal.stateDirectory,
      reading: { env: {} },
      observer: { step: () => undefined },
    })
    await withRun(issued.id, services, (run) => advance(run, { until: 'issued', wait: true }))
    await writeFile(join(folder, 'secret-login-password'), 'wrong-password', { mode: 0o600 })
    let pass = await resumeAll()
    expect(pass.lines.find(({ run }) => run === issued.id)).toMatchObject({ state: 'installed', exitCode: 0 })
    // The CA is not asked again before its pause is over.
    while (pass.lines.find(({ run }) => run === first.id)?.error === undefined) pass = await resumeAll()
    expect(pass.code).toBe(4)
    expect(pass.lines.map(({ run }) => run).filter((run) => run !== issued.id)).toEqual([first.id, elsewhere.id])
    expect(pass.lines.find(({ run }) => run === elsewhere.id)).toMatchObject({ state: 'ordered', exitCode: 6 })
    expect(second.id, 'the second of its account waits').not.toBe(first.id)
  })

  it('finds the runs of a profile that has a state directory of its own', async () => {
    const { id } = await begin('enroll', '--yes')
    const { code, stdout, stderr } = await runInside([
      'runs',
      'resume',
      '--all',
      '--json',
      '--profile',
      rehearsal.profile,
    ])
    expect(code, stderr).toBe(6)
    expect(JSON.parse(stdout)).toMatchObject({ run: id, state: 'ordered' })
  })

  it('takes a run or --all, and nothing that is meant for one run with --all', async () => {
    for (const words of [
      ['runs', 'resume'],
      ['runs', 'resume', 'x', '--all'],
      ['runs', 'resume', '--all', '--order-again'],
    ]) {
      const end = await runInside(words)
      expect(end.code, words.join(' ')).toBe(2)
      expect(end.stderr).toContain('(usage, exit 2)')
    }
  })
})
