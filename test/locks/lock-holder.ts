/**
 * A process that takes a lock, says so on one line, and holds it until its input ends: what the tests of locks start, kill, and put into
 * namespaces. Arguments: the file, and `shared` for one of a device.
 */
import { takeKernelLock } from '../../devices/lock/kernel-lock.ts'
import { describeHolder } from '../../devices/lock/lock-holder.ts'

const [, , file = '', shared, wait] = process.argv
try {
  const outcome = await takeKernelLock(file, { shared: shared === 'shared', wait: Number(wait ?? 0) })
  if (outcome.kind === 'held') say('held', describeHolder(outcome.holder))
  else {
    say('taken', String(process.pid))
    for await (const _ of process.stdin);
    outcome.lock.release()
    say('released', '')
  }
} catch (error) {
  say('fault', error instanceof Error ? `${error.name}: ${error.message}` : String(error))
}

function say(what: string, detail: string): void {
  process.stdout.write(`${JSON.stringify({ what, detail })}\n`)
}
