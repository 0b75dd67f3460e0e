import { constants, fchmodSync, fstatSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { LockFault } from './lock-fault.ts'
import { userName } from './user-name.ts'

/** A symbolic link in a folder that others write to could lead to any file; a FIFO must not keep us. Windows has neither. */
const GUARDED = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Between a look and an attempt the file may come or go; somebody who does that all the time is given up on. */
const ATTEMPTS = 5

/**
 * Opens a lock file, making it where it is missing. `more`: further flags of open(2). Throws LockFault with the reason in words; its
 * `cause` is what the system said.
 */
export function openLockFile(file: string, mode: number, more = 0): number {
  for (let attempt = 1; ; attempt++) {
    const [descriptor, error] = tryOpen(file, constants.O_RDWR | GUARDED | more)
    if (descriptor !== undefined) return descriptor
    // flock(2) asks for no right to write: a lock that root left readable still locks, and only names nobody.
    if (error.code === 'EACCES') {
      const [readable] = tryOpen(file, constants.O_RDONLY | GUARDED | more)
      if (readable !== undefined) return readable
    }
    if (error.code !== 'ENOENT') throw openFault(file, error)
    // Apart from the opening: in a folder like /tmp the kernel refuses O_CREAT for another user's file (fs.protected_regular).
    const [made, refusal] = tryOpen(
      file,
      constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | GUARDED | more,
      mode,
    )
    if (made !== undefined) {
      // What the umask took away: other users must be able to open what they lock, too.
      if (process.platform !== 'win32') fchmodSync(made, mode)
      return made
    }
    if (refusal.code !== 'EEXIST' || attempt === ATTEMPTS) throw openFault(file, refusal)
  }
}

/** Refuses what is no file of this purpose. `shared`: the folder takes files from everybody, so that a second name could be a trap. */
export function refuseOtherFile(file: string, descriptor: number, shared: boolean): void {
  const status = fstatSync(descriptor)
  if (!status.isFile()) throw new LockFault('it is not a regular file', `Remove ${file}.`)
  if (shared && status.nlink > 1)
    throw new LockFault('the file has another name besides this one (a hard link)', `Have its owner remove ${file}.`)
}

type Opened = readonly [number] | readonly [undefined, NodeJS.ErrnoException]

function tryOpen(file: string, flags: number, mode?: number): Opened {
  try {
    return [openSync(file, flags, mode)]
  } catch (error) {
    return [undefined, error as NodeJS.ErrnoException]
  }
}

function openFault(file: string, error: NodeJS.ErrnoException): LockFault {
  const [why, remedy] = words(file, error.code ?? error.message)
  return new LockFault(why, remedy, error)
}

function words(file: string, code: string): readonly [string, string] {
  const folder = dirname(file)
  switch (code) {
    case 'EACCES':
    case 'EPERM': {
      const owner = ownerOf(file)
      return owner === undefined
        ? [
            'this user has no write permission in the folder',
            `Have the owner of ${folder} grant this user write access.`,
          ]
        : [
            `the file belongs to ${owner}`,
            `Transfer it to this user: \`sudo chown ${userName().replace('uid ', '')} '${file}'\`.`,
          ]
    }
    case 'EISDIR':
      return ['a folder is in its place', `Move ${file} away.`]
    case 'ELOOP':
      return ['a symbolic link is in its place', `Remove the link ${file}.`]
    case 'ENOENT':
    case 'ENOTDIR':
      return ['its folder does not exist', `Check ${folder}.`]
    case 'EROFS':
      return ['the file system is read-only', `Use a writable folder, or mount the file system of ${folder} writable.`]
    case 'ENOSPC':
    case 'EDQUOT':
      return ['the disk is full', `Free space on the file system of ${folder}.`]
    default:
      return [code, `Check ${folder}.`]
  }
}

function ownerOf(file: string): string | undefined {
  try {
    const { uid } = statSync(file)
    return uid === 0 ? 'root' : `the user with the number ${uid}`
  } catch {
    return undefined
  }
}
