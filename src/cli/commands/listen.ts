import type { Configuration } from '../../config/configuration.ts'
import type { RunState } from '../../enrollment/run-event.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import { printable } from '../../printable.ts'
import type { PushNotification } from '../../sectigo/push/push-notification.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { CA_OPTIONS, configure, configureRun, STATE_OPTIONS } from '../configure.ts'
import { stateDirectoryOf, TRACE_OPTION } from '../enrolling.ts'
import type { Failure } from '../output.ts'
import { createServices } from '../services.ts'

export const listen: Command = {
  command: 'listen [profile]',
  summary: 'receive the CA’s push notifications; each wakes the run that it belongs to',
  positionals: { profile: { type: 'string', describe: 'profile with the sectigo section' } },
  options: {
    ...STATE_OPTIONS,
    ...CA_OPTIONS,
    ...TRACE_OPTION,
    host: { type: 'string', default: '127.0.0.1', describe: 'address to listen on' },
    port: { type: 'number', default: 8443, describe: 'port to listen on; 0 picks one' },
    path: { type: 'string', default: '/', describe: 'path of the URL given to the CA' },
    'tls-key': { type: 'string', describe: 'PEM private key; plain HTTP (behind a reverse proxy) where absent' },
    'tls-certificate': { type: 'string', describe: 'PEM certificate chain' },
    'basic-user': { type: 'string', describe: 'source of the Basic user name (env:, file:, …)' },
    'basic-password': { type: 'string', describe: 'source of the Basic password' },
    source: {
      type: 'string',
      array: true,
      describe: 'addresses or networks that may call; the CA’s documented address where absent',
    },
  },
  run: async (args, context) => {
    const { startPushReceiver } = await import('../../sectigo/push/push-receiver.ts')
    const profile = args.text('profile')
    const configuration = await configure(args, context, profile === undefined ? {} : { profile })
    const stateDirectory = stateDirectoryOf(configuration)
    const tls = await tlsIdentity(args)
    const basic = await basicLogin(args, configuration, context)
    const sources = args.list('source')
    const inTurn = oneAtATime()
    const receiver = await startPushReceiver({
      host: args.required('host'),
      port: portOf(args),
      path: args.required('path'),
      ...(tls === undefined ? {} : { tls }),
      ...(basic === undefined ? {} : { basic }),
      ...(sources.length === 0 ? {} : { sources }),
      onPush: (push) =>
        inTurn(async () => {
          const woken = await wake(push, stateDirectory, args, context)
          const { orderNumber, event, link } = push
          context.output.line(
            { orderNumber, event, link, ...woken },
            () =>
              `order ${orderNumber}: ${event}${link === undefined ? '' : ` ${link}`}; ${printable(wokenToText(woken))}`,
          )
        }),
      onRefused: (reason) => context.output.warn(printable(reason)),
    })
    await warnOfClosedDoor(args.required('host'), sources, context)
    context.output.progress(`Listening on ${receiver.url}; Ctrl-C ends it.`)
    await new Promise<void>((done) => {
      if (context.signal.aborted) done()
      context.signal.addEventListener('abort', () => done(), { once: true })
    })
    await receiver.close()
    return EXIT.done
  },
}

/** On loopback every call comes from a reverse proxy there, whose address the default list does not hold. */
async function warnOfClosedDoor(host: string, sources: readonly string[], { output }: CommandContext): Promise<void> {
  const { PUSH_SOURCE, sourceAddresses } = await import('../../sectigo/push/source-addresses.ts')
  const own = host === 'localhost' ? '127.0.0.1' : host
  if (!/^(127\.|::1$)/.test(own) || sourceAddresses(sources.length === 0 ? [PUSH_SOURCE] : sources)(own)) return
  output.warn(
    `nobody can call: it listens on ${host} alone, and takes no call from there. Add --source ${own} where a reverse proxy on this machine passes calls on, or give --host.`,
  )
}

/** Half of a pair would leave the door open that it was meant to close. */
function bothOrNone(args: Arguments, first: string, second: string): readonly [string, string] | undefined {
  const [a, b] = [args.text(first), args.text(second)]
  if (a !== undefined && b !== undefined) return [a, b]
  if (a === undefined && b === undefined) return undefined
  throw new EnrollError('usage', `Could not listen: --${a === undefined ? first : second} is missing.`, {
    remedy: `Give --${first} and --${second} together.`,
  })
}

async function tlsIdentity(
  args: Arguments,
): Promise<{ readonly key: string; readonly certificate: string } | undefined> {
  const files = bothOrNone(args, 'tls-key', 'tls-certificate')
  if (files === undefined) return undefined
  const { readInput, readKeyInput } = await import('../../config/read-input.ts')
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
  const [key, certificate] = [text(await readKeyInput(files[0])), text(await readInput(files[1]))]
  const { createSecureContext } = await import('node:tls')
  try {
    createSecureContext({ key, cert: certificate })
  } catch (cause) {
    throw new EnrollError('listen.tls', `Could not listen with ${files[0]} and ${files[1]}: TLS does not take them.`, {
      remedy:
        'Give an unencrypted PEM private key, and the PEM certificate chain of that key with its own certificate first.',
      cause,
    })
  }
  return { key, certificate }
}

async function basicLogin(args: Arguments, configuration: Configuration, { env, signal }: CommandContext) {
  const pair = bothOrNone(args, 'basic-user', 'basic-password')
  if (pair === undefined) return undefined
  const { passedBy, readSecret } = await import('../../config/secret-source.ts')
  const reading = { env, signal, ...passedBy(configuration) }
  return {
    user: await readSecret(pair[0], { name: 'password', prompt: 'Basic user name' }, reading),
    password: await readSecret(pair[1], { name: 'password', prompt: 'Basic password' }, reading),
  }
}

/** Pushes of one order follow each other within a second; each finds its run free. */
function oneAtATime(): (work: () => Promise<void>) => Promise<void> {
  let tail: Promise<void> = Promise.resolve()
  return (work) => {
    const turn = tail.then(work)
    tail = turn.catch(() => undefined)
    return turn
  }
}

/** What became of the run that a push belongs to: schemas/push.schema.json. */
type Woken =
  /** No open run has this order. */
  | { readonly outcome: 'no-run' }
  | { readonly outcome: 'woken'; readonly run: string; readonly state: RunState }
  /** Another process has the run; nothing in the push is for it. */
  | { readonly outcome: 'busy'; readonly run: string }
  /** Another process has the run; its certificate was left for it. */
  | { readonly outcome: 'left'; readonly run: string }
  | { readonly outcome: 'failed'; readonly run: string; readonly error: Failure }

function wokenToText(woken: Woken): string {
  switch (woken.outcome) {
    case 'no-run':
      return 'no open run has this order'
    case 'woken':
      return `run ${woken.run} is ${woken.state}`
    case 'busy':
      return `another process works on the run ${woken.run}; nothing here is for it`
    case 'left':
      return `another process works on the run ${woken.run}; the certificate was left for it`
    case 'failed':
      return `${woken.error.code}: ${woken.error.message}`
  }
}

/**
 * A push is unsigned: certificates that it carries count only where their key is the run's; anything else only makes us ask
 * the CA. The certificate goes to the device when somebody resumes the run: a listener has no PIN.
 */
async function wake(
  { orderNumber, certificates = [] }: PushNotification,
  stateDirectory: string,
  args: Arguments,
  context: CommandContext,
): Promise<Woken> {
  const { withRun } = await import('../../enrollment/run.ts')
  const { advance } = await import('../../enrollment/advance.ts')
  const { acceptCertificates } = await import('../../enrollment/steps/collect-step.ts')
  const { changes } = await configureRun(args, context)
  const id = await orderedRun(stateDirectory, orderNumber)
  if (id === undefined) return { outcome: 'no-run' }
  const services = createServices(stateDirectory, context, args.flag('trace'))
  try {
    return await withRun(
      id,
      services,
      async (run) => {
        // Looked at again under the lock.
        if (run.record.state !== 'ordered') return { outcome: 'woken', run: run.id, state: run.record.state }
        if (certificates.length > 0) await acceptCertificates(run, certificates, 'pushed by the CA')
        else await advance(run, { until: 'issued' })
        return { outcome: 'woken', run: run.id, state: run.record.state }
      },
      changes,
    )
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
    if (error.code === 'lock.held') return leaveFor(id, certificates, stateDirectory)
    const { code, message, remedy, exitCode } = error
    return { outcome: 'failed', run: id, error: { code, message, remedy, exitCode } }
  }
}

async function orderedRun(stateDirectory: string, orderNumber: string): Promise<string | undefined> {
  const { indexedRuns } = await import('../../enrollment/run-index.ts')
  let found: string | undefined
  for await (const { id, digest } of indexedRuns(stateDirectory, { keep: true }))
    if (digest?.orderNumber === orderNumber && digest.state === 'ordered') found ??= id
  return found
}

/** Another process has the run, most likely one that waits for the CA: it finds what is left in the run's folder. */
async function leaveFor(id: string, certificates: readonly Uint8Array[], stateDirectory: string): Promise<Woken> {
  const { RunFolder } = await import('../../enrollment/run-folder.ts')
  const { readRun } = await import('../../enrollment/list-runs.ts')
  const { leavePushed } = await import('../../enrollment/pushed-certificates.ts')
  const { hasOwn } = await import('../../enrollment/steps/collect-step.ts')
  const { record } = await readRun(stateDirectory, id)
  if (record === undefined || !hasOwn(record, certificates)) return { outcome: 'busy', run: id }
  await leavePushed(RunFolder.at(stateDirectory, id), certificates)
  return { outcome: 'left', run: id }
}

function portOf(args: Arguments): number {
  const port = args.integer('port')
  if (port !== undefined && port >= 0 && port <= 65_535) return port
  throw new EnrollError('usage', 'Could not listen: --port is no number from 0 to 65535.', {
    remedy: 'Give --port 8443.',
  })
}
