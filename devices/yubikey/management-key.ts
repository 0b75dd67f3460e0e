import { DeviceError } from '../device-error.ts'
import { type PinKind, SO_PIN, USER_PIN } from '../pkcs11/pin-doctrine.ts'
import { CKU } from '../pkcs11/pkcs11-constants.ts'
import type { Role } from '../pkcs11/token-session.ts'
import { Secret } from '../secret.ts'
import type { SecretForm } from '../secret-form.ts'

const MANAGEMENT_KEY: PinKind = { ...SO_PIN, name: 'management key', uncounted: true }

/** What to do about a key of firmware 5.7 and a libykcs11 before 2.3. */
export const AES_REMEDY =
  'Use libykcs11 2.3 or later, or set a TDES management key: ykman piv access change-management-key -a TDES.'

/** Such a key looks wrong to such a module, however right it is. */
const FACTORY_AES: PinKind = {
  ...MANAGEMENT_KEY,
  remedy: `Check its source. If it is the default AES key of firmware 5.7, this libykcs11 cannot use it. ${AES_REMEDY}`,
}

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
    throw refuse('it is not text', 'Enter it as hex digits.')
  }
  if (!/^[0-9a-f]*$/.test(text) || !LENGTHS.includes(text.length)) {
    throw refuse(
      `it is not ${[...LENGTHS].sort((a, b) => a - b).join(', ')} hex digits`,
      'Enter it as hex digits, as ykman prints it.',
    )
  }
  if (!aesPossible && text.length !== 48) {
    throw refuse(
      'this version of libykcs11 supports TDES keys only',
      'Use libykcs11 2.3 or later, or set a TDES management key with ykman.',
    )
  }
  return Secret.fromText(text)
}

/** SO login of libykcs11: the management key, as hex. `aesPossible`: to the module; `factoryAes`: the firmware comes with such a key. */
export const managementKeyRole = (aesPossible: boolean, factoryAes: boolean): Role => ({
  userType: CKU.SO,
  secret: 'management-key',
  pin: factoryAes && !aesPossible ? FACTORY_AES : MANAGEMENT_KEY,
  form: { minLength: 32, maxLength: 64, alphabet: 'no-blanks' },
  prepare: (secret) => readManagementKey(secret, aesPossible),
})

/** A PIV PIN has 6 to 8 bytes (SP 800-73-4 part 2, 2.4.3), of ASCII for every tool that sets one; libykcs11 tells wider bounds. */
export const PIV_PIN_FORM: SecretForm = { minLength: 6, maxLength: 8, alphabet: 'no-blanks' }

export const pivUserRole: Role = {
  userType: CKU.USER,
  secret: 'pin',
  pin: { ...USER_PIN, name: 'PIV PIN' },
  form: PIV_PIN_FORM,
}

/** SO login with the PIN, where the management key is kept on the device behind it (ykman: "protected by PIN"). */
export const pinProtectedRole: Role = {
  userType: CKU.SO,
  secret: 'pin',
  pin: pivUserRole.pin,
  form: PIV_PIN_FORM,
}
