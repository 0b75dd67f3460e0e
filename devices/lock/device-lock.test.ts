import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeviceProgress, DeviceTrace } from '../device.ts'
import { lockDevice } from './device-lock.ts'
import { lockPlace } from './lock-place.ts'

describe('lockDevice', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lock-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('locks one identity once, and others beside it; every user may open the files', async () => {
    const trace: DeviceTrace[] = []
    const place = { folder, prefix: 'hsm-enroll-' }
    const first = await lockDevice(['LUNA', '1'], 'Luna 1', { onTrace: (line) => trace.push(line) }, place)
    await expect(lockDevice(['LUNA', '1'], 'Luna 1', {}, place)).rejects.toMatchObject({
      code: 'device.busy',
      message: expect.stringMatching(/^Could not open Luna 1: this process .+ has it open\.$/),
    })
    const others = await Promise.all(
      [['LUNA', '2'], ['NSHIELD', '1'], ['LUNA1']].map((identity) => lockDevice(identity, 'other', {}, place)),
    )
    const names = readdirSync(folder)
    expect(names).toHaveLength(4)
    for (const name of names) {
      expect(name).toMatch(/^hsm-enroll-[0-9a-f]{32}\.lock$/)
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o666)
    }
    expect(trace).toEqual([{ call: 'lock', detail: expect.stringContaining(folder) }])
    for (const lock of [first, ...others]) lock.release()
    ;(await lockDevice(['LUNA', '1'], 'Luna 1', {}, place)).release()
  })

  it('says what a second-best place does not do, before it locks there', async () => {
    const said: DeviceProgress[] = []
    const options = { onProgress: (progress: DeviceProgress) => said.push(progress) }
    const place = { folder, prefix: '', weakness: 'A service does not see it.' }
    ;(await lockDevice(['LUNA', '1'], 'Luna 1', options, place)).release()
    expect(said).toEqual([{ kind: 'lock', message: `Luna 1 is locked in ${folder}. A service does not see it.` }])
  })
})

describe.runIf(process.platform === 'linux')('the place of device locks', () => {
  it('depends neither on the user nor on the session', () => {
    const place = lockPlace({})
    expect(['/run/lock/hsm-enroll', '/run/lock', '/tmp']).toContain(place.folder)
    expect(lockPlace({ XDG_RUNTIME_DIR: '/run/user/1000', TMPDIR: '/elsewhere', HOME: '/home/a', USER: 'a' })).toEqual(
      place,
    )
  })
})
