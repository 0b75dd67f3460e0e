const MAX_LENGTH = 300

/**
 * Keeps secrets out of everything that is printed. A server may echo a header or a token in its error text, so every
 * text that comes from outside passes through `clean` before it goes into a message.
 */
export class Redaction {
  readonly #secrets = new Set<string>()

  /** Remembers a secret, and the forms in which a server would echo it. Very short strings are left alone: they match anywhere. */
  add(secret: string): void {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      if (form.length >= 6) this.#secrets.add(form)
    }
  }

  /** One printable line of at most 300 characters, without the secrets and without a user:password in a URL. */
  clean(text: string): string {
    let line = text
    for (const secret of [...this.#secrets].sort((a, b) => b.length - a.length)) {
      line = line.replaceAll(secret, '[redacted]')
    }
    return line
      .replace(/\/\/[^/@\s]*@/g, '//[redacted]@')
      .replace(/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+/gi, '$1 [redacted]')
      .replace(/-----BEGIN[^-]*PRIVATE KEY-----[\s\S]*/g, '[redacted]')
      .replace(/[^\x20-\x7e]+/g, ' ')
      .trim()
      .slice(0, MAX_LENGTH)
  }
}
