import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deviceFailure } from './hsm-double.ts'
import { softhsmAvailable } from './softhsm-token.ts'
import { withPin, withSofthsm } from './with-softhsm.ts'

describe.runIf(softhsmAvailable())('the lock of a device, on SoftHSM2', () => {
  const under = withSofthsm()
  const lockFile = (): string => {
    const [name, ...others] = readdirSync(under().lockFolder)
    if (name === undefined || others.length > 0) throw new Error(`locks: ${[name, ...others]}`)
    return join(under().lockFolder, name)
  }

  it('names nobody once the device is closed', async () => {
    await (await under().open()).close()
    expect(readFileSync(lockFile(), 'utf8')).toBe('')
  })

  it('is not what a file says: neither a living process number nor a torn text keeps anybody out', async () => {
    await (await under().open()).close()
    for (const text of [JSON.stringify({ pid: process.ppid }), 'torn']) {
      writeFileSync(lockFile(), text)
      await under().open()
      await under().close()
    }
  })

  it('refuses a device that a process holds, and names the process', async () => {
    await under().open()
    const error = await deviceFailure(under().open())
    expect(error.code).toBe('device.busy')
    expect(error.transient).toBe(true)
    expect(error.message).toMatch(/this process \(.+\) has it open/)
    expect(error.remedy).toContain(lockFile())
  })

  it('is taken before the token is looked at if the URI specifies its serial number', async () => {
    const { uri } = await (await under().open()).describe()
    await under().close()
    expect(uri).toContain('serial=')
    const named = uri.includes('module-path=') ? uri : `${uri}?module-path=${under().module}`
    const first = await under().open(withPin(), named)
    const second = withPin()
    const error = await deviceFailure(under().open(second, named))
    expect(error).toMatchObject({ code: 'device.busy', vendorCode: 'lock' })
    expect(second.trace.filter(({ call }) => call.startsWith('C_'))).toEqual([])
    await first.close()
  })

  it('says what it could not lock, and why', async () => {
    const before = process.env.HSM_ENROLL_TEST_DEVICE_LOCKS
    try {
      for (const folder of ['/dev/null', '/dev/null/none']) {
        process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = folder
        const error = await deviceFailure(under().open())
        expect(error).toMatchObject({ code: 'device.lock', message: expect.stringContaining(folder) })
        expect(error.remedy).toContain(folder)
      }
    } finally {
      process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = before
    }
    await under().open()
  })
})
