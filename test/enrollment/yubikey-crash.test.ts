import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { missingForPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import { startDouble, type YubikeyDouble } from '../../src/sandbox/yubikey/double.ts'
import { allHere } from '../not-run.ts'
import { type ProgramEnd, runProgram } from './built-program.ts'
import { formOfRun } from './form-of-run.ts'

/** A PIV slot carries no label, so a run must know its own key by what was in the slot when it asked. */
describe.runIf(allHere(missingForPcscd()))('an enrolment on a YubiKey whose module crashes', () => {
  let folder: string
  let double: YubikeyDouble
  let rehearsal: Rehearsal
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ykc-'))
    double = await startDouble({ directory: folder })
    rehearsal = await startRehearsal({ directory: join(folder, 'r'), device: double })
  })
  afterAll(async () => {
    await rehearsal.close()
    await rm(folder, { recursive: true })
  })

  const run = (...args: string[]): Promise<ProgramEnd> =>
    runProgram(args, { env: { ...double.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: folder } })
  const dying = (state: string, moment: string, ...more: string[]): Promise<ProgramEnd> =>
    runProgram(['enroll', rehearsal.profile, '--yes', '--state-directory', join(folder, state), ...more], {
      env: { ...double.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: folder, HSM_ENROLL_TEST_ABORT: moment },
      imports: [resolve(import.meta.dirname, 'abort-in-module.mjs')],
    })
  async function runIn(state: string): Promise<{ id: string; state: string; spkiSha256?: string }> {
    const { stdout } = await run('runs', 'list', '--json', '--state-directory', join(folder, state))
    const [first] = (JSON.parse(stdout) as { runs: { id: string; state: string; spkiSha256?: string }[] }).runs
    if (first === undefined) throw new Error('no run')
    return first
  }

  it.each(['before', 'after'] as const)(
    'inside C_GenerateKeyPair (%s the card made the key) is finished with one key',
    async (moment) => {
      await double.control.factoryReset()
      const end = await dying(`state-${moment}`, moment)
      expect(end.signal, end.stderr).toBe('SIGABRT')
      const { id, state } = await runIn(`state-${moment}`)
      expect(state).toBe('planned')
      const resumed = await run(
        'runs',
        'resume',
        id,
        '--yes',
        '--wait',
        '--state-directory',
        join(folder, `state-${moment}`),
      )
      expect(resumed.code, resumed.stderr).toBe(0)
      expect(resumed.stderr).toContain(moment === 'after' ? 'was already on the device' : 'key generated')
    },
  )

  it('while a key is replaced has taken that key from every order, and goes on when it is resumed', async () => {
    await double.control.factoryReset()
    const state = ['--state-directory', join(folder, 'state-replaced')]
    const made = JSON.parse((await run('csr', rehearsal.profile, '--json', ...state)).stdout) as {
      readonly id: string
      readonly folder: string
    }
    expect((await run('runs', 'abandon', made.id, '--yes', ...state)).code).toBe(0)
    const end = await dying('state-replaced', 'before', '--new', '--replace-key', '9c')
    expect(end.signal, end.stderr).toBe('SIGABRT')
    const form = await formOfRun(made, folder)
    const late = await run('order', 'submit', form, '--yes', '--profile', rehearsal.profile, ...state)
    expect([late.code, late.stderr]).toEqual([1, expect.stringContaining('was deleted from its device, or was to be')])
    const { stdout } = await run('runs', 'list', '--json', ...state)
    const { runs } = JSON.parse(stdout) as { readonly runs: readonly { readonly id: string; readonly state: string }[] }
    const planned = runs.find((each) => each.state === 'planned')
    const resumed = await run('runs', 'resume', planned?.id ?? 'none', '--yes', '--wait', ...state)
    expect(resumed.code, resumed.stderr).toBe(0)
  })

  it('does not take a key for its own that was in the slot before', async () => {
    const before = await run(
      'enroll',
      rehearsal.profile,
      '--new',
      '--yes',
      '--state-directory',
      join(folder, 'state-taken'),
    )
    expect(before.code).toBe(3)
    expect(before.stderr).toContain('key.exists')
    // It asked for nothing, and would meet the same when it is resumed.
    expect(before.stderr).toContain('was deleted')
    expect(await readdir(join(folder, 'state-taken', 'runs'))).toEqual([])
  })
})
