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
    const first = startProgram(['sandbox', '--directory', directory])
    await first.until(/Press Ctrl-C/)
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
  it.each(['sandbox', 'demo'])('leaves nothing behind: %s', async (command) => {
    const before = readdirSync(folder)
    const end = await runProgram([command, '--device', 'nosuch'], { env: { TMPDIR: folder } })
    expect(end.code).toBe(2)
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
