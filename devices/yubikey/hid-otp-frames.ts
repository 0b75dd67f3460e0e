import { HidAnswerError } from './hid-device-info.ts'

/** The keyboard interface of a YubiKey: 8-byte feature reports, 7 bytes of payload and a state byte (ykman core/otp.py). */
const OTP_REPORT = 8
const PIECE = OTP_REPORT - 1
const PAYLOAD = 64
export const OTP_FLAG = { write: 0x80, pending: 0x40 } as const
const SEQUENCE = 0x1f
/** Slot number of READ CONFIG. */
export const OTP_READ_CONFIG = 0x13
const MAX_ANSWER = 512
/** Of data followed by its inverted CRC. */
const RESIDUAL = 0xf0b8

/** CRC-16 with the reflected polynomial 0x8408 and initial value FFFF (ISO 13239), not inverted at the end. */
export function crc16(data: Uint8Array): number {
  let crc = 0xffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0x8408 : crc >> 1
  }
  return crc
}

/** The feature reports that send `payload` to a slot. All-zero pieces in the middle are left out. */
export function encodeOtp(slot: number, payload: Uint8Array): readonly Uint8Array[] {
  if (payload.length > PAYLOAD) throw new RangeError(`${payload.length} bytes do not fit a frame`)
  const frame = Buffer.alloc(PAYLOAD + 6)
  frame.set(payload)
  frame[PAYLOAD] = slot
  frame.writeUInt16LE(crc16(frame.subarray(0, PAYLOAD)), PAYLOAD + 1)
  const last = frame.length / PIECE - 1
  return Array.from({ length: last + 1 }, (_, sequence) => {
    const piece = frame.subarray(sequence * PIECE, (sequence + 1) * PIECE)
    return { piece, sequence }
  })
    .filter(({ piece, sequence }) => sequence === 0 || sequence === last || piece.some((byte) => byte !== 0))
    .map(({ piece, sequence }) => Uint8Array.from([...piece, OTP_FLAG.write | sequence]))
}

/** Resets the device's state machine after an answer was read. */
export const OTP_RESET: Uint8Array = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x8f)

/** Gathers the reports of one answer. */
export class OtpAnswer {
  readonly #parts: Uint8Array[] = []

  /** The answer, CRC included, once the sequence begins anew; undefined while more is to come. Throws HidAnswerError. */
  add(report: Uint8Array): Uint8Array | undefined {
    const state = report[PIECE]
    if (report.length !== OTP_REPORT || state === undefined) throw new HidAnswerError('a report is truncated')
    if ((state & OTP_FLAG.pending) === 0) return undefined
    const sequence = state & SEQUENCE
    if (sequence === 0 && this.#parts.length > 0) return Uint8Array.from(Buffer.concat(this.#parts))
    if (sequence !== this.#parts.length) throw new HidAnswerError('a report of the answer is missing')
    if (this.#parts.length * PIECE > MAX_ANSWER) throw new HidAnswerError('the answer is too long')
    this.#parts.push(report.slice(0, PIECE))
    return undefined
  }
}

/** `length` bytes and their CRC at the front of an answer. Throws HidAnswerError where the CRC is wrong. */
export function checkOtpAnswer(answer: Uint8Array, length: number): Uint8Array {
  if (answer.length < length + 2) throw new HidAnswerError('the answer is truncated')
  if (crc16(answer.subarray(0, length + 2)) !== RESIDUAL)
    throw new HidAnswerError('the checksum of the answer is wrong')
  return answer.slice(0, length)
}
