/** HTTP for the cloud families: bounded bodies, deadlines, retries for what may be repeated, and a trace without secrets. */
import { DeviceError, type OpenOptions } from '../device.ts'
import { withTimeout } from '../with-timeout.ts'
import type { ConnectionSettings } from './connection-settings.ts'
import { createDispatcher, type Undici } from './dispatcher.ts'
import { HttpReply } from './http-reply.ts'
import { LostReplyError, lostReply } from './lost-reply-error.ts'
import { Redaction } from './redaction.ts'
import {
  DEFAULT_RETRY,
  delayBeforeRetry,
  NOTHING_DONE_STATUSES,
  RETRYABLE_STATUSES,
  type RetryPolicy,
  readRetryAfter,
} from './retry.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is; the content type comes with the headers. */
  readonly body?: string
  /**
   * Sending it twice does no more than sending it once. Others are tried again only when the service cannot have seen
   * them, or says that it did nothing.
   */
  readonly repeatable: boolean
}

const MAX_BODY_BYTES = 1 << 20

export class HttpClient {
  readonly redaction: Redaction
  readonly #settings: ConnectionSettings
  readonly #options: Pick<OpenOptions, 'signal' | 'onTrace'>
  readonly #retry: RetryPolicy
  #connection: Promise<{ undici: Undici; dispatcher: ReturnType<typeof createDispatcher> }> | undefined

  constructor(
    settings: ConnectionSettings,
    options: Pick<OpenOptions, 'signal' | 'onTrace'>,
    retry: Partial<RetryPolicy> = {},
    redaction: Redaction = new Redaction(),
  ) {
    this.redaction = redaction
    this.#settings = settings
    this.#options = options
    this.#retry = { ...DEFAULT_RETRY, retries: settings.retries, ...retry }
  }

  /** Ends the run when it aborts. */
  get signal(): AbortSignal | undefined {
    return this.#options.signal
  }

  /** Any status is a reply. Throws LostReplyError without one, DeviceError `device.aborted`, `device.protocol` (too large). */
  async send(request: HttpRequest): Promise<HttpReply> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(request).catch((error: unknown) => {
        if (error instanceof LostReplyError) return error
        throw error
      })
      const delay = this.#delay(request, outcome, attempt)
      if (delay !== undefined) {
        this.#options.onTrace?.({
          call: 'wait before trying again',
          detail: `${attempt} of ${this.#retry.retries}`,
          durationMs: delay,
        })
        await this.wait(delay)
      } else if (outcome instanceof LostReplyError) {
        throw outcome
      } else {
        return outcome
      }
    }
  }

  /** Waits; throws DeviceError `device.aborted` when the run is cancelled. */
  async wait(ms: number): Promise<void> {
    try {
      await this.#retry.sleep(ms, this.#options.signal)
    } catch {
      throw aborted()
    }
  }

  /** Closes idle connections; safe to call twice. */
  async close(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    await connection?.then(
      ({ dispatcher }) => dispatcher.destroy(),
      () => undefined,
    )
  }

  #delay(request: HttpRequest, outcome: HttpReply | LostReplyError, attempt: number): number | undefined {
    if (outcome instanceof LostReplyError) {
      const again = outcome.transient && (request.repeatable || !outcome.maybeDone)
      return again ? delayBeforeRetry(this.#retry, attempt) : undefined
    }
    const again = request.repeatable ? RETRYABLE_STATUSES : NOTHING_DONE_STATUSES
    if (!again.has(outcome.status)) return undefined
    return delayBeforeRetry(this.#retry, attempt, readRetryAfter(outcome.headers['retry-after'], Date.now()))
  }

  async #attempt(request: HttpRequest): Promise<HttpReply> {
    const { undici, dispatcher } = await this.#connect()
    const { signal, onTrace } = this.#options
    if (signal?.aborted) throw aborted()
    const url = new URL(request.url)
    const deadline = AbortSignal.timeout(this.#settings.timeoutMs)
    const started = performance.now()
    const trace = (detail: string): void =>
      onTrace?.({
        call: `${request.method} ${url.pathname}`,
        detail,
        durationMs: Math.round(performance.now() - started),
      })
    try {
      const response = await undici.request(url, {
        method: request.method,
        headers: { 'accept-encoding': 'identity', 'user-agent': 'hsm-enroll', ...request.headers },
        body: request.body ?? null,
        dispatcher,
        signal: withTimeout(deadline, signal),
        headersTimeout: this.#settings.timeoutMs,
        bodyTimeout: this.#settings.timeoutMs,
      })
      const body = await readBounded(response.body, url.host)
      trace(`HTTP ${response.statusCode}, ${body.length} bytes`)
      return new HttpReply(response.statusCode, flatten(response.headers), body, url.host)
    } catch (error) {
      if (error instanceof DeviceError) throw error
      if (signal?.aborted) throw aborted()
      const lost = lostReply(error, url.host, deadline.aborted)
      trace(lost.vendorCode ?? 'no answer')
      throw lost
    }
  }

  #connect(): Promise<{ undici: Undici; dispatcher: ReturnType<typeof createDispatcher> }> {
    this.#connection ??= import('undici').then((undici) => ({
      undici,
      dispatcher: createDispatcher(undici, this.#settings),
    }))
    return this.#connection
  }
}

async function readBounded(body: AsyncIterable<Uint8Array>, where: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > MAX_BODY_BYTES) {
      throw new DeviceError('device.protocol', `The response from ${where} is larger than ${MAX_BODY_BYTES} bytes.`, {
        remedy: 'Check that the endpoint is the API itself.',
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function flatten(headers: Readonly<Record<string, string | readonly string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ')
  }
  return flat
}

function aborted(): DeviceError {
  return new DeviceError('device.aborted', 'The run was cancelled while waiting for the service.', {
    remedy: 'Resume the run; if the key was created, it is found again by its name.',
  })
}
