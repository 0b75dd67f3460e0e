import { randomBytes } from 'node:crypto'
import { linkSync, rmSync, writeFileSync } from 'node:fs'
import { writeThrough } from './write-through.ts'

/**
 * Creates a file with its content, on disk, unless it exists; returns whether it did. It appears whole or not at all: a file that
 * is opened first and written then would be empty for a moment, or for ever after a crash.
 */
export async function createOnce(file: string, content: string): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    await writeThrough(draft, 'wx', (descriptor) => writeFileSync(descriptor, content))
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    removeDraft(draft)
  }
}

/** One that stays is in nobody's way, and does not undo that the file is there. */
function removeDraft(draft: string): void {
  try {
    rmSync(draft, { force: true })
  } catch {
    // The disk takes nothing more.
  }
}
