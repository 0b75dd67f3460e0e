import { DeviceError } from '../device-error.ts'
import { type PinKind, SO_PIN, USER_PIN } from '../pkcs11/pin-doctrine.ts'
import { CKU } from '../pkcs11/pkcs11-constants.ts'
import type { Role } from '../pkcs11/token-session.ts'
import { Secret } from '../secret.ts'

const MANAGEMENT_KEY: PinKind = { ...SO_PIN, name: 'management key', uncounted: true }

/** Hex digits of TDES and AES-192, AES-128 and AES-256 keys. */
const LENGTHS = [48, 32, 64]

/** Throws DeviceError `pin.malformed`; the message never holds a digit of the key. */
export function readManagementKey(secret: Secret, aesPossible: boolean): Secret {
  const refuse = (why: string, remedy: string): DeviceError =>
    new DeviceError('pin.malformed', `Could not use the management key: ${why}.`, { remedy })
  let text: string
  try {
    text = secret.text().replace(/\s+/g, '').toLowerCase()
  } catch {
    throw refuse('it is not text', 'Write it as hex digits.')
  }
  if (!/^[0-9a-f]*$/.test(text) || !LENGTHS.includes(text.length)) {
    throw refuse(
      `it is not ${[...LENGTHS].sort((a, b) => a - b).join(', ')} hex digits`,
      'Write it as hex digits, as ykman prints it.',
    )
  }
  if (!aesPossible && text.length !== 48) {
    throw refuse(
      'this version of libykcs11 takes TDES keys only',
      'Use libykcs11 2.3 or later, or set a TDES management key with ykman.',
    )
  }
  return Secret.fromText(text)
}

/** SO login of libykcs11: the management key, as hex. */
export const managementKeyRole = (aesPossible: boolean): Role => ({
  userType: CKU.SO,
  secret: 'management-key',
  pin: MANAGEMENT_KEY,
  rule: { minLength: 32, maxLength: 64 },
  prepare: (secret) => readManagementKey(secret, aesPossible),
})

/** A PIV PIN has 6 to 8 bytes (SP 800-73-4 part 2, 2.4.3); libykcs11 tells wider bounds. */
const PIV_PIN_RULE = { minLength: 6, maxLength: 8 } as const

export const pivUserRole: Role = {
  userType: CKU.USER,
  secret: 'pin',
  pin: { ...USER_PIN, name: 'PIV PIN' },
  rule: PIV_PIN_RULE,
}

/** SO login with the PIN, where the management key is kept on the device behind it (ykman: "protected by PIN"). */
export const pinProtectedRole: Role = {
  userType: CKU.SO,
  secret: 'pin',
  pin: pivUserRole.pin,
  rule: PIV_PIN_RULE,
}
