import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { FileTooLarge, readBoundedFile } from './bounded-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'bounded-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(length: number): string {
  const file = join(folder, `${length}`)
  writeFileSync(file, Buffer.alloc(length, 'x'))
  return file
}

describe('readBoundedFile', () => {
  it('reads files whole, up to the limit, and refuses what is longer', async () => {
    for (const length of [0, 1, 2000, 65_536, 65_537, 100_000])
      expect((await readBoundedFile(fileOf(length), 100_000)).equals(Buffer.alloc(length, 'x')), `${length}`).toBe(true)
    await expect(readBoundedFile(fileOf(100_001), 100_000)).rejects.toThrow(FileTooLarge)
  })

  it('takes no more memory than the file is long: many of them are read after one another', async () => {
    const { buffer } = await readBoundedFile(fileOf(2000), 100_000)
    expect(buffer.byteLength).toBe(2000)
  })

  it.skipIf(process.platform === 'win32')('reads a device no further than the limit', async () => {
    await expect(readBoundedFile('/dev/zero', 1000)).rejects.toThrow(FileTooLarge)
    expect(await readBoundedFile('/dev/null', 1000)).toHaveLength(0)
  })

  it.runIf(process.platform === 'linux')('reads a file of the kernel, which states no size', async () => {
    expect((await readBoundedFile('/proc/self/status', 100_000)).toString()).toMatch(/^Name:/)
  })
})
