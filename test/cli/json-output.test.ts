import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runProgram } from '../enrollment/built-program.ts'

const SCHEMAS = resolve(import.meta.dirname, '../../schemas')
const ajv = new Ajv2020({ strict: false, validateFormats: false })
for (const file of readdirSync(SCHEMAS))
  ajv.addSchema(JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8')) as object, file)

let folder: string
let rehearsal: Rehearsal
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-'))
  rehearsal = await startRehearsal({ directory: folder, device: 'yubihsm2' })
  const end = await runProgram(['enroll', rehearsal.profile, '--yes', '--wait'])
  expect(end.code, end.stderr).toBe(0)
})
afterAll(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const stateDirectory = (): string[] => ['--state-directory', rehearsal.stateDirectory]

/** One object on stdout, nothing else, and of the published form. */
async function jsonOf(
  args: readonly string[],
  schema: string,
  codes: readonly number[],
): Promise<Record<string, unknown>> {
  const end = await runProgram([...args, '--json', '--no-input'])
  expect(codes, end.stderr).toContain(end.code)
  const value = JSON.parse(end.stdout) as Record<string, unknown>
  const validate = ajv.getSchema(schema)
  if (validate === undefined) throw new Error(`no schema ${schema}`)
  expect(validate(value), JSON.stringify(validate.errors)).toBe(true)
  return value
}

describe('--json prints one object of the published form', () => {
  it('runs list, runs show', async () => {
    const { runs } = await jsonOf(['runs', 'list', ...stateDirectory()], 'runs.schema.json', [0])
    const [run] = runs as { id: string; state: string }[]
    expect(run?.state).toBe('installed')
    const shown = await jsonOf(['runs', 'show', run?.id.slice(-6) ?? '', ...stateDirectory()], 'run.schema.json', [0])
    expect(shown.id).toBe(run?.id)
  })

  it('devices finds the double behind its connector', async () => {
    const { devices } = await jsonOf(
      ['devices', rehearsal.profile, '--hsm-type', 'YUBIHSM2'],
      'devices.schema.json',
      [0],
    )
    expect(devices).toBeInstanceOf(Array)
  })

  it('doctor opens the device and says what it found; plan sends nothing', async () => {
    const findings = await jsonOf(['doctor', rehearsal.profile], 'findings.schema.json', [0])
    expect(findings.ready, JSON.stringify(findings)).toBe(true)
    const before = JSON.stringify(rehearsal.ca.counters)
    const planned = await jsonOf(['plan', rehearsal.profile], 'findings.schema.json', [0])
    expect(planned.ready, JSON.stringify(planned)).toBe(true)
    expect(JSON.stringify(rehearsal.ca.counters)).toBe(before)
    const withBalance = await jsonOf(['plan', rehearsal.profile, '--balance'], 'findings.schema.json', [0])
    expect((withBalance.order as { balance?: string }).balance).toMatch(/^755\.00 EUR/)
  })

  it('trust list, config check', async () => {
    const { trustAnchors } = await jsonOf(['trust', 'list'], 'trust-list.schema.json', [0])
    expect((trustAnchors as unknown[]).length).toBeGreaterThan(10)
    const { settings } = await jsonOf(['config', 'check', rehearsal.profile], 'settings.schema.json', [0])
    const origin = (path: string) =>
      (settings as { path: string; origin?: string }[]).find((s) => s.path === path)?.origin
    expect(origin('device.uri')).toBe(rehearsal.profile)
    expect(origin('sectigo.timeoutSeconds')).toBe('default')
  })

  it('errors', async () => {
    await jsonOf(['runs', 'show', 'nosuch', ...stateDirectory()], 'error.schema.json', [2])
    await jsonOf(['nosuch'], 'error.schema.json', [2])
    await jsonOf(['enroll', join(folder, 'nosuch.yaml')], 'error.schema.json', [2])
  })

  it('order status, balance', async () => {
    const [order] = rehearsal.ca.orders
    const status = await runProgram([
      'order',
      'status',
      order?.orderNumber ?? '',
      '--profile',
      rehearsal.profile,
      '--json',
    ])
    expect(status.code, status.stderr).toBe(0)
    expect(JSON.parse(status.stdout)).toMatchObject({ progress: { state: 'issued' } })
    const balance = await runProgram(['balance', '--profile', rehearsal.profile, '--json'])
    expect(JSON.parse(balance.stdout)).toMatchObject({ amount: '755.00', currency: 'EUR' })
  })
})

describe('the version', () => {
  it('is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync(resolve(SCHEMAS, '../package.json'), 'utf8')) as { version: string }
    expect((await runProgram(['--version'])).stdout.trim()).toBe(version)
  })
})
