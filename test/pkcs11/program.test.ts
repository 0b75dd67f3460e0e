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
    runProgram(args, { env: { ...rehearsal.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: place.folder } })

  const devices = async (imports: readonly string[] = []) => {
    const end = await runProgram(['devices', rehearsal.profile, '--hsm-type', 'LUNA', 'NSHIELD', '--json'], {
      env: { ...rehearsal.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: place.folder },
      imports,
    })
    expect(end.code, end.stderr).toBe(0)
    const found = JSON.parse(end.stdout) as { devices: { model: string }[]; trails: Record<string, string[]> }
    return { ...found, stderr: end.stderr }
  }

  it('lists the partition, and searches for other families beside it', async () => {
    const { devices: found, trails } = await devices()
    expect(found).toMatchObject([{ hsmType: 'LUNA', model: 'LunaSA 7.8.4' }])
    expect(trails.NSHIELD?.join('; ')).toContain('libcknfast.so')
  })

  it('gives up a search whose module waits for its HSM for ever', async () => {
    await double.control.setFaults('C_GetSlotList:before:hang')
    const { devices: found, trails, stderr } = await devices()
    await double.control.setFaults()
    expect(stderr).toContain('warning: LUNA: The search was abandoned')
    expect(found).toEqual([])
    expect(trails.LUNA?.[0]).toMatch(/no answer within 10 s.*Try: /)
    expect(trails.NSHIELD?.join('; ')).toContain('libcknfast.so')
  })

  it('outlives a module that crashes', async () => {
    const { devices: found, trails } = await devices([join(import.meta.dirname, 'abort-at-slot-list.mjs')])
    expect(found).toEqual([])
    expect(trails.LUNA?.[0]).toContain('SIGABRT')
  })

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
