import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deviceFailure } from './hsm-double.ts'
import { softhsmAvailable } from './softhsm-token.ts'
import { withSofthsm } from './with-softhsm.ts'

describe.runIf(softhsmAvailable())('the lock of a device, on SoftHSM2', () => {
  const under = withSofthsm()

  it('leaves no lock behind', async () => {
    await (await under().open()).close()
    expect(readdirSync(under().lockFolder)).toEqual([])
  })

  it('takes over the lock of a dead process', async () => {
    const folder = under().lockFolder
    await under().open()
    const [name = ''] = readdirSync(folder)
    await under().close()
    const dead = execFileSync(process.execPath, ['-p', 'process.pid']).toString().trim()
    writeFileSync(join(folder, name), JSON.stringify({ pid: Number(dead), startTime: '1' }))
    await under().open()
    await under().close()
    writeFileSync(join(folder, name), 'torn')
    await under().open()
  })

  it('refuses a device that a living process holds, and names the process', async () => {
    const folder = under().lockFolder
    await under().open()
    const [name = ''] = readdirSync(folder)
    await under().close()
    writeFileSync(join(folder, name), JSON.stringify({ pid: process.ppid }))
    const error = await deviceFailure(under().open())
    expect(error.code).toBe('device.busy')
    expect(error.message).toContain(`process ${process.ppid}`)
    execFileSync('rm', [join(folder, name)])
  })

  it('says which folder it cannot lock in, and what to set', async () => {
    const before = process.env.XDG_RUNTIME_DIR
    try {
      for (const folder of ['/dev/null', '/dev/null/none']) {
        process.env.XDG_RUNTIME_DIR = folder
        const error = await deviceFailure(under().open())
        expect(error.message).toContain(folder)
        expect(error.remedy).toContain('XDG_RUNTIME_DIR')
      }
    } finally {
      process.env.XDG_RUNTIME_DIR = before
    }
    await under().open()
  })
})
