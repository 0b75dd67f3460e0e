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
