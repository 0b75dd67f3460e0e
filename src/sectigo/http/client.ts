import type { Secret } from '../../../devices/device.ts'
import { refuseKeysInText } from '../../check/read/hidden-keys.ts'
import { EnrollError } from '../../errors.ts'
import { encodeForm } from './encode-form.ts'
import { endpointUrl, readBaseUrl, SECTIGO_URL } from './endpoint-url.ts'
import { DEFAULT_TIMEOUTS, type Exchange, type Timeouts } from './exchange.ts'
import { proxyFor } from './proxy.ts'
import { createRedactor, type Redact } from './redactor.ts'
import { tlsContext } from './root-certificates.ts'
import { send } from './send.ts'

export interface Credentials {
  readonly loginName: Secret
  readonly loginPassword: Secret
}

export interface ClientOptions {
  /** Base address of the endpoints; Sectigo's own where absent. HTTPS only. */
  readonly url?: string
  /** Asked for when the first call needs it. */
  readonly credentials: () => Promise<Credentials>
  /** PEM of a private CA that may vouch for the server (`readCaFile`). */
  readonly caCertificates?: string
  /** Proxy address; without one the environment decides. */
  readonly proxy?: string
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly timeouts?: Timeouts
  /** One event per request and per end, already redacted. */
  readonly trace?: (event: TraceEvent) => void
}

export type TraceEvent =
  | { readonly kind: 'request'; readonly endpoint: string; readonly parameters: readonly string[] }
  | { readonly kind: 'end'; readonly endpoint: string; readonly end: string }

export interface Call {
  /** Name under the base address (`!AutoApplyOrder`), or a whole address where it is configured apart. */
  readonly endpoint: string
  /** Without the login, which the client puts in front. */
  readonly form: Readonly<Record<string, string>>
  readonly maxReply?: number
  /** See `SendOptions.endsItself`. */
  readonly endsItself?: boolean
  readonly signal?: AbortSignal | undefined
}

/** An exchange with its text decoded and redacted. `body` is as received: for certificates only. */
export type Answer =
  | (Extract<Exchange, { kind: 'reply' }> & { readonly text: string; readonly redact: Redact })
  | Exclude<Exchange, { kind: 'reply' }>

/** Sends forms to the CA. It never sends anything twice. */
export interface SectigoClient {
  readonly base: URL
  post(call: Call): Promise<Answer>
}

/** Throws EnrollError (exit 2) where an address, a proxy or a timeout cannot be used; then nothing was sent. */
export function createClient(options: ClientOptions): SectigoClient {
  requireTimeouts(options.timeouts)
  const base = readBaseUrl(options.url ?? SECTIGO_URL)
  const environment = options.environment ?? process.env
  proxyFor(base, options.proxy, environment)

  async function post(call: Call): Promise<Answer> {
    const url = endpointUrl(base, call.endpoint)
    const { loginName, loginPassword } = await options.credentials()
    const login = { loginName: loginName.text(), loginPassword: loginPassword.text() }
    const key = hiddenKeyIn({ ...login, ...call.form })
    if (key !== undefined) return key
    const redact = createRedactor([loginName, loginPassword, ...passwordsOf(call.form)])
    const proxy = proxyFor(url, options.proxy, environment)
    options.trace?.({ kind: 'request', endpoint: call.endpoint, parameters: Object.keys(call.form) })
    const exchange = await send({
      url,
      method: 'POST',
      body: encodeForm({ ...login, ...call.form }),
      secureContext: tlsContext(options.caCertificates),
      ...(proxy === undefined ? {} : { proxy }),
      ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
      ...(call.maxReply === undefined ? {} : { maxReply: call.maxReply }),
      ...(call.endsItself === undefined ? {} : { endsItself: call.endsItself }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    })
    const answer = redacted(exchange, redact)
    options.trace?.({ kind: 'end', endpoint: call.endpoint, end: describe(answer) })
    return answer
  }
  return { base, post }
}

/** An order whose answer is not waited for is lost money; a timer of Node.js takes no more than 49 days. */
function requireTimeouts({ connect, reply }: Timeouts = DEFAULT_TIMEOUTS): void {
  if ([connect, reply].every((time) => time >= 1 && time <= LONGEST_TIMEOUT)) return
  throw new EnrollError('sectigo.timeout', 'Could not use the timeout: it must be above 0 and at most a day.', {
    remedy: 'Remove sectigo.timeoutSeconds, or set it to whole seconds up to 86400.',
  })
}

const LONGEST_TIMEOUT = 86_400_000

/** The last door: whatever filled in the form, a private key does not leave. */
function hiddenKeyIn(form: Call['form']): Extract<Exchange, { kind: 'not-sent' }> | undefined {
  try {
    for (const [name, value] of Object.entries(form)) refuseKeysInText(value, `the parameter ${name.slice(0, 64)}`)
    return undefined
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
    return { kind: 'not-sent', reason: error.message.replace(/\.$/, ''), remedy: error.remedy }
  }
}

/** The accounts of licences have passwords of their own (AppRepLoginPassword). */
const passwordsOf = (form: Call['form']): readonly { text(): string }[] =>
  Object.entries(form)
    .filter(([name, value]) => /password$/i.test(name) && value !== '')
    .map(([, value]) => ({ text: () => value }))

function redacted(exchange: Exchange, redact: Redact): Answer {
  switch (exchange.kind) {
    case 'reply':
      return { ...exchange, text: decode(exchange.body), redact }
    // Reasons are this program's own words and hold nothing from outside.
    case 'not-sent':
      return exchange
    case 'unknown':
      return {
        ...exchange,
        ...(exchange.partial === undefined ? {} : { partial: redact(exchange.partial) }),
      }
  }
}

/** Replies are ASCII by the documents; what is not UTF-8 is read as Latin-1 so that nothing is lost. */
function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return Buffer.from(body).toString('latin1')
  }
}

function describe(answer: Answer): string {
  if (answer.kind !== 'reply') return `${answer.kind}: ${answer.reason}`
  return `HTTP ${answer.status} ${answer.contentType}, ${answer.body.length} bytes`
}
