import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeDirectory } from './make-directory.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'make-directory-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('makeDirectory', () => {
  it('makes every level, for the owner alone, and is content with what is there', async () => {
    const path = join(folder, 'a/b/c')
    await makeDirectory(path)
    await makeDirectory(path)
    expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(0o700)
    expect((await stat(path)).isDirectory()).toBe(true)
  })

  it('makes one folder for several at once', async () => {
    const path = join(folder, 'many/at/once')
    await Promise.all(Array.from({ length: 8 }, () => makeDirectory(path)))
    expect((await stat(path)).isDirectory()).toBe(true)
  })

  it('does not take a file for a folder', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(makeDirectory(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(makeDirectory(join(folder, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  })

  it.runIf(process.platform === 'linux')('ends below a file system that takes no folders', async () => {
    await expect(makeDirectory('/proc/hsm-enroll/runs')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
