import type { DeviceErrorCode } from '../device-error.ts'

/** What one CK_RV means to an operator: the code it becomes, one line of cause, one line of remedy. */
export interface ReturnCode {
  readonly name: string
  readonly code: DeviceErrorCode
  readonly cause: string
  readonly remedy: string
  /** The same call may succeed later without a person doing anything. */
  readonly transient?: boolean
}

const DEFECT =
  'Run the command again with --trace and report it with the trace: the agent made a call this module does not take.'
const REPLUG =
  'Plug the device in again (or restart its service) and resume the run: the key, if it was made, is found again.'
const FREE_SESSIONS = 'Close other programs that use the device, then try again.'
const TEMPLATE =
  'Check that the module is the one for this device and that its version is supported (hsm-enroll doctor).'

function row(name: string, code: DeviceErrorCode, cause: string, remedy: string, transient = false): ReturnCode {
  return transient ? { name, code, cause, remedy, transient } : { name, code, cause, remedy }
}

/** PKCS#11 2.40 section 11.1 (base) and the return codes of 3.0 that a 2.40 module may already give; one line each. */
export const RETURN_CODES: ReadonlyMap<number, ReturnCode> = new Map<number, ReturnCode>([
  [
    0x01,
    row(
      'CKR_CANCEL',
      'device.aborted',
      'the call was cancelled at the device',
      'Run the command again and confirm at the device.',
    ),
  ],
  [
    0x02,
    row(
      'CKR_HOST_MEMORY',
      'device.unreachable',
      'the computer has no memory left for the module',
      'Free memory, then try again.',
      true,
    ),
  ],
  [0x03, row('CKR_SLOT_ID_INVALID', 'device.gone', 'the slot is not there any more', REPLUG)],
  [
    0x05,
    row(
      'CKR_GENERAL_ERROR',
      'device.unreachable',
      'the module failed and does not say why',
      'Check that the device and its service run (hsm-enroll doctor), then try again.',
    ),
  ],
  [
    0x06,
    row(
      'CKR_FUNCTION_FAILED',
      'device.refused',
      'the device could not do it and does not say why',
      'Check the device with its own tool and its log, then try again.',
    ),
  ],
  [0x07, row('CKR_ARGUMENTS_BAD', 'device.protocol', 'the module did not accept the arguments', DEFECT)],
  [0x08, row('CKR_NO_EVENT', 'device.protocol', 'there was no slot event', DEFECT)],
  [
    0x09,
    row(
      'CKR_NEED_TO_CREATE_THREADS',
      'device.module',
      'the module needs threads of its own',
      'Use a newer version of the module.',
    ),
  ],
  [
    0x0a,
    row('CKR_CANT_LOCK', 'device.module', 'the module does not support threads', 'Use a newer version of the module.'),
  ],
  [0x10, row('CKR_ATTRIBUTE_READ_ONLY', 'device.refused', 'an attribute may not be set', TEMPLATE)],
  [
    0x11,
    row(
      'CKR_ATTRIBUTE_SENSITIVE',
      'device.refused',
      'an attribute may not be read',
      'This is how a non-exportable key behaves; check that the right object was named.',
    ),
  ],
  [0x12, row('CKR_ATTRIBUTE_TYPE_INVALID', 'device.unsupported', 'the module does not know an attribute', TEMPLATE)],
  [
    0x13,
    row(
      'CKR_ATTRIBUTE_VALUE_INVALID',
      'device.unsupported',
      'the module does not accept the value of an attribute',
      TEMPLATE,
    ),
  ],
  [
    0x1b,
    row(
      'CKR_ACTION_PROHIBITED',
      'device.refused',
      'a policy of the token forbids it',
      "Ask the token's administrator for the policy that allows it.",
    ),
  ],
  [
    0x20,
    row(
      'CKR_DATA_INVALID',
      'device.refused',
      'the device does not accept the data',
      'Choose another hash or key type.',
    ),
  ],
  [
    0x21,
    row(
      'CKR_DATA_LEN_RANGE',
      'device.refused',
      'the data has a length that the device does not take',
      'Choose another hash or key type.',
    ),
  ],
  [
    0x30,
    row(
      'CKR_DEVICE_ERROR',
      'device.unreachable',
      'the device reported a fault',
      'Check the device with its own tool; plug it in again or restart its service, then resume the run.',
    ),
  ],
  [
    0x31,
    row(
      'CKR_DEVICE_MEMORY',
      'device.storage-full',
      'the device has no room left',
      'Remove an object that is not needed any more (never done by this agent), then resume.',
    ),
  ],
  [0x32, row('CKR_DEVICE_REMOVED', 'device.gone', 'the device was removed', REPLUG)],
  [0x40, row('CKR_ENCRYPTED_DATA_INVALID', 'device.protocol', 'encrypted data was refused', DEFECT)],
  [0x41, row('CKR_ENCRYPTED_DATA_LEN_RANGE', 'device.protocol', 'encrypted data was refused for its length', DEFECT)],
  [
    0x50,
    row(
      'CKR_FUNCTION_CANCELED',
      'device.aborted',
      'the operation was cancelled at the device',
      'Run the command again and confirm at the device.',
    ),
  ],
  [0x51, row('CKR_FUNCTION_NOT_PARALLEL', 'device.protocol', 'there is no parallel operation', DEFECT)],
  [
    0x54,
    row(
      'CKR_FUNCTION_NOT_SUPPORTED',
      'device.unsupported',
      'the module cannot do this',
      'Choose another key type, or use a newer version of the module or firmware.',
    ),
  ],
  [
    0x60,
    row(
      'CKR_KEY_HANDLE_INVALID',
      'key.not-found',
      'the key is not there any more',
      'Check with hsm-enroll devices that the key still exists.',
    ),
  ],
  [
    0x62,
    row(
      'CKR_KEY_SIZE_RANGE',
      'device.unsupported',
      'the device does not make keys of this size',
      'Choose another key type.',
    ),
  ],
  [
    0x63,
    row(
      'CKR_KEY_TYPE_INCONSISTENT',
      'key.wrong-type',
      'the key has another type than the operation needs',
      'Name the right key.',
    ),
  ],
  [0x64, row('CKR_KEY_NOT_NEEDED', 'device.protocol', 'a key was given where none is needed', DEFECT)],
  [0x65, row('CKR_KEY_CHANGED', 'device.protocol', 'the key changed during the operation', DEFECT)],
  [0x66, row('CKR_KEY_NEEDED', 'device.protocol', 'a key is missing', DEFECT)],
  [0x67, row('CKR_KEY_INDIGESTIBLE', 'device.protocol', 'the key cannot be digested', DEFECT)],
  [
    0x68,
    row(
      'CKR_KEY_FUNCTION_NOT_PERMITTED',
      'device.refused',
      'the key may not be used to sign',
      'Name a key that has CKA_SIGN, or let the agent make one.',
    ),
  ],
  [
    0x69,
    row(
      'CKR_KEY_NOT_WRAPPABLE',
      'device.refused',
      'the key cannot be wrapped',
      'Nothing to do: the agent never wraps keys.',
    ),
  ],
  [
    0x6a,
    row(
      'CKR_KEY_UNEXTRACTABLE',
      'device.refused',
      'the key cannot leave the device',
      'Nothing to do: that is what is wanted.',
    ),
  ],
  [
    0x70,
    row(
      'CKR_MECHANISM_INVALID',
      'device.unsupported',
      'the device does not know the mechanism, or its mode (FIPS) forbids it',
      'Choose another key type; on a FIPS device check which mechanisms its mode allows.',
    ),
  ],
  [
    0x71,
    row(
      'CKR_MECHANISM_PARAM_INVALID',
      'device.unsupported',
      'the device does not accept the parameter of the mechanism',
      'Choose another key type.',
    ),
  ],
  [
    0x82,
    row(
      'CKR_OBJECT_HANDLE_INVALID',
      'key.not-found',
      'the object is not there any more',
      'Check with hsm-enroll devices that the key still exists.',
    ),
  ],
  [
    0x90,
    row(
      'CKR_OPERATION_ACTIVE',
      'device.busy',
      'another operation runs in the same session',
      'Try again; where it stays so, restart the agent.',
      true,
    ),
  ],
  [0x91, row('CKR_OPERATION_NOT_INITIALIZED', 'device.protocol', 'the operation was not begun', DEFECT)],
  [
    0xa0,
    row(
      'CKR_PIN_INCORRECT',
      'pin.wrong',
      'the PIN is wrong',
      'Check the PIN with the person who set it before another run: each run makes one attempt only.',
    ),
  ],
  [
    0xa1,
    row(
      'CKR_PIN_INVALID',
      'pin.malformed',
      'the PIN holds characters that the token does not take',
      'Correct the PIN at its source.',
    ),
  ],
  [
    0xa2,
    row('CKR_PIN_LEN_RANGE', 'pin.malformed', 'the PIN is too short or too long', 'Correct the PIN at its source.'),
  ],
  [
    0xa3,
    row(
      'CKR_PIN_EXPIRED',
      'credential.refused',
      'the PIN has expired and must be changed',
      "Change the PIN with the vendor's tool, then try again.",
    ),
  ],
  [
    0xa4,
    row(
      'CKR_PIN_LOCKED',
      'pin.locked',
      'the PIN is locked',
      "Unlock it with the PUK or the security officer's PIN, with the vendor's tool.",
    ),
  ],
  [0xb0, row('CKR_SESSION_CLOSED', 'device.gone', 'the session was closed under the agent', REPLUG)],
  [0xb1, row('CKR_SESSION_COUNT', 'device.busy', 'the device has no session left', FREE_SESSIONS, true)],
  [
    0xb3,
    row(
      'CKR_SESSION_HANDLE_INVALID',
      'device.gone',
      'the session is gone: the device was removed, or another program reset it',
      REPLUG,
    ),
  ],
  [0xb4, row('CKR_SESSION_PARALLEL_NOT_SUPPORTED', 'device.protocol', 'parallel sessions do not exist', DEFECT)],
  [
    0xb5,
    row(
      'CKR_SESSION_READ_ONLY',
      'device.refused',
      'the session may not write',
      'Remove the write protection of the token.',
    ),
  ],
  [0xb6, row('CKR_SESSION_EXISTS', 'device.busy', 'another session is open', FREE_SESSIONS, true)],
  [
    0xb7,
    row(
      'CKR_SESSION_READ_ONLY_EXISTS',
      'device.busy',
      'a read-only session is open, so the security officer may not log in',
      FREE_SESSIONS,
      true,
    ),
  ],
  [
    0xb8,
    row('CKR_SESSION_READ_WRITE_SO_EXISTS', 'device.busy', "a security officer's session is open", FREE_SESSIONS, true),
  ],
  [0xc0, row('CKR_SIGNATURE_INVALID', 'device.protocol', 'a signature does not verify', DEFECT)],
  [0xc1, row('CKR_SIGNATURE_LEN_RANGE', 'device.protocol', 'a signature has a wrong length', DEFECT)],
  [
    0xd0,
    row('CKR_TEMPLATE_INCOMPLETE', 'device.unsupported', 'the module wants attributes that were not given', TEMPLATE),
  ],
  [
    0xd1,
    row(
      'CKR_TEMPLATE_INCONSISTENT',
      'device.unsupported',
      'the module does not accept these attributes together',
      TEMPLATE,
    ),
  ],
  [0xe0, row('CKR_TOKEN_NOT_PRESENT', 'device.gone', 'there is no token in the slot', REPLUG)],
  [
    0xe1,
    row(
      'CKR_TOKEN_NOT_RECOGNIZED',
      'device.unsupported',
      'the module does not know this token',
      'Check that the module is the one for this device.',
    ),
  ],
  [
    0xe2,
    row(
      'CKR_TOKEN_WRITE_PROTECTED',
      'device.refused',
      'the token is write-protected',
      'Remove the write protection of the token.',
    ),
  ],
  [0xf0, row('CKR_UNWRAPPING_KEY_HANDLE_INVALID', 'device.protocol', 'an unwrapping key was refused', DEFECT)],
  [0xf1, row('CKR_UNWRAPPING_KEY_SIZE_RANGE', 'device.protocol', 'an unwrapping key was refused for its size', DEFECT)],
  [
    0xf2,
    row(
      'CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT',
      'device.protocol',
      'an unwrapping key was refused for its type',
      DEFECT,
    ),
  ],
  [0x100, row('CKR_USER_ALREADY_LOGGED_IN', 'device.busy', 'someone is logged in already', FREE_SESSIONS, true)],
  [
    0x101,
    row(
      'CKR_USER_NOT_LOGGED_IN',
      'credential.refused',
      'the device wants a login for this',
      'Name the source of the PIN in the profile, and check which role may do this.',
    ),
  ],
  [
    0x102,
    row(
      'CKR_USER_PIN_NOT_INITIALIZED',
      'credential.refused',
      'no PIN has been set for this role',
      "Set the PIN (initialise the role) with the vendor's tool.",
    ),
  ],
  [
    0x103,
    row(
      'CKR_USER_TYPE_INVALID',
      'credential.refused',
      'this role may not do that',
      'Use the role that may create keys (on Luna the Crypto Officer; on a YubiKey the management key).',
    ),
  ],
  [0x104, row('CKR_USER_ANOTHER_ALREADY_LOGGED_IN', 'device.busy', 'another role is logged in', FREE_SESSIONS, true)],
  [0x105, row('CKR_USER_TOO_MANY_TYPES', 'device.busy', 'too many roles are logged in', FREE_SESSIONS, true)],
  [0x110, row('CKR_WRAPPED_KEY_INVALID', 'device.protocol', 'a wrapped key was refused', DEFECT)],
  [0x112, row('CKR_WRAPPED_KEY_LEN_RANGE', 'device.protocol', 'a wrapped key was refused for its length', DEFECT)],
  [0x113, row('CKR_WRAPPING_KEY_HANDLE_INVALID', 'device.protocol', 'a wrapping key was refused', DEFECT)],
  [0x114, row('CKR_WRAPPING_KEY_SIZE_RANGE', 'device.protocol', 'a wrapping key was refused for its size', DEFECT)],
  [
    0x115,
    row('CKR_WRAPPING_KEY_TYPE_INCONSISTENT', 'device.protocol', 'a wrapping key was refused for its type', DEFECT),
  ],
  [0x120, row('CKR_RANDOM_SEED_NOT_SUPPORTED', 'device.protocol', 'the random generator takes no seed', DEFECT)],
  [
    0x121,
    row(
      'CKR_RANDOM_NO_RNG',
      'device.refused',
      'the device has no random generator',
      'Use another device: this one cannot make keys.',
    ),
  ],
  [
    0x130,
    row(
      'CKR_DOMAIN_PARAMS_INVALID',
      'device.unsupported',
      'the device does not make keys on this curve',
      'Choose another curve or RSA.',
    ),
  ],
  [
    0x140,
    row(
      'CKR_CURVE_NOT_SUPPORTED',
      'device.unsupported',
      'the device does not make keys on this curve',
      'Choose another curve or RSA.',
    ),
  ],
  [0x150, row('CKR_BUFFER_TOO_SMALL', 'device.protocol', 'the answer is longer than expected', DEFECT)],
  [0x160, row('CKR_SAVED_STATE_INVALID', 'device.protocol', 'a saved state was refused', DEFECT)],
  [
    0x170,
    row(
      'CKR_INFORMATION_SENSITIVE',
      'device.refused',
      'the information is sensitive',
      'Nothing to do: the device keeps it to itself.',
    ),
  ],
  [0x180, row('CKR_STATE_UNSAVEABLE', 'device.protocol', 'the state cannot be saved', DEFECT)],
  [
    0x190,
    row(
      'CKR_CRYPTOKI_NOT_INITIALIZED',
      'device.gone',
      'the module was shut down under the agent',
      'Run the command again; the key, if it was made, is found again.',
    ),
  ],
  [
    0x191,
    row(
      'CKR_CRYPTOKI_ALREADY_INITIALIZED',
      'device.busy',
      'the module is in use in this process',
      'Close the other device first.',
    ),
  ],
  [
    0x1a0,
    row('CKR_MUTEX_BAD', 'device.module', 'the module failed inside (mutex)', 'Use a newer version of the module.'),
  ],
  [
    0x1a1,
    row(
      'CKR_MUTEX_NOT_LOCKED',
      'device.module',
      'the module failed inside (mutex)',
      'Use a newer version of the module.',
    ),
  ],
  [
    0x1b0,
    row(
      'CKR_NEW_PIN_MODE',
      'credential.refused',
      'the PIN must be changed before the device is used',
      "Change the PIN with the vendor's tool, then try again.",
    ),
  ],
  [
    0x1b1,
    row(
      'CKR_NEXT_OTP',
      'credential.refused',
      'the device asks for a second one-time password',
      "Log in once with the vendor's tool, then try again.",
    ),
  ],
  [
    0x1b5,
    row('CKR_EXCEEDED_MAX_ITERATIONS', 'device.refused', 'the device gave up making the key', 'Try again.', true),
  ],
  [
    0x1b6,
    row(
      'CKR_FIPS_SELF_TEST_FAILED',
      'device.refused',
      'the self test of the FIPS module failed',
      'Do not use this device; ask its vendor.',
    ),
  ],
  [
    0x1b7,
    row(
      'CKR_LIBRARY_LOAD_FAILED',
      'device.module',
      'the module could not load a library of its own',
      "Repair the installation of the vendor's client.",
    ),
  ],
  [
    0x1b8,
    row(
      'CKR_PIN_TOO_WEAK',
      'pin.malformed',
      'the PIN is too weak for the token',
      "Set a stronger PIN with the vendor's tool.",
    ),
  ],
  [0x1b9, row('CKR_PUBLIC_KEY_INVALID', 'device.protocol', 'a public key was refused', DEFECT)],
  [
    0x200,
    row(
      'CKR_FUNCTION_REJECTED',
      'device.refused',
      'a person or policy rejected it at the device',
      'Confirm at the device, or ask its administrator.',
    ),
  ],
  // Vendors' own. nShield: pkcs11extra.h; Luna: cryptoki_v2.h.
  [
    0x800000e0,
    row(
      'CKR_FIPS_TOKEN_NOT_PRESENT',
      'credential.refused',
      'the Security World is FIPS 140 level 3 and wants a card to authorise making a key',
      'Insert an Administrator or Operator card of the world into the reader, then try again.',
    ),
  ],
])
