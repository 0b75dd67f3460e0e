import { DeviceError } from '../device-error.ts'
import type { Secret } from '../secret.ts'
import { type SecretForm, secretFormFault } from '../secret-form.ts'
import { hasFlag, type TokenDescription } from './token-description.ts'

/** Whose PIN: the messages name it. */
export interface PinKind {
  /** "user PIN", "Crypto Officer PIN", "management key". */
  readonly name: string
  readonly countLow: 'USER_PIN_COUNT_LOW' | 'SO_PIN_COUNT_LOW'
  readonly finalTry: 'USER_PIN_FINAL_TRY' | 'SO_PIN_FINAL_TRY'
  readonly locked: 'USER_PIN_LOCKED' | 'SO_PIN_LOCKED'
  /** True for a secret without a counter (the management key of a YubiKey): a wrong one costs nothing. */
  readonly uncounted?: boolean
  /** What to do where an uncounted one is wrong, if that is more than looking at its source. */
  readonly remedy?: string
}

export const USER_PIN: PinKind = {
  name: 'user PIN',
  countLow: 'USER_PIN_COUNT_LOW',
  finalTry: 'USER_PIN_FINAL_TRY',
  locked: 'USER_PIN_LOCKED',
}

export const SO_PIN: PinKind = {
  name: 'security officer PIN',
  countLow: 'SO_PIN_COUNT_LOW',
  finalTry: 'SO_PIN_FINAL_TRY',
  locked: 'SO_PIN_LOCKED',
}

const UNLOCK = "Unblock it with the PUK or the security officer's PIN, using the vendor's tool."
const ABSURD_LENGTH = 0xffff

/** The token's own bounds; 0 or a number beyond reason mean that it does not tell. */
export function pinFormOf(token: TokenDescription): SecretForm {
  const maxLength = token.maxPinLength
  const known = maxLength > 0 && maxLength <= ABSURD_LENGTH && token.minPinLength <= maxLength
  const bounds = known ? { minLength: Math.max(token.minPinLength, 1), maxLength } : { minLength: 1, maxLength: 255 }
  return { ...bounds, alphabet: 'any' }
}

/**
 * May an attempt be made at all? None when the PIN is locked, and none on the last try: the last one belongs to a person
 * who knows what is at stake. `triesLeft` is the device's own counter where it can be read. Throws DeviceError.
 */
export function refuseHopelessAttempt(
  token: TokenDescription,
  subject: string,
  kind: PinKind,
  triesLeft?: number,
): void {
  if (hasFlag(token, kind.locked) || triesLeft === 0) {
    throw new DeviceError('pin.locked', `Could not log in to ${subject}: the ${kind.name} is locked.`, {
      remedy: UNLOCK,
      triesLeft: 0,
    })
  }
  if (hasFlag(token, kind.finalTry) || triesLeft === 1) {
    throw new DeviceError(
      'pin.final-try',
      `Did not log in to ${subject}: only one attempt is left for the ${kind.name}; hsm-enroll never uses the last attempt.`,
      {
        remedy: `Log in once with the vendor's tool and the right ${kind.name}; that resets the counter.`,
        triesLeft: 1,
      },
    )
  }
}

/** The same without a device at hand: from a file or a variable, long before a login. */
export const checkConfiguredPin = (pin: Secret, form: SecretForm, kind: PinKind): void =>
  refuseMalformedPin(pin, form, 'the device', kind)

/** Refuses a PIN that cannot be right before it costs a try. Never puts a character of it into the message. */
export function refuseMalformedPin(pin: Secret, form: SecretForm, subject: string, kind: PinKind): void {
  const fault = secretFormFault(pin, form)
  if (fault === undefined) return
  throw new DeviceError('pin.malformed', `Did not send the ${kind.name} to ${subject}: ${fault.why}.`, {
    remedy: fault.remedy,
  })
}

/** What the token tells after a wrong PIN: tries left, where that can be known. */
export function triesLeftOf(token: TokenDescription, kind: PinKind): number | undefined {
  if (hasFlag(token, kind.locked)) return 0
  return hasFlag(token, kind.finalTry) ? 1 : undefined
}

/** The error after a wrong PIN: names the device, which PIN, and the tries left where known. */
export function wrongPin(
  subject: string,
  kind: PinKind,
  triesLeft: number | undefined,
  cause: DeviceError,
): DeviceError {
  if (kind.uncounted === true) {
    return new DeviceError('credential.refused', `Could not log in to ${subject}: the ${kind.name} is wrong.`, {
      remedy: kind.remedy ?? `Check the source of the ${kind.name}.`,
      cause,
      vendorCode: cause.vendorCode,
    })
  }
  const left =
    triesLeft === undefined
      ? 'the device does not report how many attempts are left'
      : triesLeft === 0
        ? 'it is now locked'
        : `${triesLeft} ${triesLeft === 1 ? 'attempt is' : 'attempts are'} left`
  // A token that says "locked" does not say whether this PIN was right.
  const lockedBefore = cause.code === 'pin.locked'
  const verdict = lockedBefore ? 'is locked' : `is wrong; ${left}`
  return new DeviceError(
    triesLeft === 0 ? 'pin.locked' : 'pin.wrong',
    `Could not log in to ${subject}: the ${kind.name} ${verdict}.`,
    {
      remedy: triesLeft === 0 && !lockedBefore ? UNLOCK : cause.remedy,
      cause,
      vendorCode: cause.vendorCode,
      triesLeft,
    },
  )
}
