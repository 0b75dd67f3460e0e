import { EvidenceError } from '../contract/evidence-error.ts'

const REMEDY = 'Create the bundle again with nfkmattest and send the file unchanged.'

/** Bytes inside a bundle that are not what nShield writes there. */
export const malformed = (what: string, remedy: string = REMEDY): EvidenceError =>
  new EvidenceError(`Could not read the nShield bundle: ${what}.`, remedy)

/** For what may well be genuine and is not known here: bundling again would bring the same bytes. */
export const NEWER_VERSION = 'Update hsm-enroll; if that does not help, ask Entrust what the value means.'

/** Numbers longer than this are no key of an nShield (RSA 16384 is 2048 bytes). */
const MAX_BIGNUM = 2048

/**
 * Reads nCore marshalling: 32-bit little-endian words, little-endian bignums with a length word, 20-byte hashes.
 * Every read is bounded by what is left; throws EvidenceError. Source: both bundles that Entrust published.
 */
export class NcoreReader {
  readonly #bytes: Uint8Array
  readonly #what: string
  #at = 0

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  fail(what: string, remedy?: string): EvidenceError {
    return malformed(`${this.#what}: ${what}`, remedy)
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw this.fail(`truncated at byte ${this.#at}`)
    const taken = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return taken
  }

  u32(): number {
    const word = this.take(4)
    return ((word[0] ?? 0) | ((word[1] ?? 0) << 8) | ((word[2] ?? 0) << 16) | ((word[3] ?? 0) << 24)) >>> 0
  }

  /** The number of items that follow, each of at least `itemSize` bytes. */
  count(itemSize: number): number {
    const count = this.u32()
    if (count > (this.#bytes.length - this.#at) / itemSize) throw this.fail(`${count} items do not fit`)
    return count
  }

  hash(): Uint8Array {
    return this.take(20)
  }

  /** An unsigned number: big-endian, without leading zero (zero itself is one octet). */
  bignum(): Uint8Array {
    const length = this.u32()
    if (length % 4 !== 0 || length === 0 || length > MAX_BIGNUM) throw this.fail(`a number of ${length} bytes`)
    const number = Uint8Array.from(this.take(length)).reverse()
    if (number[0] === 0 && number[1] === 0 && number[2] === 0 && number[3] === 0 && length > 4) {
      throw this.fail('a number is not encoded minimally')
    }
    let from = 0
    while (from < number.length - 1 && number[from] === 0) from++
    return number.subarray(from)
  }

  /** Text with its terminating NUL, padded with zeros to a word. */
  string(): string {
    const length = this.u32()
    const bytes = this.take(length)
    const padding = this.take((4 - (length % 4)) % 4)
    const text = Buffer.from(bytes.subarray(0, Math.max(length - 1, 0))).toString('latin1')
    if (length === 0 || bytes[length - 1] !== 0 || padding.some((byte) => byte !== 0) || !/^[\x20-\x7e]*$/.test(text)) {
      throw this.fail('a string is malformed')
    }
    return text
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.fail(`${this.#bytes.length - this.#at} bytes follow the message`)
  }
}

/** M_KeyHashEx: only SHA-1 (mechanism 44) is in use; another mechanism would need another key hash rule. */
export function readKeyHashEx(reader: NcoreReader): Uint8Array {
  const mechanism = reader.u32()
  if (mechanism !== 44) {
    throw reader.fail(`the key hash mechanism ${mechanism} is unknown (44, SHA-1, is known)`, NEWER_VERSION)
  }
  return reader.hash()
}

export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
