import { HidAnswerError } from './hid-device-info.ts'

/** CTAPHID packets (FIDO CTAP 2.1 section 11.2.4): 64 bytes, an initialisation packet and continuation packets. */
export const CTAPHID = { packet: 64, broadcast: 0xffffffff, init: 0x06, error: 0x3f, keepalive: 0x3b } as const
/** Yubico's vendor command: READ CONFIG, payload one byte, the page. Its neighbour 0x43 writes and is never sent. */
export const CTAPHID_YUBIKEY_READ_CONFIG = 0x42

const COMMAND_BIT = 0x80
const FIRST_PAYLOAD = CTAPHID.packet - 7
const NEXT_PAYLOAD = CTAPHID.packet - 5
const MAX_MESSAGE = 7609

export interface CtapMessage {
  readonly channel: number
  readonly command: number
  readonly payload: Uint8Array
}

export function encodeCtap({ channel, command, payload }: CtapMessage): readonly Uint8Array[] {
  if (payload.length > MAX_MESSAGE) throw new RangeError(`${payload.length} bytes do not fit a CTAPHID message`)
  const first = Buffer.alloc(CTAPHID.packet)
  first.writeUInt32BE(channel, 0)
  first[4] = COMMAND_BIT | command
  first.writeUInt16BE(payload.length, 5)
  first.set(payload.subarray(0, FIRST_PAYLOAD), 7)
  const packets: Uint8Array[] = [first]
  for (let at = FIRST_PAYLOAD, sequence = 0; at < payload.length; at += NEXT_PAYLOAD, sequence++) {
    const next = Buffer.alloc(CTAPHID.packet)
    next.writeUInt32BE(channel, 0)
    next[4] = sequence
    next.set(payload.subarray(at, at + NEXT_PAYLOAD), 5)
    packets.push(next)
  }
  return packets
}

/** Gathers the packets of one answer on one channel. */
export class CtapAnswer {
  readonly #channel: number
  #command = 0
  #length = -1
  #sequence = 0
  readonly #parts: Uint8Array[] = []
  #received = 0

  constructor(channel: number) {
    this.#channel = channel
  }

  /** The whole message once its last packet came; packets of other channels are passed over. Throws HidAnswerError. */
  add(packet: Uint8Array): CtapMessage | undefined {
    if (packet.length < CTAPHID.packet) throw new HidAnswerError('a packet is truncated')
    const bytes = Buffer.from(packet)
    if (bytes.readUInt32BE(0) !== this.#channel) return undefined
    if (this.#length < 0) this.#begin(bytes)
    else this.#continue(bytes)
    if (this.#received < this.#length) return undefined
    const payload = Uint8Array.from(Buffer.concat(this.#parts).subarray(0, this.#length))
    return { channel: this.#channel, command: this.#command, payload }
  }

  #begin(bytes: Buffer): void {
    const command = bytes[4] ?? 0
    if ((command & COMMAND_BIT) === 0) throw new HidAnswerError('the answer does not start at its beginning')
    this.#command = command & ~COMMAND_BIT
    this.#length = bytes.readUInt16BE(5)
    if (this.#length > MAX_MESSAGE) throw new HidAnswerError('the answer is too long')
    this.#take(bytes.subarray(7))
  }

  #continue(bytes: Buffer): void {
    if (bytes[4] !== this.#sequence++) throw new HidAnswerError('a packet of the answer is missing')
    this.#take(bytes.subarray(5))
  }

  #take(bytes: Uint8Array): void {
    this.#parts.push(bytes)
    this.#received += bytes.length
  }
}
