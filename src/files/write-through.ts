import { closeSync, fsync, openSync } from 'node:fs'

const synced = (descriptor: number): Promise<void> =>
  new Promise((resolve, reject) => {
    fsync(descriptor, (error) => (error === null ? resolve() : reject(error)))
  })

/**
 * Opens a file, lets `write` change it, and resolves once that is on disk. Only the disk is waited for: what reaches memory is done at once,
 * for which a thread would take longer to wake than to do it.
 */
export async function writeThrough(
  file: string,
  flags: string | number,
  write: (descriptor: number) => void,
  mode = 0o600,
): Promise<void> {
  const descriptor = openSync(file, flags, mode)
  try {
    write(descriptor)
    await synced(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
