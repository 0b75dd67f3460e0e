import { runProgram } from '../../devices/run-program.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Tells systemd how a service stands (sd_notify(3)), through its own systemd-notify: Node.js has no datagram sockets of the file system.
 * The unit needs NotifyAccess=all. Does nothing outside of one, and never throws: a service is not worse for a message that was lost.
 */
export async function notifyServiceManager(env: Environment, ...states: readonly string[]): Promise<void> {
  const socket = env.NOTIFY_SOCKET
  if (socket === undefined || socket === '') return
  await runProgram({
    command: 'systemd-notify',
    arguments: states,
    environment: { PATH: env.PATH, NOTIFY_SOCKET: socket },
    timeout: 10_000,
    maxOutput: 4096,
  })
}

/** Half of the time after which systemd takes the service for dead, in milliseconds; undefined where it does not watch. */
export function watchdogPause(env: Environment): number | undefined {
  const microseconds = Number(env.WATCHDOG_USEC)
  if (!(microseconds > 0) || (env.WATCHDOG_PID !== undefined && env.WATCHDOG_PID !== String(process.pid)))
    return undefined
  return Math.max(microseconds / 2000, 50)
}
