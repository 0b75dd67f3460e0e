import { createHmac } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { programEnvironment, runProgram } from '../../../devices/run-program.ts'
import type { Configuration } from '../../config/configuration.ts'
import { passedBy, readSecret, type SecretReading } from '../../config/secret-source.ts'
import { printable } from '../../printable.ts'
import type { LifetimeEvent } from './event.ts'

/** A way in which somebody is told. `deliver` resolves once the event is theirs, and throws an Error that says why it is not. */
export interface Channel {
  readonly name: 'command' | 'webhook' | 'mail'
  /** Where it leads, as the configuration says it: who set up another hook, or added an address, is told as well. */
  readonly to: string
  deliver(event: LifetimeEvent): Promise<void>
}

/** Milliseconds; a command of a person waits for it. */
const TIMEOUT = 10_000
const RETRIES = [1000, 4000] as const

/** The channels that a configuration has. Secrets are read when something is delivered. */
export function channelsOf(configuration: Configuration, reading: SecretReading): readonly Channel[] {
  const channels: Channel[] = []
  const command = configuration.text('hooks.command')
  const webhook = configuration.text('hooks.webhook')
  const mailTo = configuration.list('hooks.mailTo')
  const environment = programEnvironment(reading.env ?? process.env, configuration.list('programEnvironment'))
  const run = (words: readonly string[], input: string) => runWithInput(words, input, environment, reading.signal)
  if (command !== undefined)
    channels.push({
      name: 'command',
      to: command,
      deliver: (event) =>
        run(
          command.split(' ').filter((word) => word !== ''),
          `${JSON.stringify(event)}\n`,
        ),
    })
  if (webhook !== undefined)
    channels.push({ name: 'webhook', to: webhook, deliver: (event) => post(webhook, event, configuration, reading) })
  const sendmail = configuration.text('hooks.sendmail') ?? '/usr/sbin/sendmail'
  for (const address of mailTo)
    channels.push({
      name: 'mail',
      to: address,
      deliver: (event) => run([sendmail, '-i', '-t'], mail(address, event)),
    })
  return channels
}

/** Without a shell; what it prints is not repeated. */
async function runWithInput(
  [command, ...words]: readonly string[],
  input: string,
  environment: ReturnType<typeof programEnvironment>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (command === undefined) throw new Error('no command is specified')
  const end = await runProgram({
    command,
    arguments: words,
    environment,
    input,
    timeout: TIMEOUT,
    maxOutput: 1 << 20,
    signal,
  })
  if (end.kind === 'ended' && end.status === 0) return
  throw new Error(`${command} ${end.kind === 'ended' ? `ended with exit code ${end.status}` : end.kind}`)
}

/** The address may hold a token: it is a secret, and appears in no error. */
async function post(
  source: string,
  event: LifetimeEvent,
  configuration: Configuration,
  given: SecretReading,
): Promise<void> {
  const reading = { ...given, ...passedBy(configuration) }
  const secretSource = configuration.text('hooks.webhookSecret')
  const address = await readSecret(source, { name: 'password', prompt: 'webhook address' }, reading)
  const secret =
    secretSource === undefined
      ? undefined
      : await readSecret(secretSource, { name: 'password', prompt: 'webhook secret' }, reading)
  const url = new URL(address.text())
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local)) throw new Error('the address is not HTTPS')
  const body = JSON.stringify(event)
  const time = Math.floor(Date.now() / 1000).toString()
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'hsm-enroll-event-id': event.id,
    'hsm-enroll-timestamp': time,
  }
  if (secret !== undefined)
    headers['hsm-enroll-signature'] =
      `sha256=${createHmac('sha256', secret.bytes()).update(`${time}.${body}`).digest('hex')}`
  for (const pause of [...RETRIES, undefined]) {
    const why = await tryPost(url, { method: 'POST', body, headers, redirect: 'error' })
    if (why === undefined) return
    if (pause === undefined) throw new Error(why)
    await delay(pause)
  }
}

/** Why it was not taken; undefined if it was. */
async function tryPost(url: URL, request: RequestInit): Promise<string | undefined> {
  try {
    const reply = await fetch(url, { ...request, signal: AbortSignal.timeout(TIMEOUT) })
    await reply.body?.cancel()
    return reply.ok ? undefined : `the webhook answered ${reply.status}`
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error && 'code' in error.cause ? error.cause.code : ''
    return `the webhook could not be reached${cause === '' ? '' : ` (${String(cause)})`}`
  }
}

/** Header fields hold nothing that an event brings from outside. */
function mail(to: string, event: LifetimeEvent): string {
  const lines = Object.entries(event)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${printable(String(value))}`)
  return [
    `To: ${printable(to)}`,
    `Subject: hsm-enroll: ${event.type}`,
    `Auto-Submitted: auto-generated`,
    `Message-ID: <${event.id}.hsm-enroll@localhost>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    ...lines,
    '',
  ].join('\n')
}
