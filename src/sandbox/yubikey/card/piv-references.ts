/** PIN and PUK: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, SET PIN RETRIES. */
import { timingSafeEqual } from 'node:crypto'
import type { CommandApdu } from './apdu.ts'
import { DEFAULT_PIN, DEFAULT_PUK, freshReference, type Reference } from './card-state.ts'
import { ensureManagement, type PivContext } from './piv-context.ts'
import { ensure, StatusError, SW } from './status-word.ts'

const PIN = 0x80
const PUK = 0x81
const REFERENCE_OCTETS = 8
const MIN_OCTETS = 6
const NOTHING = new Uint8Array()

/** SP 800-73-4 part 2 3.2.1. P1 FF without data forgets that the PIN was verified. */
export function verify(command: CommandApdu, card: PivContext): Uint8Array {
  ensure(command.p2 === PIN, SW.referenceNotFound)
  const { pin } = card.state
  if (command.p1 === 0xff && command.data.length === 0) {
    card.security.dropPin()
    return NOTHING
  }
  ensure(command.p1 === 0, SW.wrongParameters)
  if (command.data.length === 0) {
    if (card.security.pinVerified) return NOTHING
    throw new StatusError(pin.left === 0 ? SW.blocked : SW.pinWrong | Math.min(pin.left, 15))
  }
  card.security.dropPin()
  present(pin, command.data)
  card.security.pinVerified = true
  card.security.pinFresh = true
  return NOTHING
}

/** Old and new value, 8 octets each. */
export function changeReference(command: CommandApdu, card: PivContext): Uint8Array {
  ensure(command.p1 === 0 && (command.p2 === PIN || command.p2 === PUK), SW.wrongParameters)
  const reference = command.p2 === PIN ? card.state.pin : card.state.puk
  const [old, fresh] = split(command.data)
  if (command.p2 === PIN) card.security.dropPin()
  present(reference, old)
  replace(reference, fresh)
  return NOTHING
}

/** PUK and new PIN. */
export function resetRetryCounter(command: CommandApdu, card: PivContext): Uint8Array {
  ensure(command.p1 === 0 && command.p2 === PIN, SW.wrongParameters)
  const [puk, fresh] = split(command.data)
  present(card.state.puk, puk)
  replace(card.state.pin, fresh)
  return NOTHING
}

/** P1 tries for the PIN, P2 for the PUK; both go back to the factory's values. */
export function setRetries(command: CommandApdu, card: PivContext): Uint8Array {
  ensureManagement(card)
  ensure(card.security.pinVerified, SW.securityStatus)
  ensure(command.p1 > 0 && command.p2 > 0, SW.wrongParameters)
  card.state.pin = freshReference(DEFAULT_PIN, command.p1)
  card.state.puk = freshReference(DEFAULT_PUK, command.p2)
  card.security.dropPin()
  return NOTHING
}

/** One try. Throws StatusError 63Cx or 6983. */
function present(reference: Reference, value: Uint8Array): void {
  ensure(value.length === REFERENCE_OCTETS, SW.wrongLength)
  ensure(reference.left > 0, SW.blocked)
  reference.left--
  if (!timingSafeEqual(value, reference.value)) throw new StatusError(SW.pinWrong | Math.min(reference.left, 15))
  reference.left = reference.total
}

function replace(reference: Reference, value: Uint8Array): void {
  const end = value.indexOf(0xff)
  const length = end === -1 ? REFERENCE_OCTETS : end
  ensure(length >= MIN_OCTETS && value.subarray(length).every((byte) => byte === 0xff), SW.wrongData)
  reference.value = Uint8Array.from(value)
  reference.left = reference.total
  reference.isDefault = false
}

function split(data: Uint8Array): [Uint8Array, Uint8Array] {
  ensure(data.length === 2 * REFERENCE_OCTETS, SW.wrongLength)
  return [data.subarray(0, REFERENCE_OCTETS), data.subarray(REFERENCE_OCTETS)]
}
