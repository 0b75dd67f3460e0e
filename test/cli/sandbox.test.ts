import { X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runProgram } from '../enrollment/built-program.ts'
import { startProgram } from '../enrollment/running-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'sandboxes-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a sandbox’s folder', () => {
  it('is held by one sandbox; the next one in it says what is gone', async () => {
    const directory = join(folder, 'one')
    const first = startProgram(['sandbox', '--firmware', '2.2-fips', '--directory', directory])
    await first.until(/Press Ctrl-C/)
    const [, connector = ''] = /connector=([^;\s]+)/.exec(first.stdout) ?? []
    const info = await fetch(`${connector}/connector/api`, { method: 'POST', body: Buffer.of(6, 0, 0) })
    expect([...new Uint8Array(await info.arrayBuffer())].slice(3, 6)).toEqual([2, 2, 0])
    const [above, root] = readFileSync(join(directory, 'device-root.pem'), 'utf8').split(/(?<=END CERTIFICATE-----\n)/)
    expect(new X509Certificate(above ?? '').verify(new X509Certificate(root ?? '').publicKey)).toBe(true)
    const profile = readFileSync(join(directory, 'profile.yaml'), 'utf8')
    const second = await runProgram(['sandbox', '--directory', directory])
    expect(second.code).toBe(2)
    expect(second.stderr).toContain(`is working on the sandbox in ${directory}`)
    expect(readFileSync(join(directory, 'profile.yaml'), 'utf8')).toBe(profile)
    await first.stop()

    const again = startProgram(['sandbox', '--directory', directory])
    await again.until(/Press Ctrl-C/)
    expect(again.stderr).toContain('Keys and orders of the sandbox that ran here before are gone')
    await again.stop()
  })
})

describe('one that never ran', () => {
  it.each([
    ['sandbox --device nosuch', 'yubihsm2'],
    ['demo --device nosuch', 'yubihsm2'],
    ['sandbox --device yubikey --firmware 5.7.9', 'Use one of 4.3.5, 4.3.4, 5.4.3, 5.4.3-fips, 5.7.4.'],
    ['sandbox --device fortanix --firmware 5.7.4', 'Leave out --firmware'],
  ])('leaves nothing behind, and says what there is: %s', async (command, remedy) => {
    const before = readdirSync(folder)
    const end = await runProgram(command.split(' '), { env: { TMPDIR: folder } })
    expect(end.code).toBe(2)
    expect(end.stderr).toContain(remedy)
    expect(readdirSync(folder)).toEqual(before)
  })
})

describe('a demo', () => {
  it('leaves nothing behind, unless a folder is named', async () => {
    const env = { TMPDIR: folder }
    const before = readdirSync(folder)
    const end = await runProgram(['demo'], { env })
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toContain('was removed')
    expect(readdirSync(folder)).toEqual(before)

    const kept = join(folder, 'kept')
    expect((await runProgram(['demo', '--directory', kept], { env })).code).toBe(0)
    expect(existsSync(join(kept, 'profile.yaml'))).toBe(true)
  })
})
