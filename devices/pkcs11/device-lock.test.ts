import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeviceError } from '../device-error.ts'
import { lockDevice } from './device-lock.ts'

describe('lockDevice', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lock-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const refusal = (path: string): unknown => {
    try {
      lockDevice('serial 1', 'token "A"', path).release()
    } catch (error) {
      return error
    }
    return undefined
  }

  it('makes its folder with all that leads to it, for its owner alone, and leaves nothing in it', () => {
    const path = join(folder, 'run/user/hsm-enroll')
    const lock = lockDevice('serial 1', 'token "A"', path)
    expect(readdirSync(path)).toHaveLength(1)
    expect(refusal(path)).toMatchObject({ code: 'device.busy', message: expect.stringContaining('this process') })
    lock.release()
    expect(readdirSync(path)).toEqual([])
    expect(statSync(path).mode & 0o777).toBe(0o700)
  })

  // Node's own recursive mkdir never ends there.
  it.runIf(process.platform === 'linux')('ends below a file system that takes no folders', () => {
    const error = refusal('/proc/hsm-enroll/run')
    expect(error).toBeInstanceOf(DeviceError)
    expect(error).toMatchObject({ code: 'device.busy', message: expect.stringContaining('ENOENT') })
  })

  it('does not take a file for a folder', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(refusal(join(folder, 'file'))).toMatchObject({ code: 'device.busy', remedy: expect.stringMatching(/XDG/) })
  })
})
