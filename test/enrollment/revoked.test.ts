import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import type { ProgramEnd } from './built-program.ts'
import { runInside } from './run-inside.ts'

let folder: string
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'revoked-'))
  rehearsal = await startRehearsal({ directory: folder, device: 'yubihsm2', algorithm: 'P-256' })
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const program = (...args: string[]): Promise<ProgramEnd> => runInside(args, { env: rehearsal.environment })
const enroll = (...args: string[]): Promise<ProgramEnd> =>
  program('enroll', rehearsal.profile, '--yes', '--wait', '--json', ...args)

interface Shown {
  readonly id: string
  readonly orderNumber: string
  readonly certificateSerial: string
  readonly revokedAt?: string
  readonly next: string
}

describe('a certificate that was revoked', () => {
  it.each([
    ['order number', ({ orderNumber }: Shown) => ['--order-number', orderNumber]],
    ['serial number', ({ certificateSerial }: Shown) => ['--serial-number', certificateSerial.toUpperCase()]],
  ] as const)('by its %s is shown as that, and stands in no new order’s way', async (_what, named) => {
    const issued = JSON.parse((await enroll()).stdout) as Shown
    const again = await enroll()
    expect(again.stdout).toContain('run.completed')
    const end = await program('order', 'revoke', ...named(issued), '--yes', '--profile', rehearsal.profile)
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toContain(`the run ${issued.id} is recorded as revoked`)
    const state = ['--profile', rehearsal.profile]
    expect((await program('runs', 'show', issued.id, ...state)).stdout).toMatch(/state +installed, revoked at 2/)
    expect((await program('runs', 'list', ...state)).stdout).toContain('installed (revoked)')
    const shown = JSON.parse((await program('runs', 'show', issued.id, '--json', ...state)).stdout) as Shown
    expect(shown.revokedAt).toMatch(/^\d{4}-/)
    expect(shown.next).toBe('nothing: the order was revoked')
    const anew = await enroll()
    expect(anew.code, anew.stderr).toBe(0)
    expect(JSON.parse(anew.stdout)).not.toMatchObject({ id: issued.id })
  })

  it('that the CA refused to revoke is shown as it was', async () => {
    const issued = JSON.parse((await enroll()).stdout) as Shown
    rehearsal.ca.fail({ endpoint: '!autoRevokeCertificate', kind: 'error', code: -16, message: 'Permission denied!' })
    const end = await program(
      'order',
      'revoke',
      '--order-number',
      issued.orderNumber,
      '--yes',
      '--profile',
      rehearsal.profile,
    )
    expect(end.code, end.stderr).toBe(4)
    const shown = await program('runs', 'show', issued.id, '--json', '--profile', rehearsal.profile)
    expect(JSON.parse(shown.stdout)).not.toHaveProperty('revokedAt')
  })
})
