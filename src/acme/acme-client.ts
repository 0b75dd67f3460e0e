/**
 * The transport of ACME (RFC 8555 6): signed requests, one at a time, over connections of their own. A signed body is sent once. The
 * one answer that says that nothing was done, badNonce, leads to another body only where the caller says that it may.
 */
import { EnrollError, sentence } from '../errors.ts'
import { jsonMember } from '../json-member.ts'
import type { Exchange, Timeouts } from '../sectigo/http/exchange.ts'
import { proxyFor } from '../sectigo/http/proxy.ts'
import { tlsContext } from '../sectigo/http/root-certificates.ts'
import { send } from '../sectigo/http/send.ts'
import type { AccountKey } from './account-key.ts'
import type { AcmeReply } from './acme-reply.ts'
import { isBadNonce } from './problem.ts'

export interface AcmeClientOptions {
  readonly directory: string
  /** Asked for when the first signed request needs it. */
  readonly accountKey: () => Promise<AccountKey>
  /** PEM of a private CA that may vouch for the server. */
  readonly caCertificates?: string
  readonly proxy?: string
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly timeouts?: Timeouts
  /** One line per request and per end. */
  readonly trace?: (line: string) => void
}

/** How a signed request ended. */
export type AcmeEnd = (AcmeReply & { readonly kind: 'reply' }) | Exclude<Exchange, { kind: 'reply' }>

/** The addresses of a server (RFC 8555 7.1.1). */
export interface AcmeDirectory {
  readonly newNonce: string
  readonly newAccount: string
  readonly newOrder: string
  /** Where the terms are that an account agrees to; some servers have no `meta` at all. */
  readonly termsOfService?: string
  readonly externalAccountRequired: boolean
}

export interface PostOptions {
  /** After badNonce another body may be signed: the request has no effect, or one that is the same however often it comes. */
  readonly again: boolean
  /** Signed with the key itself, not with the account's address. */
  readonly asKey?: boolean
  readonly signal?: AbortSignal
}

const MOST_NONCES = 8
const MOST_TRIES = 4
const JOSE = 'application/jose+json'

export class AcmeClient {
  readonly #options: AcmeClientOptions
  readonly #nonces: string[] = []
  #directory: AcmeDirectory | undefined
  #kid: string | undefined
  /** Requests are sent one after another: each takes the nonce that the last one brought. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: AcmeClientOptions) {
    this.#options = options
    proxyFor(readAddress(options.directory), options.proxy, options.environment ?? process.env)
  }

  get directoryUrl(): string {
    return this.#options.directory
  }

  /** Of the account; `newAccount` sets it. */
  set account(address: string) {
    this.#kid = address
  }

  accountKey(): Promise<AccountKey> {
    return this.#options.accountKey()
  }

  /** Read once. Throws EnrollError `acme.unreachable`, `acme.directory`. */
  async directory(signal?: AbortSignal): Promise<AcmeDirectory> {
    if (this.#directory !== undefined) return this.#directory
    const end = await this.#send({ url: this.#options.directory, method: 'GET' }, signal)
    if (end.kind !== 'reply') throw unreachable(end)
    const url = (name: string): string => addressIn(end.json, name, notADirectory(end.status))
    const meta = jsonMember(end.json, 'meta')
    const terms = jsonMember(meta, 'termsOfService')
    this.#directory = {
      ...{ newNonce: url('newNonce'), newAccount: url('newAccount'), newOrder: url('newOrder') },
      ...(typeof terms === 'string' ? { termsOfService: terms.slice(0, 500) } : {}),
      externalAccountRequired: jsonMember(meta, 'externalAccountRequired') === true,
    }
    return this.#directory
  }

  /** POST-as-GET: reads, and may be asked again. Throws EnrollError `acme.unreachable`. */
  async read(url: string, signal?: AbortSignal): Promise<AcmeReply> {
    const end = await this.post(url, undefined, { again: true, ...(signal === undefined ? {} : { signal }) })
    if (end.kind !== 'reply') throw unreachable(end)
    return end
  }

  /** One signed request; `payload` undefined for POST-as-GET. Throws EnrollError for what was not sent for want of a nonce or a key. */
  post(url: string, payload: unknown, options: PostOptions): Promise<AcmeEnd> {
    const next = this.#last.then(() => this.#post(url, payload, options))
    this.#last = next.catch(() => undefined)
    return next
  }

  async #post(url: string, payload: unknown, { again, asKey = false, signal }: PostOptions): Promise<AcmeEnd> {
    const key = await this.#options.accountKey()
    const text = payload === undefined ? '' : JSON.stringify(payload)
    for (let tries = 1; ; tries++) {
      const nonce = await this.#nonce(signal)
      const kid = asKey || this.#kid === undefined ? {} : { kid: this.#kid }
      const end = await this.#send({ url, method: 'POST', body: key.sign(text, { url, nonce, ...kid }) }, signal)
      if (end.kind !== 'reply' || !isBadNonce(end) || !again || tries === MOST_TRIES) return end
      // What is left in the queue is of the same age.
      this.#nonces.splice(0, this.#nonces.length - 1)
    }
  }

  async #nonce(signal: AbortSignal | undefined): Promise<string> {
    const kept = this.#nonces.pop()
    if (kept !== undefined) return kept
    const { newNonce } = await this.directory(signal)
    const end = await this.#send({ url: newNonce, method: 'HEAD' }, signal)
    if (end.kind !== 'reply') throw unreachable(end)
    const nonce = this.#nonces.pop()
    if (nonce !== undefined) return nonce
    throw new EnrollError('acme.unreadable', 'Could not speak with the ACME server: it gave no nonce.', {
      remedy: 'Check acme.directory, and what stands between here and the server; it may drop the header Replay-Nonce.',
    })
  }

  async #send(
    { url, method, body }: { readonly url: string; readonly method: 'GET' | 'HEAD' | 'POST'; readonly body?: string },
    signal: AbortSignal | undefined,
  ): Promise<AcmeEnd> {
    const { caCertificates, environment = process.env, proxy, timeouts, trace } = this.#options
    const address = readAddress(url)
    const through = proxyFor(address, proxy, environment)
    trace?.(`${method} ${url}`)
    const end = await send({
      ...{ url: address, method, secureContext: tlsContext(caCertificates), wanted: ['replay-nonce'] },
      ...(body === undefined ? {} : { body, contentType: JOSE }),
      ...(through === undefined ? {} : { proxy: through }),
      ...(timeouts === undefined ? {} : { timeouts }),
      ...(signal === undefined ? {} : { signal }),
    })
    trace?.(
      end.kind === 'reply'
        ? `HTTP ${end.status} ${end.contentType}, ${end.body.length} bytes`
        : `${end.kind}: ${end.reason}`,
    )
    if (end.kind !== 'reply') return end
    const nonce = end.headers?.['replay-nonce']
    // RFC 8555 6.5.1: base64url; anything else would be ours to escape.
    if (nonce !== undefined && /^[\w-]{1,512}$/.test(nonce) && this.#nonces.length < MOST_NONCES)
      this.#nonces.push(nonce)
    const { headers: _headers, ...reply } = end
    return { ...reply, json: parseJson(end) }
  }
}

function parseJson({ contentType, body }: { readonly contentType: string; readonly body: Uint8Array }): unknown {
  if (!/^application\/(?:[\w.-]+\+)?json$/.test(contentType)) return undefined
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return undefined
  }
}

/** HTTPS only, on loopback too. Throws EnrollError `acme.directory`. */
export function readAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '') return url
  throw new EnrollError(
    'acme.directory',
    `Could not use "${withoutLogin(text).slice(0, 100)}" as an address of an ACME server.`,
    {
      remedy:
        'Set acme.directory to the https:// address of its directory, e.g. https://ca.example/acme/devices/directory.',
    },
  )
}

/** A password in front of the host is nobody's to read. */
const withoutLogin = (address: string): string => address.replace(/\/\/[^/?#]*@/, '//…@')

const notADirectory = (status: number): EnrollError =>
  new EnrollError('acme.directory', `Could not read the directory of the ACME server (HTTP ${status}).`, {
    remedy: 'Set acme.directory to its https:// address, e.g. https://ca.example/acme/devices/directory.',
  })

/** A member that is an address; throws `missing` where it is none. */
export function addressIn(value: unknown, name: string, missing: EnrollError): string {
  const url = jsonMember(value, name)
  if (typeof url !== 'string' || url.length > 2000) throw missing
  return readAddress(url).href
}

export const unreachable = (end: Exclude<AcmeEnd, { kind: 'reply' }>): EnrollError =>
  new EnrollError('acme.unreachable', sentence(`Could not reach the ACME server: ${end.reason}`), {
    remedy: end.kind === 'not-sent' ? end.remedy : 'Check the network and the server, then continue.',
  })
