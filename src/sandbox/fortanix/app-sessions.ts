import { randomUUID } from 'node:crypto'
import type { ReceivedCall } from '../http/http-double.ts'

/** The one app of the double, the ways it may log in, and its open sessions. */
export class AppSessions {
  readonly appId = randomUUID()
  readonly #secret: string
  readonly #tokens = new Set<string>()
  /** An outside issuer's token that counts as the app's password. */
  acceptedJwt: string | undefined
  /** DER of the certificate that the app logs in with. */
  acceptedCertificate: Uint8Array | undefined
  /** Seconds; told to the client. */
  lifetime = 600

  constructor(secret: string) {
    this.#secret = secret
  }

  /** As the app's page shows it. */
  get apiKey(): string {
    return Buffer.from(`${this.appId}:${this.#secret}`).toString('base64')
  }

  /** A new session's token, or nothing where the credential is not good. */
  logIn(call: ReceivedCall): string | undefined {
    if (!this.#accepts(call)) return undefined
    const token = `session-${randomUUID()}${randomUUID()}`
    this.#tokens.add(token)
    return token
  }

  has(call: ReceivedCall): boolean {
    return this.#tokens.has(call.authorization.replace(/^Bearer /, ''))
  }

  end(call: ReceivedCall): void {
    this.#tokens.delete(call.authorization.replace(/^Bearer /, ''))
  }

  /** Every session ends at once, as after an idle time. */
  expireAll(): void {
    this.#tokens.clear()
  }

  get open(): number {
    return this.#tokens.size
  }

  #accepts({ authorization, clientCertificate }: ReceivedCall): boolean {
    const basic = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization)?.[1]
    if (basic === undefined) return false
    const text = Buffer.from(basic, 'base64').toString()
    if (text === `${this.appId}:${this.#secret}`) return true
    if (this.acceptedJwt !== undefined && text === `${this.appId}:${this.acceptedJwt}`) return true
    return (
      text === `${this.appId}:` &&
      this.acceptedCertificate !== undefined &&
      clientCertificate !== undefined &&
      Buffer.from(clientCertificate).equals(this.acceptedCertificate)
    )
  }
}
