import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LunaDouble, startDouble } from '../../src/sandbox/luna/double.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { type ProgramEnd, runProgram } from './built-program.ts'
import { runInside, setEnvironment } from './run-inside.ts'

let folder: string
let luna: LunaDouble
let rehearsal: Rehearsal
let restore: () => void
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pin-'))
  luna = await startDouble({ directory: folder })
  rehearsal = await startRehearsal({ directory: folder, device: luna, algorithm: 'P-256' })
  restore = setEnvironment(environment())
})
afterEach(async () => {
  restore()
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const environment = () => ({ ...rehearsal.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: folder })
/** What sends a wrong PIN is a process that ends: all that can be known of it afterwards is on the disk. */
const built = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ProgramEnd> =>
  runProgram(args, { env: { ...environment(), ...env } })
/** What must not send it again. */
const program = (args: readonly string[]): Promise<ProgramEnd> => runInside(args, { env: environment() })
const logins = async (): Promise<number> => (await luna.control.statistics()).logins.attempted
const setPin = (pin: string): Promise<void> => writeFile(join(folder, 'secret-pin'), pin)
const codeOf = ({ stdout }: ProgramEnd): string | undefined =>
  (JSON.parse(stdout) as { error?: { code: string } }).error?.code
/** The one run in the state folder. */
const runId = async (): Promise<string> => (await readdir(join(rehearsal.stateDirectory, 'runs')))[0] ?? ''

describe('a PIN that was wrong', () => {
  it('is sent once, however often the run is resumed, until a person says --try-pin-again', async () => {
    await setPin('wrong-officer')
    const first = await built(['enroll', rehearsal.profile, '--yes', '--json'])
    expect(first.code, first.stderr).toBe(3)
    expect(codeOf(first)).toBe('pin.wrong')
    expect(first.stderr, 'what works is among what to do').toContain('--try-pin-again')
    const id = await runId()
    for (let time = 0; time < 3; time++) {
      const end = await program([
        'runs',
        'resume',
        id,
        '--yes',
        '--json',
        '--state-directory',
        rehearsal.stateDirectory,
      ])
      expect([end.code, codeOf(end)]).toEqual([3, 'pin.wrong-before'])
      expect(end.stderr).toContain('--try-pin-again')
    }
    expect(await logins()).toBe(1)
    // The right one is not sent either: nobody has said that it is another.
    await setPin('crypto-officer-1')
    expect(codeOf(await program(['enroll', rehearsal.profile, '--new', '--yes', '--json']))).toBe('pin.wrong-before')
    expect(await logins()).toBe(1)
    const again = ['runs', 'resume', id, '--yes', '--wait', '--json', '--state-directory', rehearsal.stateDirectory]
    const resumed = await program([...again, '--try-pin-again'])
    expect(resumed.code, resumed.stderr).toBe(0)
    // From here on it is known to be right.
    const next = await program(['enroll', rehearsal.profile, '--new', '--yes', '--json'])
    expect(next.code, next.stderr).toBe(0)
  })

  it('is wrong for a batch, for single steps, and for another state directory on this host, too', async () => {
    await setPin('wrong-officer')
    expect(codeOf(await built(['keygen', rehearsal.profile, '--json']))).toBe('pin.wrong')
    const jobs = join(folder, 'jobs')
    const second = join(folder, 'second.yaml')
    // Another profile for the same device: a copy would be the same one.
    await writeFile(second, (await readFile(rehearsal.profile, 'utf8')).replace('CN=Example', 'CN=Another'))
    await writeFile(jobs, `${second}\n`)
    const others: readonly (readonly string[])[] = [
      ['batch', jobs, '--yes', '--keep-going', '--json'],
      ['csr', rehearsal.profile, '--json'],
      ['enroll', rehearsal.profile, '--yes', '--json', '--state-directory', join(folder, 'of-another-user')],
    ]
    for (const args of others) {
      const end = await program(args)
      expect(end.code, end.stderr).toBe(3)
      expect(end.stdout).toContain('pin.wrong-before')
    }
    expect(await logins()).toBe(1)
    // A second wrong one costs a second word.
    const state = ['--state-directory', join(folder, 'of-another-user')]
    expect(codeOf(await built(['keygen', rehearsal.profile, '--try-pin-again', '--json', ...state]))).toBe('pin.wrong')
    expect(codeOf(await program(['keygen', rehearsal.profile, '--json']))).toBe('pin.wrong-before')
    expect(await logins()).toBe(2)
  })

  it('is measured with the tries that the device said were left, until one was right', async () => {
    const metrics = async (): Promise<string> =>
      (await program(['metrics', '--state-directory', rehearsal.stateDirectory])).stdout
    await luna.control.request({ do: 'tries-left', slot: 0, role: 'user', tries: 2 })
    await setPin('wrong-officer')
    expect(codeOf(await built(['keygen', rehearsal.profile, '--json']))).toBe('pin.wrong')
    const after = await metrics()
    expect(after).toMatch(/^hsm_enroll_pin_refused\{login="LUNA \d+ pin .*\} 1$/m)
    expect(after).toMatch(/^hsm_enroll_pin_tries_left\{login="LUNA \d+ pin .*\} 1$/m)
    await luna.control.request({ do: 'tries-left', slot: 0, role: 'user', tries: 3 })
    await setPin('crypto-officer-1')
    const right = await program(['keygen', rehearsal.profile, '--try-pin-again', '--json'])
    expect(right.code, right.stderr).toBe(0)
    const then = await metrics()
    expect(then).toMatch(/^hsm_enroll_pin_refused\{login="LUNA \d+ pin .*\} 0$/m)
    expect(then).not.toMatch(/^hsm_enroll_pin_tries_left/m)
  })

  it('is not sent either by what only looks at the device or deletes from it, before a run and after', async () => {
    await setPin('wrong-officer')
    const listed = ['keys', 'list', rehearsal.profile, '--json']
    expect(codeOf(await built(listed))).toBe('pin.wrong')
    const others: readonly (readonly string[])[] = [
      listed,
      ['keys', 'delete', 'label=any;id=01', rehearsal.profile, '--yes', '--json'],
      ['inventory', 'scan', rehearsal.profile, '--json'],
      ['enroll', rehearsal.profile, '--yes', '--json'],
      ['keys', 'list', rehearsal.profile, '--json', '--state-directory', join(folder, 'of-another-user')],
    ]
    for (const args of others) {
      const end = await program(args)
      expect(end.code, args.join(' ')).toBe(3)
      expect(end.stdout + end.stderr, args.join(' ')).toContain('pin.wrong-before')
    }
    expect(await logins()).toBe(1)
    await setPin('crypto-officer-1')
    const end = await program([...listed, '--try-pin-again'])
    expect(end.code, end.stderr).toBe(0)
    expect((await program(listed)).code).toBe(0)
  })

  it('of a YubiHSM 2 is treated alike', async () => {
    const directory = join(folder, 'yubihsm2')
    const double = await startYubiHsm2Double()
    const second = await startRehearsal({ directory, device: double, algorithm: 'P-256' })
    try {
      await writeFile(join(directory, 'secret-password'), 'wrong password')
      expect(codeOf(await built(['keygen', second.profile, '--json']))).toBe('pin.wrong')
      expect(codeOf(await program(['keygen', second.profile, '--json']))).toBe('pin.wrong-before')
      expect((await program(['doctor', second.profile])).stdout).toContain('Did not send the password')
      await writeFile(join(directory, 'secret-password'), 'password')
      const end = await program(['keygen', second.profile, '--json', '--try-pin-again'])
      expect(end.code, end.stderr).toBe(0)
    } finally {
      await second.close()
    }
  })
})

describe('a token that was swapped under the same label', () => {
  it('gets no PIN of a run that began with another one', async () => {
    const profile = await readFile(rehearsal.profile, 'utf8')
    await writeFile(rehearsal.profile, profile.replace(/uri: luna:.*/, 'uri: luna:token=sandbox-partition'))
    const made = await built(['keygen', rehearsal.profile, '--json'])
    expect(made.code, made.stderr).toBe(0)
    const { id, deviceName } = JSON.parse(made.stdout) as { id: string; deviceName: string }
    expect(deviceName).toMatch(/^LUNA 199\d{10}$/)
    const directory = await mkdtemp(join(tmpdir(), 'other-'))
    const other = await startDouble({ directory })
    try {
      const end = await built(
        ['runs', 'resume', id, '--yes', '--json', '--state-directory', rehearsal.stateDirectory],
        other.environment,
      )
      expect([end.code, codeOf(end)]).toEqual([3, 'device.other'])
      expect(end.stderr).toContain(deviceName)
      expect((await other.control.statistics()).logins.attempted).toBe(0)
    } finally {
      await other.close()
      await rm(directory, { recursive: true })
    }
  })
})
