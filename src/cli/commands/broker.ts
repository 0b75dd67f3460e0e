import type { CallRecord } from '../../broker/broker-server.ts'
import type { BrokerSettings } from '../../broker/broker-settings.ts'
import type { OrderDesk } from '../../broker/order-desk.ts'
import type { Configuration } from '../../config/configuration.ts'
import { isAcme, isBrokered } from '../../config/order-route.ts'
import type { EnrollmentServices } from '../../enrollment/services.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import { printable } from '../../printable.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { CA_OPTIONS, configure, STATE_OPTIONS, TRUST_OPTIONS } from '../configure.ts'
import { TRACE_OPTION } from '../enrolling.ts'
import { servicesFor } from '../services.ts'

export const broker: Command = {
  command: 'broker [settings]',
  summary:
    'order for many hosts: the one process that holds the CA login; verifies, claims, has approved, orders, follows',
  positionals: { settings: { type: 'string', describe: 'YAML file with the address, the hosts and the people' } },
  options: {
    profile: { type: 'string', describe: 'profile with the sectigo section and the policy' },
    ...STATE_OPTIONS,
    ...CA_OPTIONS,
    ...TRUST_OPTIONS,
    ...TRACE_OPTION,
    'health-port': {
      type: 'number',
      describe: 'serve /healthz, /readyz and /metrics on 127.0.0.1; 0 picks a free port',
    },
    pin: { type: 'string', describe: 'print the pin of a client certificate (PEM or DER), and end' },
  },
  examples: [
    ['$0 broker broker.yaml --profile account --json', 'serves hosts; its log is JSON Lines'],
    ['$0 broker --pin web1.pem', 'prints what to pin for a host'],
  ],
  run: async (args, context) => {
    const certificate = args.text('pin')
    if (certificate !== undefined) return printPin(certificate, context)
    const { startBrokerServer } = await import('../../broker/broker-server.ts')
    const { CallCounts, startHealthServer } = await import('../../broker/health-server.ts')
    const { OrderDesk } = await import('../../broker/order-desk.ts')
    const settings = await readSettings(args, context)
    const configuration = await configure(args, context, { profile: args.text('profile') })
    refuseBrokered(configuration)
    const services = quiet(servicesFor(configuration, args, context))
    const desk = new OrderDesk({ configuration, settings, services })
    // What is damaged is found before a host calls.
    await desk.ledger
    await desk.trustAnchors
    const log = (event: string, more: object, text: string): void =>
      context.output.line({ time: new Date().toISOString(), event, ...more }, () => text)
    const onDefect = (error: unknown): void => {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
      log('defect', { what: what.slice(0, 4000) }, `a defect of hsm-enroll: ${printable(what.slice(0, 4000))}`)
    }
    const counts = new CallCounts()
    const port = args.port('health-port')
    const health =
      port === undefined
        ? undefined
        : await startHealthServer({ port, ready: () => desk.ready(), metrics: () => counts.metrics })
    try {
      const server = await startBrokerServer({
        settings,
        tls: await readIdentity(settings, configuration, context),
        desk,
        now: services.now,
        onCall: (record) => {
          counts.add(record)
          log('call', record, callToText(record))
        },
        onDefect,
      })
      void settleAlways(desk, context.signal, onDefect)
      log(
        'listening',
        { url: server.url, health: health?.url, hosts: settings.hosts.length, people: settings.people.length },
        `Listening on ${server.url}`,
      )
      await new Promise<void>((done) => {
        if (context.signal.aborted) done()
        context.signal.addEventListener('abort', () => done(), { once: true })
      })
      await server.close()
    } finally {
      await desk.close()
      // One that could not start must not look alive.
      await health?.close()
    }
    log('stopped', {}, 'Stopped.')
    return EXIT.done
  },
}

/** Milliseconds between two looks at what was left without an outcome. */
const SETTLE = 30_000

/** What was left when this broker died is settled when it starts; what it could not record, once its ledger is back. */
async function settleAlways(desk: OrderDesk, signal: AbortSignal, onDefect: (error: unknown) => void): Promise<void> {
  const { setTimeout: delay } = await import('node:timers/promises')
  while (!signal.aborted) {
    await desk.settleLeft().catch((error: unknown) => {
      if (!(error instanceof EnrollError)) onDefect(error)
    })
    await delay(SETTLE, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

/** The log has a line for each call: of the steps of an order only those that somebody may have to see to. */
const quiet = (services: EnrollmentServices): EnrollmentServices => ({
  ...services,
  observer: {
    step: (event) => {
      if (event.status === 'waiting' || event.status === 'refused') services.observer.step(event)
    },
  },
})

const callToText = ({ caller = 'a stranger', method, route, status, code, order, milliseconds }: CallRecord): string =>
  [
    `${caller}: ${method} ${route} ${status}`,
    code,
    order === undefined
      ? undefined
      : `${order.spkiSha256.slice(0, 16)} ${order.state} ${order.orderNumber ?? ''}`.trim(),
    `${milliseconds} ms`,
  ]
    .filter((part) => part !== undefined)
    .join(', ')

async function readSettings(args: Arguments, { cwd }: CommandContext): Promise<BrokerSettings> {
  const { readBrokerSettings } = await import('../../broker/broker-settings.ts')
  const { readTextFile } = await import('../../check/read/text-input.ts')
  const { readInput } = await import('../../config/read-input.ts')
  const { dirname, resolve } = await import('node:path')
  const given = args.text('settings')
  if (given === undefined) {
    throw new EnrollError('usage', 'Could not start: the broker needs a file of its own.', {
      remedy: 'Run `hsm-enroll broker SETTINGS`; docs/broker.md has an example.',
    })
  }
  const file = resolve(cwd, given)
  const settings = readBrokerSettings(readTextFile(await readInput(file), 'the broker’s settings'))
  return { ...settings, certificate: resolve(dirname(file), settings.certificate) }
}

/** A broker that orders through another one would hold no login; an ACME server wants the device at hand. */
function refuseBrokered(configuration: Configuration): void {
  const acme = isAcme(configuration)
  if (!isBrokered(configuration) && !acme) return
  const why = acme ? 'orders from an ACME server' : 'has a broker itself'
  throw new EnrollError('broker.settings', `Could not start: the profile of the broker ${why}.`, {
    remedy: 'Pass the profile with the login of the CA: --profile ACCOUNT.',
  })
}

async function readIdentity(
  { certificate, key }: BrokerSettings,
  configuration: Configuration,
  { env, signal }: CommandContext,
): Promise<{ readonly key: string; readonly certificate: string }> {
  const { passedBy, readSecret } = await import('../../config/secret-source.ts')
  const { readInput } = await import('../../config/read-input.ts')
  const name = 'client-certificate-key'
  const secret = await readSecret(
    key,
    { name, prompt: 'key of the broker’s certificate' },
    { env, signal, ...passedBy(configuration) },
  )
  return { key: secret.text(), certificate: Buffer.from(await readInput(certificate)).toString('utf8') }
}

async function printPin(file: string, { cwd, output }: CommandContext) {
  const { resolve } = await import('node:path')
  const { pinOf } = await import('../../broker/callers.ts')
  const { readCertificates } = await import('../../check/read/certificates-input.ts')
  const { readInput } = await import('../../config/read-input.ts')
  const [der] = readCertificates(await readInput(resolve(cwd, file)))
  const { X509Certificate } = await import('node:crypto')
  const pin = `sha256:${pinOf(new X509Certificate(der ?? Buffer.alloc(0)))}`
  output.line({ event: 'pin', pin }, () => pin)
  return EXIT.done
}
