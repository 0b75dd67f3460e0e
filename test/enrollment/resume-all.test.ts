import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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
