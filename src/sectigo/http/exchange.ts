/**
 * How one request ended. The line between `not-sent` and `unknown` is the moment at which the first byte of the request
 * is handed to an established TLS connection: before it nothing can have been ordered, after it nobody here can know.
 */
export type Exchange =
  | {
      readonly kind: 'reply'
      readonly status: number
      /** Media type without parameters, lower case; empty where the reply names none. */
      readonly contentType: string
      /** Where a redirect points. Never followed. */
      readonly location?: string
      /** Those that the caller wanted, lower case. */
      readonly headers?: Readonly<Record<string, string>>
      readonly body: Uint8Array
    }
  | { readonly kind: 'not-sent'; readonly reason: string; readonly remedy: string }
  /** `partial`: what did arrive of a reply. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly partial?: string }

export interface Timeouts {
  /** Milliseconds for name, TCP, proxy and TLS together. */
  readonly connect: number
  /** Milliseconds from the first byte sent to the last byte read. */
  readonly reply: number
}

export const DEFAULT_TIMEOUTS: Timeouts = { connect: 20_000, reply: 180_000 }

/** Bytes of a reply that is text. A certificate with its chain as ZIP or PEM stays far below. */
export const MAX_REPLY = 1 << 20
