import { EnrollError, EXIT } from '../../errors.ts'
import { readPeriod } from '../../period.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { configure } from '../configure.ts'
import { ORDER_OPTIONS } from '../enrolling.ts'
import { listen } from './listen.ts'
import { metricsText } from './metrics.ts'

const PROFILES = {
  type: 'string',
  array: true,
  describe: 'profiles to renew in time; runs of all profiles go on',
} as const

export const agent: Command = {
  command: 'agent [profiles..]',
  summary: 'stay running: renew in time, continue runs, tell, measure; under systemd, or any supervisor',
  positionals: { profiles: PROFILES },
  options: {
    ...listen.options,
    yes: { ...ORDER_OPTIONS.yes, describe: 'place the paid orders of renewals without asking' },
    every: { type: 'string', default: '1h', describe: 'pause between two looks; the CA’s own pauses are kept as well' },
    'metrics-file': { type: 'string', describe: 'file that is replaced with the metrics after each look' },
    'metrics-port': { type: 'number', describe: 'serve them on 127.0.0.1 under /metrics; 0 picks a free port' },
    listen: { type: 'boolean', describe: 'also receive push notifications, with the options of `listen`' },
  },
  examples: [['$0 agent signing --yes --metrics-port 9750', 'renews the profile signing, and pays for it']],
  run: async (args, context) => {
    const { agentPass, attempt } = await import('../agent-pass.ts')
    const { notifyServiceManager, watchdogPause } = await import('../service-manager.ts')
    const every = readPeriod(args.required('every'), '--every')
    if (every === 0) {
      throw new EnrollError('usage', 'Could not start: --every 0 leaves no pause.', {
        remedy: 'Specify at least --every 1h; SIGHUP looks at once.',
      })
    }
    await refuseIfNoneIsReadable(args, context)
    const wake = new Alarm(context.signal)
    const onReload = (): void => {
      context.output.progress('Looking again, with the profiles as they are now.')
      wake.ring()
    }
    // Elsewhere it asks for an end, as when a session goes away.
    process.removeAllListeners('SIGHUP')
    process.on('SIGHUP', onReload)
    const published = await publish(args, context)
    const listening = new AbortController()
    const untilEither = AbortSignal.any([context.signal, listening.signal])
    const pushes = args.flag('listen') ? listen.run(args, { ...context, signal: untilEither }) : undefined
    let deaf = false
    pushes?.catch(() => {
      deaf = true
      wake.ring()
    })
    const isOver = (): boolean => context.signal.aborted || deaf
    const pause = watchdogPause(context.env)
    const watchdog =
      pause === undefined ? undefined : setInterval(() => void notifyServiceManager(context.env, 'WATCHDOG=1'), pause)
    try {
      await notifyServiceManager(context.env, 'READY=1', 'STATUS=running')
      context.output.progress('Running; SIGHUP looks again at once, Ctrl-C stops.')
      while (!isOver()) {
        await agentPass(args, context)
        await attempt(() => published.update(), context)
        if (!isOver()) await wake.wait(every)
      }
      await notifyServiceManager(context.env, 'STOPPING=1')
      await pushes
      return EXIT.done
    } finally {
      clearInterval(watchdog)
      process.removeListener('SIGHUP', onReload)
      // Whatever ends it: a process that only listens would look as if it were still at work.
      listening.abort()
      await pushes?.catch(() => undefined)
      await published.close()
    }
  },
}

/** One profile that cannot be read is reported beside the others, and looked at again; with nothing else to do, it is a mistake of the caller. */
async function refuseIfNoneIsReadable(args: Arguments, context: CommandContext): Promise<void> {
  const read = await Promise.allSettled(args.list('profiles').map((profile) => configure(args, context, { profile })))
  const [first] = read
  if (first?.status === 'rejected' && read.every(({ status }) => status === 'rejected')) throw first.reason
}

/** A pause that a signal ends. */
class Alarm {
  readonly #signal: AbortSignal
  #ring: (() => void) | undefined
  #rung = false

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.ring(), { once: true })
  }

  /** Also counts while nobody waits: the next pause is over at once. */
  ring(): void {
    this.#rung = true
    this.#ring?.()
  }

  async wait(milliseconds: number): Promise<void> {
    if (!this.#rung && !this.#signal.aborted) {
      await new Promise<void>((done) => {
        const timer = setTimeout(done, Math.min(milliseconds, 86_400_000))
        this.#ring = () => {
          clearTimeout(timer)
          done()
        }
      })
    }
    this.#ring = undefined
    this.#rung = false
  }
}

interface Published {
  update(): Promise<void>
  close(): Promise<void>
}

/** Where the metrics go: a file, an address, both or neither. */
async function publish(args: Arguments, context: CommandContext): Promise<Published> {
  const file = args.text('metrics-file')
  const port = args.port('metrics-port')
  if (file === undefined && port === undefined) return { update: async () => undefined, close: async () => undefined }
  const { replaceFile } = await import('../../files/replace-file.ts')
  let text = ''
  const server = port === undefined ? undefined : await serve(port, () => text, context)
  return {
    update: async () => {
      text = await metricsText(args, context)
      if (file !== undefined) await replaceFile(file, text, 0o644)
    },
    close: async () => server?.(),
  }
}

/** On loopback alone; who watches from elsewhere has a proxy. Returns what closes it. */
async function serve(port: number, text: () => string, context: CommandContext): Promise<() => Promise<void>> {
  const { createServer } = await import('node:http')
  const { listen } = await import('../../http-listening.ts')
  const server = createServer((request, reply) => {
    const known = request.method === 'GET' && request.url === '/metrics'
    reply.writeHead(known ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    reply.end(known ? text() : 'see /metrics\n')
  })
  const refused = (cause: unknown): EnrollError =>
    new EnrollError('usage', `Could not serve the metrics on port ${port}.`, {
      remedy: 'Choose another --metrics-port.',
      cause,
    })
  const where = await listen(server, '127.0.0.1', port, refused)
  context.output.progress(`Metrics at http://127.0.0.1:${where}/metrics`)
  return () =>
    new Promise((done) => {
      server.closeAllConnections()
      server.close(() => done())
    })
}
