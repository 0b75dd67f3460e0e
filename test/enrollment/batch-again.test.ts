import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import type { ProgramEnd } from './built-program.ts'
import { runInside } from './run-inside.ts'

let folder: string
let rehearsal: Rehearsal
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

async function rehearse(flow?: readonly []): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'batch-again-'))
  const authority = flow === undefined ? {} : { flow }
  rehearsal = await startRehearsal({ directory: folder, device: 'yubihsm2', algorithm: 'P-256', authority })
}

const profileOf = (name: string): string => join(folder, `${name}.yaml`)

async function jobs(...names: readonly string[]): Promise<string> {
  const profile = await readFile(rehearsal.profile, 'utf8')
  for (const name of names)
    await writeFile(profileOf(name), profile.replace('CN=Example Signing', `CN=${name} Signing`))
  const file = join(folder, 'jobs')
  await writeFile(file, `\ufeff# all of them\n${names.map((name) => `${name}.yaml\n`).join('')}`)
  return file
}

interface Row {
  readonly profile: string
  readonly run?: string
  readonly state?: string
  readonly exitCode: number
  readonly error?: { readonly code: string }
}

const batch = (file: string, ...args: string[]): Promise<ProgramEnd> =>
  runInside(['batch', file, '--yes', ...args], { env: rehearsal.environment })
const rowsOf = ({ stdout }: ProgramEnd): readonly Row[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)

it('names what it did not begin; run again it says which rows are done, and does the others', async () => {
  await rehearse()
  const file = await jobs('One', 'Two', 'Three', 'Four')
  const good = await readFile(profileOf('Two'), 'utf8')
  await writeFile(profileOf('Two'), good.replace('countryName: NL', 'countryName: Netherlands'))
  const first = await batch(file, '--wait', '--json')
  expect(first.code, first.stderr).toBe(1)
  expect(first.stderr).toContain('profiles that were not started: 2 (Three.yaml, Four.yaml)')
  expect(first.stderr).toContain('--keep-going goes on')
  const [one, two, ...none] = rowsOf(first)
  expect([one, two]).toMatchObject([
    { profile: 'One.yaml', state: 'installed', exitCode: 0 },
    { profile: 'Two.yaml', exitCode: 1, error: { code: 'order.form' } },
  ])
  expect(none).toEqual([])

  await writeFile(profileOf('Two'), good)
  const second = await batch(file, '--wait', '--json')
  expect(second.code, second.stderr).toBe(0)
  const rows = rowsOf(second)
  expect(rows.map(({ state, exitCode }) => [state, exitCode])).toEqual(Array(4).fill(['installed', 0]))
  expect(rows[0]).toEqual({ profile: 'One.yaml', run: one?.run, state: 'installed', exitCode: 0 })

  const third = await batch(file, '--wait')
  expect(third.code, third.stderr).toBe(0)
  expect(third.stdout).toContain(`One.yaml: the run ${one?.run} of before is installed, exit 0`)
  expect(rehearsal.ca.orders).toHaveLength(4)
})

it('says of an order that is not issued yet where it stands, and what comes next', async () => {
  await rehearse([])
  const file = await jobs('One', 'Two')
  const first = await batch(file, '--json')
  expect(first.code, first.stderr).toBe(6)
  const second = await batch(file, '--json')
  expect(second.code, second.stderr).toBe(6)
  expect(rowsOf(second)).toEqual(rowsOf(first))
  for (const { run } of rowsOf(first)) expect(second.stderr).toContain(`hsm-enroll runs resume ${run}`)
  expect(rehearsal.ca.orders).toHaveLength(2)
})
