/** What a secret is for. A profile names the source of each. */
export type SecretName =
  | 'pin'
  | 'so-pin'
  | 'management-key'
  | 'password'
  | 'authentication-key'
  | 'api-key'
  | 'token'
  | 'client-certificate-key'

/** A secret that a device asks for. */
export interface SecretRequest {
  readonly name: SecretName
  /** Names the device and which secret: "PIN of YubiKey 15732500". Shown by a prompt. */
  readonly prompt: string
}

/** Resolves to undefined where no source is configured and nobody can be asked. */
export type SecretProvider = (request: SecretRequest) => Promise<Secret | undefined>

const REDACTED = '[redacted]'
/** `util.inspect.custom`, without node:util: types of this file go where there is no Node.js. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * A value that never prints: `toString`, JSON and `util.inspect` all give `[redacted]`.
 *
 * @throws TypeError, from `text()`, for bytes that are not UTF-8.
 * @example
 * ```ts
 * const pin: SecretProvider = async ({ name }) => (name === 'pin' ? Secret.fromText(await ask()) : undefined)
 * declare function ask(): Promise<string>
 * ```
 */
export class Secret {
  readonly #bytes: Uint8Array

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  static fromText(text: string): Secret {
    return new Secret(new TextEncoder().encode(text))
  }

  static fromBytes(bytes: Uint8Array): Secret {
    return new Secret(Uint8Array.from(bytes))
  }

  /** The only way out. Keep the result in the narrowest scope. */
  bytes(): Uint8Array {
    return this.#bytes
  }

  text(): string {
    return new TextDecoder('utf-8', { fatal: true }).decode(this.#bytes)
  }

  get length(): number {
    return this.#bytes.length
  }

  /** Overwrites the bytes; the secret is unusable afterwards. */
  wipe(): void {
    this.#bytes.fill(0)
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [INSPECT](): string {
    return REDACTED
  }
}
