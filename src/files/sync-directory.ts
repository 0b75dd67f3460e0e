import { writeThrough } from './write-through.ts'

/** A new name in a folder survives a power cut only once the folder is synced; not every platform allows it. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await writeThrough(path, 'r', () => undefined)
}
