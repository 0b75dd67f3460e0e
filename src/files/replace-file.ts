import { randomBytes } from 'node:crypto'
import { fchmodSync, rmSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { writeThrough } from './write-through.ts'

/** Writes a file that appears whole in place of the one before, on disk when it resolves. `mode`: who may read it. */
export async function replaceFile(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    const write = (descriptor: number): void => {
      writeFileSync(descriptor, content)
      // Whatever the umask: who reads metrics is another user.
      if (mode !== 0o600) fchmodSync(descriptor, mode)
    }
    await writeThrough(draft, 'wx', write, mode)
    // Not at once: it waits for what others have on their way to the disk.
    await rename(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}
