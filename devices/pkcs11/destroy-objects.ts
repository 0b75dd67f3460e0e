import { DeviceError } from '../device-error.ts'
import type { TokenSession } from './token-session.ts'

/** More of one kind than any key has. */
const MOST = 64

/**
 * Destroys every object that `find` finds, one at a time, and looks for them anew before each: a module may give a destroyed object's
 * handle to another object at once. Throws DeviceError `device.protocol` where one does not go.
 */
export function destroyEach(session: TokenSession, find: () => readonly Buffer[], what: string): void {
  let left = find()
  for (let round = 0; left.length > 0; round++) {
    const [object] = left
    if (object === undefined) return
    session.cryptoki.run('C_DestroyObject', what, (library) => library.C_DestroyObject(session.handle, object))
    const after = find()
    if (after.length >= left.length || round >= MOST) throw notGone(session, what)
    left = after
  }
}

const notGone = (session: TokenSession, what: string): DeviceError =>
  new DeviceError(
    'device.protocol',
    `Could not remove the ${what} from ${session.cryptoki.subject}: it is still there.`,
    {
      remedy: "Remove it with the vendor's tool.",
    },
  )
