import { randomBytes } from 'node:crypto'
import { link, open, unlink } from 'node:fs/promises'

/**
 * Creates a file with its content, on disk, unless it exists; returns whether it did. It appears whole or not at all: a file that
 * is opened first and written then would be empty for a moment, or for ever after a crash.
 */
export async function createOnce(file: string, content: string): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const handle = await open(draft, 'wx', 0o600)
  try {
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await link(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await unlink(draft)
  }
}
