import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { FaultKind } from '../../src/sandbox/certificate-authority/fault.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { type ProgramEnd, runProgram } from './built-program.ts'
import { runInside } from './run-inside.ts'

const DIST = resolve(import.meta.dirname, '../../dist/cli')
const GONE = resolve(import.meta.dirname, 'gone-at-order.mjs')

let folder: string
let program: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'upgraded-'))
  program = join(folder, 'program')
  mkdirSync(program)
  for (const name of readdirSync(DIST).filter((each) => /\.js(?:on)?$/.test(each)))
    copyFileSync(join(DIST, name), join(program, name))
  double = await startYubiHsm2Double()
  rehearsal = await startRehearsal({ directory: join(folder, 'rehearsal'), device: double, algorithm: 'P-256' })
})
afterEach(async () => {
  await rehearsal.close()
  rmSync(folder, { recursive: true })
})

/** By a program that is gone when its request is on its way. */
async function runUpgraded(...args: string[]): Promise<ProgramEnd> {
  const options = { main: join(program, 'main.js'), env: rehearsal.environment, imports: [GONE] }
  const end = await runProgram(args, options)
  expect(existsSync(options.main)).toBe(false)
  return end
}

interface Row {
  readonly kind: FaultKind | undefined
  readonly code: number
  readonly state: string
}

/** Every way in which an order can end: none of them may need a file that is not loaded yet. */
it.each<Row>([
  { kind: undefined, code: 0, state: 'installed' },
  { kind: 'error', code: 4, state: 'rejected' },
  { kind: 'lost-reply', code: 5, state: 'unknown' },
  { kind: 'html', code: 5, state: 'unknown' },
])(
  'an order that ends as $state ($kind) is recorded and shown although an upgrade removed the program',
  async (row) => {
    if (row.kind !== undefined) rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: row.kind })
    const end = await runProgram(['enroll', rehearsal.profile, '--yes', '--wait', '--json'], {
      main: join(program, 'main.js'),
      env: rehearsal.environment,
      imports: [GONE],
    })
    expect(existsSync(join(program, 'main.js'))).toBe(false)
    expect(end.code, end.stderr).toBe(row.code)
    expect(JSON.parse(end.stdout)).toMatchObject({ state: row.state })
  },
)

it('a revocation is recorded in its run although an upgrade removed the program', async () => {
  const issued = await runInside(['enroll', rehearsal.profile, '--yes', '--wait', '--json'])
  const { orderNumber, id } = JSON.parse(issued.stdout)
  const words = ['order', 'revoke', '--order-number', orderNumber, '--yes', '--profile', rehearsal.profile]
  const end = await runUpgraded(...words)
  expect(end.code, end.stderr).toBe(0)
  expect(end.stderr).toContain(`the run ${id} is recorded as revoked`)
})
