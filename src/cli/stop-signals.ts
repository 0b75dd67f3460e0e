import { awaitsInput } from '../files/bounded-file.ts'

/**
 * Signals that ask for an end, or whose default action is one: `docker stop` and systemd send SIGTERM, a terminal or an ssh session
 * that goes away SIGHUP, a CPU limit SIGXCPU. Not one of them may end the process between an order and its record.
 */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGXCPU', 'SIGUSR2'] as const

/** Milliseconds. One Ctrl-C arrives twice under `npx` and `npm run`: from the terminal, and passed on by npm. */
const ONE_PRESS = 500

/**
 * Ends what runs cleanly at the first signal, through the AbortSignal. What follows is swallowed: a session that goes away sends
 * several, and a supervisor that has waited long enough sends SIGKILL. Only a second Ctrl-C, a person's own, ends the process at once.
 * While an input is awaited the signal does what it does by default.
 */
export function stopOnSignals(stopping: (signal: NodeJS.Signals) => void): AbortSignal {
  const abort = new AbortController()
  let first = 0
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (awaitsInput()) {
        process.removeAllListeners(signal)
        process.kill(process.pid, signal)
      } else if (!abort.signal.aborted) {
        first = performance.now()
        stopping(signal)
        abort.abort()
        // Not process.exit: it waits for a PKCS#11 call that is still in the module.
      } else if (signal === 'SIGINT' && performance.now() - first > ONE_PRESS) process.kill(process.pid, 'SIGKILL')
    })
  }
  return abort.signal
}
