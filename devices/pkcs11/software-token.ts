import { DeviceError } from '../device-error.ts'
import type { TokenDescription } from './token-description.ts'

/** Tokens that hold keys well enough for a rehearsal, and prove nothing. */
const SOFTWARE_TOKENS = /softhsm/i

export const isSoftwareToken = (token: TokenDescription): boolean =>
  SOFTWARE_TOKENS.test(`${token.manufacturer} ${token.model}`)

/** `key.not-attestable`, with the reason where it is known. */
export function cannotAttest(token: TokenDescription, subject: string, location: string): DeviceError {
  const why = isSoftwareToken(token)
    ? `${token.model} is software and cannot attest keys`
    : 'this module provides no key attestation'
  return new DeviceError('key.not-attestable', `Could not attest ${location} on ${subject}: ${why}.`, {
    remedy: 'Use a device that attests its keys: YubiKey, YubiHSM 2, Luna, nShield, Fortanix DSM or Google Cloud HSM.',
  })
}
