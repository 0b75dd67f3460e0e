import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import type { ProgramEnd } from '../enrollment/built-program.ts'
import { runInside } from '../enrollment/run-inside.ts'

let folder: string
let rehearsal: Rehearsal
let profile: string
/** In a profile, and with what a shell would part or take away. */
let state: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pasted-'))
  rehearsal = await startRehearsal({
    directory: folder,
    device: 'yubihsm2',
    algorithm: 'P-256',
    authority: { flow: [] },
  })
  profile = join(folder, 'my profile.yaml')
  state = join(folder, "the state's folder")
  const text = (await readFile(rehearsal.profile, 'utf8')).replace(/^stateDirectory: .*\n/m, '')
  await writeFile(profile, `stateDirectory: "${state}"\n${text}`)
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const program = (...args: string[]): Promise<ProgramEnd> => runInside(args, { env: rehearsal.environment })

/** As a shell reads it. */
const words = (command: string): readonly string[] =>
  execFileSync('sh', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)

/** The commands in a text, as they would be pasted. */
const commandsIn = (text: string): readonly string[] =>
  [...text.matchAll(/`(hsm-enroll [^`]*)`/g)].map(([, command = '']) => command)

async function paste(command: string): Promise<ProgramEnd> {
  const [name, ...args] = words(command)
  expect(name).toBe('hsm-enroll')
  return program(...args)
}

describe('a printed next step, pasted as it stands', () => {
  it('finds the run of a profile that sets stateDirectory: after an order, a second run, a failure', async () => {
    const ordered = await program('enroll', profile, '--yes', '--json')
    expect(ordered.code, ordered.stderr).toBe(6)
    const { next, id } = JSON.parse(ordered.stdout) as { next: string; id: string }
    const second = await program('enroll', profile, '--yes')
    expect(second.code).toBe(2)
    const shown = await program('runs', 'show', id, '--profile', profile)
    for (const text of [next, second.stderr, shown.stdout]) {
      const steps = commandsIn(text).filter((command) => command.startsWith('hsm-enroll runs resume'))
      expect(steps.length, text).toBeGreaterThan(0)
      for (const step of steps) expect((await paste(step)).code, step).toBe(6)
    }
  })

  it('is one where the run was stopped by a device that is away', async () => {
    const away = await program('enroll', profile, '--yes', '--device', 'yubihsm2:connector=http://127.0.0.1:9')
    expect(away.code).toBe(3)
    const [step = ''] = commandsIn(away.stderr)
    const pasted = await paste(step)
    expect(pasted.stderr).not.toContain('run.not-found')
    expect(pasted.stderr).toContain('127.0.0.1:9')
  })

  it('names the profile that the run was last continued with', async () => {
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -70, message: 'Invalid Email Address!' })
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -70, message: 'Invalid Email Address!' })
    const refused = await program('enroll', profile, '--yes', '--json')
    expect(refused.code, refused.stderr).toBe(4)
    const { id, next } = JSON.parse(refused.stdout) as { id: string; next: string }
    expect(words(commandsIn(next)[0] ?? '')).toContain(profile)
    const good = join(folder, 'good.yaml')
    await rename(profile, good)
    const again = await program('runs', 'resume', id, '--order-again', '--yes', '--profile', good, '--json')
    const { next: now, profile: known } = JSON.parse(again.stdout) as { next: string; profile: string }
    expect(again.code, again.stderr).toBe(4)
    expect(known).toBe(good)
    expect(commandsIn(now)[0]).toContain(`--profile ${good}`)
    expect((await paste(`${commandsIn(now)[0]} --yes`)).code).toBe(6)
  })

  it('names the profile where a command needs one', async () => {
    const text = await readFile(profile, 'utf8')
    await writeFile(profile, text.replace('countryName: NL', 'countryName: Netherlands').replace('days: ', 'days: 1x'))
    const end = await program('enroll', profile, '--yes')
    const [step = ''] = commandsIn(end.stderr)
    expect(words(step)).toEqual(['hsm-enroll', 'plan', profile])
    expect((await paste(step)).code).toBe(1)
  })
})

describe('--profile', () => {
  it('says where the runs are to every command that only looks at them', async () => {
    const end = await program('enroll', profile, '--yes', '--json')
    const { id } = JSON.parse(end.stdout) as { id: string }
    const commands: readonly (readonly string[])[] = [
      ['runs', 'list'],
      ['runs', 'show', id],
      ['runs', 'report', id],
      ['runs', 'repair', id],
      ['runs', 'prune', '--dry-run'],
      ['ledger', 'check'],
      ['ledger', 'rebuild'],
    ]
    for (const command of commands) {
      const looked = await program(...command, '--profile', profile)
      expect(looked.code, `${command.join(' ')}: ${looked.stderr}`).toBe(0)
    }
    expect((await program('runs', 'list', '--profile', profile)).stdout).toContain(id)
    expect((await program('runs', 'show', id)).stderr).toContain('--profile')
  })
})
