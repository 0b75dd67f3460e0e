import { hideSecrets } from '../hide-secrets.ts'

const MAX_LENGTH = 300
const LEAST = 4

/**
 * Keeps secrets out of everything that is printed. A server may echo a header or a token in its error text, so every
 * text that comes from outside passes through `clean` before it goes into a message.
 */
export class Redaction {
  readonly #secrets = new Set<string>()

  /** Remembers a secret. Very short strings are left alone: they match anywhere. */
  add(secret: string): void {
    if (secret.length >= LEAST) this.#secrets.add(secret)
  }

  /** One printable line of at most 300 characters, without the secrets and without a user:password in a URL. */
  clean(text: string): string {
    return hideSecrets(text, [...this.#secrets])
      .replace(/\/\/[^/@\s]*@/g, '//[redacted]@')
      .replace(/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+/gi, '$1 [redacted]')
      .replace(/-----BEGIN[^-]*PRIVATE KEY-----[\s\S]*/g, '[redacted]')
      .replace(/[^\x20-\x7e]+/g, ' ')
      .trim()
      .slice(0, MAX_LENGTH)
  }
}
