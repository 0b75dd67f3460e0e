import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LunaDouble, startDouble } from '../../src/sandbox/luna/double.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runProgram } from '../enrollment/built-program.ts'
import { PrivateEnvironment, p11KitAvailable } from './hsm-double.ts'

describe.runIf(p11KitAvailable())('the program on the virtual Luna partition', () => {
  const place = new PrivateEnvironment()
  let double: LunaDouble
  let rehearsal: Rehearsal
  beforeAll(async () => {
    double = await startDouble({ directory: place.folder })
    rehearsal = await startRehearsal({ directory: place.folder, device: double })
  })
  afterAll(async () => {
    await rehearsal?.close()
    place.restore()
  })
  const run = (...args: readonly string[]) =>
    runProgram(args, { env: { ...rehearsal.environment, XDG_RUNTIME_DIR: place.folder } })

  it('spends one try of a wrong PIN in a batch, whatever --keep-going says', async () => {
    const { profile } = rehearsal
    const jobs = join(place.folder, 'jobs')
    const pin = join(place.folder, 'secret-pin')
    await copyFile(profile, join(place.folder, 'another.yaml'))
    await writeFile(jobs, `${profile}\nanother.yaml\n`)
    await writeFile(pin, 'not the PIN')
    const end = await run('batch', jobs, '--keep-going', '--yes', '--json')
    await writeFile(pin, double.secrets.pin ?? '')
    expect(end.code).toBe(3)
    expect(end.stdout.trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(end.stdout)).toMatchObject({ exitCode: 3, error: { code: 'pin.wrong' } })
    expect((await double.control.statistics()).logins.attempted).toBe(1)
    expect(end.stdout + end.stderr).not.toContain('not the PIN')
  })
})
