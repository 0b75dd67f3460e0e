import { open } from 'node:fs/promises'

/** A new name in a folder survives a power cut only once the folder is synced; not every platform allows it. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
