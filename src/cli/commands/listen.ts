import { EXIT } from '../../errors.ts'
import type { Command, CommandContext } from '../command.ts'
import { configure } from '../configure.ts'
import { RUN_OPTIONS, stateDirectoryOf } from '../enrolling.ts'
import { createServices } from '../services.ts'

export const listen: Command = {
  command: 'listen [profile]',
  summary: 'receive the CA’s push notifications; each wakes the run that it belongs to',
  positionals: { profile: { type: 'string', describe: 'profile with the sectigo section' } },
  options: {
    ...RUN_OPTIONS,
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
    const { readFile } = await import('node:fs/promises')
    const { startPushReceiver } = await import('../../sectigo/push/push-receiver.ts')
    const profile = args.text('profile')
    const configuration = await configure(args, context, profile === undefined ? {} : { profile })
    const key = args.text('tls-key')
    const certificate = args.text('tls-certificate')
    const basic = await basicLogin(args.text('basic-user'), args.text('basic-password'), context)
    const sources = args.list('source')
    const receiver = await startPushReceiver({
      host: args.required('host'),
      port: args.integer('port') ?? Number(args.text('port')),
      path: args.required('path'),
      ...(key === undefined || certificate === undefined
        ? {}
        : { tls: { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') } }),
      ...(basic === undefined ? {} : { basic }),
      ...(sources.length === 0 ? {} : { sources }),
      onPush: async ({ orderNumber, event, certificates, link }) => {
        const woken = await wake(orderNumber, certificates ?? [], stateDirectoryOf(configuration), context)
        context.output.line(
          { orderNumber, event, link, ...woken },
          () => `order ${orderNumber}: ${event}${link === undefined ? '' : ` ${link}`}; ${woken.outcome}`,
        )
      },
      onRefused: (reason) => context.output.warn(reason),
    })
    context.output.progress(`Listening on ${receiver.url}; Ctrl-C ends it.`)
    await new Promise<void>((done) => {
      if (context.signal.aborted) done()
      context.signal.addEventListener('abort', () => done(), { once: true })
    })
    await receiver.close()
    return EXIT.done
  },
}

async function basicLogin(user: string | undefined, password: string | undefined, context: CommandContext) {
  if (user === undefined || password === undefined) return undefined
  const { readSecret } = await import('../../config/secret-source.ts')
  const reading = { env: context.env }
  return {
    user: await readSecret(user, { name: 'password', prompt: 'Basic user name' }, reading),
    password: await readSecret(password, { name: 'password', prompt: 'Basic password' }, reading),
  }
}

/**
 * A push is unsigned: certificates that it carries count only where their key is the run's; anything else only makes us ask
 * the CA. The certificate goes to the device when somebody resumes the run: a listener has no PIN.
 */
async function wake(
  orderNumber: string,
  certificates: readonly Uint8Array[],
  stateDirectory: string,
  context: CommandContext,
): Promise<{ readonly run?: string; readonly outcome: string }> {
  const { listRuns } = await import('../../enrollment/run-record.ts')
  const { withRun } = await import('../../enrollment/run.ts')
  const { advance } = await import('../../enrollment/advance.ts')
  const { acceptCertificates } = await import('../../enrollment/steps/collect-step.ts')
  const { EnrollError } = await import('../../errors.ts')
  const runs = await listRuns(stateDirectory)
  const found = runs.find(({ record }) => record?.orderNumber === orderNumber && record.state === 'ordered')
  if (found === undefined) return { outcome: 'no open run has this order' }
  const services = createServices(stateDirectory, context, false)
  try {
    return await withRun(found.id, services, async (run) => {
      if (certificates.length > 0) await acceptCertificates(run, certificates, 'pushed by the CA')
      else await advance(run, { until: 'issued' })
      return { run: run.id, outcome: `run ${run.id} is ${run.record.state}` }
    })
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
    return { run: found.id, outcome: `${error.code}: ${error.message}` }
  }
}
