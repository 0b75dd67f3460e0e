import { DeviceError } from '../device.ts'
import type { Redaction } from './redaction.ts'

/** One reply, whatever its status; the body is complete. */
export class HttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly #where: string

  constructor(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array, where: string) {
    this.status = status
    this.headers = headers
    this.body = body
    this.#where = where
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  /** Throws DeviceError `device.protocol` where the body is not JSON; the body itself is not repeated. */
  json(): unknown {
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(this.body))
    } catch {
      throw new DeviceError('device.protocol', `Could not read the response from ${this.#where}: it is not JSON.`, {
        remedy: 'Check that the endpoint is the API itself and not a portal or a proxy page.',
        vendorCode: `HTTP ${this.status}`,
      })
    }
  }

  /** The JSON body, or undefined where it is not JSON. For error replies, which may be anything. */
  jsonOrNothing(): unknown {
    try {
      return this.json()
    } catch {
      return undefined
    }
  }

  /** The body as one printable line without secrets, for messages. Cleaned whole: a cut could leave half a secret. */
  text(redaction: Redaction): string {
    return redaction.clean(new TextDecoder().decode(this.body))
  }
}
