import { lstatSync, type Stats } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where the locks of a host's devices are. */
export interface LockPlace {
  readonly folder: string
  /** Before the names of the files, where the folder is not ours alone. */
  readonly prefix: string
  /** What this place does not do, where it is not the first choice. */
  readonly weakness?: string
}

/** For tests alone, whose doubles carry one serial number and run side by side: it takes the device out of everybody else's sight. */
const OVERRIDE = 'HSM_ENROLL_TEST_DEVICE_LOCKS'

/** Made by an administrator (docs/locks.md), it comes first, and is refused rather than passed over where a user may not write to it. */
const OWN = '/run/lock/hsm-enroll'

/** Root's folders that take files from everybody, as the Filesystem Hierarchy Standard gives them. Some distributions close the first. */
const OPEN_TO_ALL = ['/run/lock', '/tmp']

/**
 * One place per host, the same for every user, session and service: so it follows from the folders that exist alone, neither from the
 * environment nor from who asks.
 */
export function lockPlace(environment: Readonly<Record<string, string | undefined>> = process.env): LockPlace {
  const override = environment[OVERRIDE]
  if (override !== undefined && override !== '') return { folder: override, prefix: '' }
  if (process.platform === 'win32')
    return { folder: tmpdir(), prefix: 'hsm-enroll-', weakness: 'Other users of this host cannot see it.' }
  if (look(OWN)?.isDirectory() === true && look(OWN)?.uid === 0) return { folder: OWN, prefix: '' }
  const [first, ...others] = OPEN_TO_ALL.filter(isOpenToAll)
  const folder = first ?? others[0] ?? '/tmp'
  return {
    folder,
    prefix: 'hsm-enroll-',
    ...(folder === '/run/lock' || process.platform !== 'linux' ? {} : { weakness: PRIVATE_TMP }),
  }
}

const PRIVATE_TMP =
  'A service with its own /tmp (PrivateTmp) does not see it; `sudo install -d -m 1777 /run/lock/hsm-enroll` creates a folder that all processes see.'

/** Owned by root, written to by all, and nobody removes another's file. */
function isOpenToAll(folder: string): boolean {
  const status = look(folder)
  return status?.isDirectory() === true && status.uid === 0 && (status.mode & 0o1002) === 0o1002
}

/** A symbolic link is no place: on macOS /tmp is one, of the system's own. */
function look(folder: string): Stats | undefined {
  const path = process.platform === 'darwin' && folder === '/tmp' ? join('/private', folder) : folder
  return lstatSync(path, { throwIfNoEntry: false })
}
