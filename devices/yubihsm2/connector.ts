/**
 * The yubihsm-connector: `GET /connector/status` and `POST /connector/api`, one frame each way.
 * Source: Yubico/yubihsm-connector api.go; frames of 3 to 3139 bytes, else 400.
 */
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { DeviceError } from '../device-error.ts'
import { withTimeout } from '../with-timeout.ts'
import { protocolError } from './error-code.ts'

export const DEFAULT_CONNECTOR = 'http://127.0.0.1:12345'
const MIN_FRAME = 3
const MAX_FRAME = 3139
const MAX_STATUS = 4096

export interface ConnectorStatus {
  /** `OK`, or `NO_DEVICE`. */
  readonly status: string
  readonly fields: ReadonlyMap<string, string>
}

/** What the connector's HTTP status means. */
// biome-ignore format: a table, a row a line
const HTTP_REFUSALS: Readonly<Record<number, { readonly what: string; readonly remedy: string }>> = {
  400: { what: 'it found the request malformed', remedy: 'Check that the address is a yubihsm-connector.' },
  403: { what: 'it does not serve this host name', remedy: "Use an address that is on the connector's host allow list (enable-host-header-allowlist)." },
  404: { what: 'it has no such page', remedy: 'Check that the address is a yubihsm-connector, without a path.' },
  405: { what: 'it does not allow the method', remedy: 'Check that the address is a yubihsm-connector.' },
  500: { what: 'it cannot reach the device', remedy: "Check that the device is plugged in, that no other program is using it, and that the connector's user may open it on USB (udev rule); read the connector's log." },
}

export class Connector {
  readonly url: URL
  readonly #agent: HttpAgent | HttpsAgent

  /** @param caFile PEM file with certificates to trust beside the system's, for https */
  constructor(url: URL, caFile?: string) {
    this.url = url
    const keep = { keepAlive: true, maxSockets: 1 }
    // rejectUnauthorized is said, because NODE_TLS_REJECT_UNAUTHORIZED=0 turns the verification off wherever it is not.
    this.#agent =
      url.protocol === 'https:'
        ? new HttpsAgent({ ...keep, rejectUnauthorized: true, ca: caFile && readFileSync(caFile) })
        : new HttpAgent(keep)
  }

  /** Sends one frame, takes one. Throws DeviceError `device.unreachable`, `device.gone`, `device.aborted`, `device.protocol`. */
  async exchange(frame: Uint8Array, timeoutMs: number, signal?: AbortSignal): Promise<Buffer> {
    const reply = await this.#send('POST', '/connector/api', frame, timeoutMs, MAX_FRAME, signal)
    if (reply.length < MIN_FRAME)
      throw protocolError('reach the YubiHSM 2', `the connector answered ${reply.length} bytes`)
    return reply
  }

  async status(timeoutMs: number, signal?: AbortSignal): Promise<ConnectorStatus> {
    const text = (await this.#send('GET', '/connector/status', undefined, timeoutMs, MAX_STATUS, signal)).toString(
      'latin1',
    )
    const fields = new Map<string, string>()
    for (const line of text.split('\n')) {
      const equals = line.indexOf('=')
      if (equals > 0) fields.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim())
    }
    const status = fields.get('status')
    if (status === undefined)
      throw protocolError('read the connector status', `${this.url.origin} is not a yubihsm-connector`)
    return { status, fields }
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(
    method: string,
    path: string,
    body: Uint8Array | undefined,
    timeoutMs: number,
    maxReply: number,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(this.#failure(error, signal))
      const options: RequestOptions = {
        method,
        agent: this.#agent,
        headers:
          body === undefined
            ? {}
            : { 'content-type': 'application/octet-stream', 'content-length': String(body.length) },
        signal: withTimeout(AbortSignal.timeout(timeoutMs), signal),
      }
      const send = this.url.protocol === 'https:' ? httpsRequest : httpRequest
      const request = send(new URL(path, this.url), options, (response) => {
        readBounded(response, maxReply).then((bytes) => {
          if (response.statusCode === 200) resolve(bytes)
          else fail(httpRefusal(this.url, response.statusCode ?? 0))
        }, fail)
      })
      request.on('error', fail)
      request.end(body)
    })
  }

  #failure(error: unknown, signal: AbortSignal | undefined): DeviceError {
    if (error instanceof DeviceError) return error
    if (signal?.aborted === true) {
      return new DeviceError('device.aborted', `Stopped waiting for the YubiHSM 2 at ${this.url.origin}.`, {
        remedy: 'Run the command again when you are ready.',
        cause: error,
      })
    }
    const timeout = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
    const why = timeout
      ? 'no answer in time'
      : error instanceof Error
        ? error.message || String(error.name)
        : String(error)
    return new DeviceError(
      'device.unreachable',
      `Could not reach the YubiHSM 2 connector at ${this.url.origin}: ${why}.`,
      {
        remedy:
          'Check that yubihsm-connector is running there (systemctl status yubihsm-connector) and that the address is correct.',
        cause: error,
        transient: true,
      },
    )
  }
}

function httpRefusal(url: URL, status: number): DeviceError {
  const row = HTTP_REFUSALS[status]
  const code = status === 500 ? 'device.gone' : 'device.unreachable'
  return new DeviceError(
    code,
    `The connector at ${url.origin} refused: ${row?.what ?? 'no reason given'} (HTTP ${status}).`,
    {
      remedy: row?.remedy ?? 'Check that the address is a yubihsm-connector.',
      vendorCode: `HTTP ${status}`,
      transient: status === 500,
    },
  )
}

function readBounded(response: IncomingMessage, max: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let length = 0
    response.on('data', (part: Buffer) => {
      length += part.length
      parts.push(part)
      if (length > max)
        response.destroy(protocolError('reach the YubiHSM 2', `the connector answered more than ${max} bytes`))
    })
    response.on('end', () => resolve(Buffer.concat(parts)))
    response.on('error', reject)
    response.on('close', () => reject(new Error('the connection was closed')))
  })
}
