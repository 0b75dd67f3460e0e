import { doneTogether } from '../together.ts'
import { writeThrough } from './write-through.ts'

/** A new name in a folder survives a power cut only once the folder is synced; not every platform allows it. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await writeThrough(path, 'r', () => undefined)
}

/** The same of a folder in which many names appear: those of one moment reach the disk at once. */
export function syncTogether(path: string): Promise<void> {
  const sync = together.get(path) ?? doneTogether(() => syncDirectory(path))
  together.set(path, sync)
  return sync()
}

const together = new Map<string, () => Promise<void>>()
