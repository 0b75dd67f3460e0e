import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Until the function is called that it returns, the disk does not confirm what is written to this file or folder, `times` times, by
 * default always; all else it does.
 */
export function failSync(path: string, times = Number.POSITIVE_INFINITY): () => void {
  const { fsync, fsyncSync } = fs
  let left = times
  const fault = (descriptor: number): NodeJS.ErrnoException | undefined => {
    const wanted = fs.statSync(path, { throwIfNoEntry: false })
    if (left <= 0 || wanted === undefined || fs.fstatSync(descriptor).ino !== wanted.ino) return undefined
    left--
    return Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' })
  }
  fs.fsync = Object.assign(
    (descriptor: number, done: fs.NoParamCallback) => {
      const error = fault(descriptor)
      if (error === undefined) fsync(descriptor, done)
      else setImmediate(done, error)
    },
    { __promisify__: fsync.__promisify__ },
  )
  fs.fsyncSync = (descriptor) => {
    const error = fault(descriptor)
    if (error !== undefined) throw error
    fsyncSync(descriptor)
  }
  syncBuiltinESMExports()
  return () => {
    Object.assign(fs, { fsync, fsyncSync })
    syncBuiltinESMExports()
  }
}

/** Until `stop` is called, notes each file and folder that the disk is waited for, by the number of its inode. */
export function noteSyncs(): { readonly inodes: readonly number[]; readonly stop: () => void } {
  const { fsync } = fs
  const inodes: number[] = []
  const noted = (descriptor: number, done: fs.NoParamCallback): void => {
    inodes.push(fs.fstatSync(descriptor).ino)
    fsync(descriptor, done)
  }
  fs.fsync = Object.assign(noted, { __promisify__: fsync.__promisify__ })
  syncBuiltinESMExports()
  const stop = (): void => {
    fs.fsync = fsync
    syncBuiltinESMExports()
  }
  return { inodes, stop }
}
