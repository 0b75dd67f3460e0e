import { BundleFault } from '../bundle-fault.ts'

/** The data types of RFC 4251 section 5, read in turn. Throws BundleFault where the bytes end early or go on. */
export class SshReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  take(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new BundleFault('it is truncated')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  uint32(): number {
    return this.take(4).readUInt32BE(0)
  }

  string(): Buffer {
    return this.take(this.uint32())
  }

  /** A positive mpint in its one form, as a number of so many octets. */
  unsigned(octets: number): Buffer {
    const bytes = this.string()
    const [first = 0x80, second = 0] = bytes
    const digits = first === 0 ? bytes.subarray(1) : bytes
    if (first >= 0x80 || (first === 0 && second < 0x80) || digits.length > octets)
      throw new BundleFault('a number in it is malformed')
    return Buffer.concat([Buffer.alloc(octets - digits.length), digits])
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new BundleFault('there are bytes after its end')
  }
}

export function sshString(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length, 0)
  return Buffer.concat([length, bytes])
}
