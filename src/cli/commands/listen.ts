import type { Configuration } from '../../config/configuration.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import { printable } from '../../printable.ts'
import type { PushNotification } from '../../sectigo/push/push-notification.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { CA_OPTIONS, configure, STATE_OPTIONS } from '../configure.ts'
import { TRACE_OPTION } from '../enrolling.ts'
import { type Woken, wakeRun, wokenToText } from '../wake-run.ts'

const PORT = 8443

export const listen: Command = {
  command: 'listen [profile]',
  summary: 'receive the CA’s push notifications; each wakes the run that it belongs to',
  positionals: { profile: { type: 'string', describe: 'profile with the sectigo section' } },
  options: {
    ...STATE_OPTIONS,
    ...CA_OPTIONS,
    ...TRACE_OPTION,
    host: { type: 'string', default: '127.0.0.1', describe: 'address to listen on' },
    port: { type: 'number', default: PORT, describe: 'port to listen on; 0 picks a free one' },
    path: { type: 'string', default: '/', describe: 'path of the URL that the CA calls' },
    'tls-key': { type: 'string', describe: 'PEM private key; default: plain HTTP (behind a reverse proxy)' },
    'tls-certificate': { type: 'string', describe: 'PEM certificate chain' },
    'basic-user': { type: 'string', describe: 'source of the Basic user name (env:, file:, …)' },
    'basic-password': { type: 'string', describe: 'source of the Basic password' },
    source: {
      type: 'string',
      array: true,
      describe: 'addresses or networks that may call; default: the CA’s documented address',
    },
  },
  run: async (args, context) => {
    const { startPushReceiver } = await import('../../sectigo/push/push-receiver.ts')
    const { PushFloor } = await import('../../sectigo/push/push-floor.ts')
    const profile = args.text('profile')
    const configuration = await configure(args, context, profile === undefined ? {} : { profile })
    const tls = await tlsIdentity(args)
    const basic = await basicLogin(args, configuration, context)
    const sources = args.list('source')
    const inTurn = oneAtATime()
    const tell = ({ orderNumber, event, link }: PushNotification, outcome: Woken): void =>
      context.output.line(
        { orderNumber, event, link, ...outcome },
        () =>
          `order ${orderNumber}: ${event}${link === undefined ? '' : ` ${link}`}; ${printable(wokenToText(outcome))}`,
      )
    const floor = new PushFloor({
      pass: (push) =>
        inTurn(async () => {
          const { pause, woken } = await wakeRun(push, configuration, args, context)
          tell(push, woken)
          return pause
        }),
      onFault: ({ orderNumber }, error) => {
        const why = error instanceof Error ? error.message : String(error)
        context.output.warn(printable(`order ${orderNumber}: its notification could not be passed on: ${why}`))
      },
    })
    const receiver = await startPushReceiver({
      host: args.required('host'),
      port: args.port('port') ?? PORT,
      path: args.required('path'),
      ...(tls === undefined ? {} : { tls }),
      ...(basic === undefined ? {} : { basic }),
      ...(sources.length === 0 ? {} : { sources }),
      onPush: async (push) => {
        if ((await floor.take(push)) === 'later') tell(push, { outcome: 'later' })
      },
      onRefused: (reason) => context.output.warn(printable(reason)),
    })
    await warnOfClosedDoor(args.required('host'), sources, context)
    context.output.progress(`Listening on ${receiver.url}; press Ctrl-C to stop.`)
    await new Promise<void>((done) => {
      if (context.signal.aborted) done()
      context.signal.addEventListener('abort', () => done(), { once: true })
    })
    await receiver.close()
    await floor.end()
    return EXIT.done
  },
}

/** On loopback every call comes from a reverse proxy there, whose address the default list does not hold. */
async function warnOfClosedDoor(host: string, sources: readonly string[], { output }: CommandContext): Promise<void> {
  const { PUSH_SOURCE, sourceAddresses } = await import('../../sectigo/push/source-addresses.ts')
  const own = host === 'localhost' ? '127.0.0.1' : host
  if (!/^(127\.|::1$)/.test(own) || sourceAddresses(sources.length === 0 ? [PUSH_SOURCE] : sources)(own)) return
  output.warn(
    `no notification can arrive: the receiver listens on ${host} only, but calls from there are not allowed. Add --source ${own} if a reverse proxy on this machine forwards calls, or specify --host.`,
  )
}

/** Half of a pair would leave the door open that it was meant to close. */
function bothOrNone(args: Arguments, first: string, second: string): readonly [string, string] | undefined {
  const [a, b] = [args.text(first), args.text(second)]
  if (a !== undefined && b !== undefined) return [a, b]
  if (a === undefined && b === undefined) return undefined
  throw new EnrollError('usage', `Could not listen: --${a === undefined ? first : second} is missing.`, {
    remedy: `Pass --${first} and --${second} together.`,
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
    throw new EnrollError(
      'listen.tls',
      `Could not listen with ${files[0]} and ${files[1]}: TLS does not accept them.`,
      {
        remedy: 'Specify an unencrypted PEM private key, and its PEM certificate chain with its own certificate first.',
        cause,
      },
    )
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
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = tail.then(work)
    tail = turn.catch(() => undefined)
    return turn
  }
}
