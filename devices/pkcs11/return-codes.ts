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

/** `again`: as `transient` of ReturnCode. */
export type ReturnCodeRow = readonly [
  rv: number,
  name: string,
  code: DeviceErrorCode,
  cause: string,
  remedy: string,
  again?: true,
]

/** The rows by their numbers. */
export const returnCodes = (rows: readonly ReturnCodeRow[]): ReadonlyMap<number, ReturnCode> =>
  new Map(rows.map(([rv, name, code, cause, remedy, transient]) => [rv, { name, code, cause, remedy, transient }]))

/** A mechanism that is listed and refused all the same (FIPS modes do that): another one may be taken. */
export const MECHANISM_REFUSED: ReadonlySet<string> = new Set([
  'CKR_MECHANISM_INVALID',
  'CKR_FIPS_MECHANISM_INVALID',
  'CKR_MECHANISM_INVALID_FOR_FP',
])

const DEFECT =
  'Run the command again with --trace and report it with the trace: hsm-enroll made a call that this module does not accept.'
const REPLUG =
  'Plug the device in again (or restart its service) and resume the run: if the key was generated, it is found again.'
export const FREE_SESSIONS = 'Close other programs that use the device, then try again.'
export const TEMPLATE =
  'Check that the module is the one for this device and that its version is supported (hsm-enroll doctor).'
const KEY_TYPE = 'Choose another key type.'
const HASH = 'Choose another hash or key type.'
const CURVE = 'Choose another curve or RSA.'
const NEWER_MODULE = 'Use a newer version of the module.'

/** Every CK_RV of PKCS#11 2.40 (section 11.1), and those of 3.0 that modules return today. A vendor's own numbers have a table with the vendor. */
// biome-ignore format: a table
export const CKR = [
  [0x01, 'CKR_CANCEL', 'device.aborted', 'the call was cancelled at the device', 'Run the command again and confirm at the device.'],
  [0x02, 'CKR_HOST_MEMORY', 'device.unreachable', 'the module ran out of memory on this computer', 'Free memory, then try again.', true],
  [0x03, 'CKR_SLOT_ID_INVALID', 'device.gone', 'the slot no longer exists', REPLUG],
  [0x05, 'CKR_GENERAL_ERROR', 'device.unreachable', 'the module failed without giving a reason', 'Check that the device and its service are running (hsm-enroll doctor), then try again.'],
  [0x06, 'CKR_FUNCTION_FAILED', 'device.refused', 'the device could not do it and gave no reason', "Check the device with its vendor's tool and its log, then try again."],
  [0x07, 'CKR_ARGUMENTS_BAD', 'device.protocol', 'the module did not accept the arguments', DEFECT],
  [0x08, 'CKR_NO_EVENT', 'device.protocol', 'there was no slot event', DEFECT],
  [0x09, 'CKR_NEED_TO_CREATE_THREADS', 'device.module', 'the module needs threads of its own', NEWER_MODULE],
  [0x0a, 'CKR_CANT_LOCK', 'device.module', 'the module does not support threads', NEWER_MODULE],
  [0x10, 'CKR_ATTRIBUTE_READ_ONLY', 'device.refused', 'an attribute cannot be set', TEMPLATE],
  [0x11, 'CKR_ATTRIBUTE_SENSITIVE', 'device.refused', 'an attribute cannot be read', 'A non-exportable key behaves like this; check that you specified the right object.'],
  [0x12, 'CKR_ATTRIBUTE_TYPE_INVALID', 'device.unsupported', 'the module does not know an attribute', TEMPLATE],
  [0x13, 'CKR_ATTRIBUTE_VALUE_INVALID', 'device.unsupported', 'the module does not accept the value of an attribute', TEMPLATE],
  [0x1b, 'CKR_ACTION_PROHIBITED', 'device.refused', 'a token policy forbids it', "Ask the token's administrator to change the policy."],
  [0x20, 'CKR_DATA_INVALID', 'device.refused', 'the device does not accept the data', HASH],
  [0x21, 'CKR_DATA_LEN_RANGE', 'device.refused', 'the device does not accept data of this length', HASH],
  [0x30, 'CKR_DEVICE_ERROR', 'device.unreachable', 'the device reported a fault', "Check the device with its vendor's tool; plug it in again or restart its service, then resume the run."],
  [0x31, 'CKR_DEVICE_MEMORY', 'device.storage-full', 'the device is full', 'Delete an object that you no longer need (hsm-enroll never deletes one), then resume the run.'],
  [0x32, 'CKR_DEVICE_REMOVED', 'device.gone', 'the device was removed', REPLUG],
  [0x40, 'CKR_ENCRYPTED_DATA_INVALID', 'device.protocol', 'encrypted data was refused', DEFECT],
  [0x41, 'CKR_ENCRYPTED_DATA_LEN_RANGE', 'device.protocol', 'encrypted data was refused because of its length', DEFECT],
  [0x50, 'CKR_FUNCTION_CANCELED', 'device.aborted', 'the operation was cancelled at the device', 'Run the command again and confirm at the device.'],
  [0x51, 'CKR_FUNCTION_NOT_PARALLEL', 'device.protocol', 'no function runs in parallel', DEFECT],
  [0x54, 'CKR_FUNCTION_NOT_SUPPORTED', 'device.unsupported', 'the module cannot do this', 'Choose another key type, or use a newer version of the module or firmware.'],
  [0x60, 'CKR_KEY_HANDLE_INVALID', 'key.not-found', 'the key no longer exists', 'Run hsm-enroll devices to check that the key still exists.'],
  [0x62, 'CKR_KEY_SIZE_RANGE', 'device.unsupported', 'the device does not generate keys of this size', KEY_TYPE],
  [0x63, 'CKR_KEY_TYPE_INCONSISTENT', 'key.wrong-type', 'the key is not of the type that the operation needs', 'Specify the right key.'],
  [0x64, 'CKR_KEY_NOT_NEEDED', 'device.protocol', 'a key was passed where none is needed', DEFECT],
  [0x65, 'CKR_KEY_CHANGED', 'device.protocol', 'the key changed during the operation', DEFECT],
  [0x66, 'CKR_KEY_NEEDED', 'device.protocol', 'a key is missing', DEFECT],
  [0x67, 'CKR_KEY_INDIGESTIBLE', 'device.protocol', 'the key cannot be digested', DEFECT],
  [0x68, 'CKR_KEY_FUNCTION_NOT_PERMITTED', 'device.refused', 'the key may not be used for signing', 'Specify a key that has CKA_SIGN, or let hsm-enroll generate one.'],
  [0x69, 'CKR_KEY_NOT_WRAPPABLE', 'device.refused', 'the key cannot be wrapped', 'Nothing to do: hsm-enroll never wraps keys.'],
  [0x6a, 'CKR_KEY_UNEXTRACTABLE', 'device.refused', 'the key cannot leave the device', 'Nothing to do: the key is meant to stay in the device.'],
  [0x70, 'CKR_MECHANISM_INVALID', 'device.unsupported', 'the device does not support the mechanism, or its FIPS mode forbids it', 'Choose another key type; on a FIPS device, check which mechanisms its mode allows.'],
  [0x71, 'CKR_MECHANISM_PARAM_INVALID', 'device.unsupported', "the device does not accept the mechanism's parameter", KEY_TYPE],
  [0x82, 'CKR_OBJECT_HANDLE_INVALID', 'key.not-found', 'the object no longer exists', 'Run hsm-enroll devices to check that the key still exists.'],
  [0x90, 'CKR_OPERATION_ACTIVE', 'device.busy', 'another operation is active in the same session', 'Try again; if the error persists, restart hsm-enroll.', true],
  [0x91, 'CKR_OPERATION_NOT_INITIALIZED', 'device.protocol', 'the operation was not started', DEFECT],
  [0xa0, 'CKR_PIN_INCORRECT', 'pin.wrong', 'the PIN is wrong', 'Ask the person who set the PIN before you repeat it: each run makes one attempt only. Unless the PIN is typed at a terminal, the repetition needs --try-pin-again.'],
  [0xa1, 'CKR_PIN_INVALID', 'pin.malformed', 'the PIN contains characters that the token does not accept', 'Correct the PIN at its source.'],
  [0xa2, 'CKR_PIN_LEN_RANGE', 'pin.malformed', 'the PIN is too short or too long', 'Correct the PIN at its source.'],
  [0xa3, 'CKR_PIN_EXPIRED', 'credential.refused', 'the PIN has expired and must be changed', "Change the PIN with the vendor's tool, then try again."],
  [0xa4, 'CKR_PIN_LOCKED', 'pin.locked', 'the PIN is locked', "Unblock it with the PUK or the security officer's PIN, using the vendor's tool."],
  [0xb0, 'CKR_SESSION_CLOSED', 'device.gone', 'the session was closed while in use', REPLUG],
  [0xb1, 'CKR_SESSION_COUNT', 'device.busy', 'the device has no free session', FREE_SESSIONS, true],
  [0xb3, 'CKR_SESSION_HANDLE_INVALID', 'device.gone', 'the session was lost: the device was removed, or another program reset it', REPLUG],
  [0xb4, 'CKR_SESSION_PARALLEL_NOT_SUPPORTED', 'device.protocol', 'parallel sessions are not supported', DEFECT],
  [0xb5, 'CKR_SESSION_READ_ONLY', 'device.refused', 'the session is read-only', "Remove the token's write protection."],
  [0xb6, 'CKR_SESSION_EXISTS', 'device.busy', 'another session is open', FREE_SESSIONS, true],
  [0xb7, 'CKR_SESSION_READ_ONLY_EXISTS', 'device.busy', 'a read-only session is open, so the security officer cannot log in', FREE_SESSIONS, true],
  [0xb8, 'CKR_SESSION_READ_WRITE_SO_EXISTS', 'device.busy', "a security officer's session is open", FREE_SESSIONS, true],
  [0xc0, 'CKR_SIGNATURE_INVALID', 'device.protocol', 'a signature does not verify', DEFECT],
  [0xc1, 'CKR_SIGNATURE_LEN_RANGE', 'device.protocol', 'a signature has the wrong length', DEFECT],
  [0xd0, 'CKR_TEMPLATE_INCOMPLETE', 'device.unsupported', 'the module needs attributes that were not passed', TEMPLATE],
  [0xd1, 'CKR_TEMPLATE_INCONSISTENT', 'device.unsupported', 'the module does not accept this combination of attributes', TEMPLATE],
  [0xe0, 'CKR_TOKEN_NOT_PRESENT', 'device.gone', 'there is no token in the slot', REPLUG],
  [0xe1, 'CKR_TOKEN_NOT_RECOGNIZED', 'device.unsupported', 'the module does not recognise this token', 'Check that the module is the one for this device.'],
  [0xe2, 'CKR_TOKEN_WRITE_PROTECTED', 'device.refused', 'the token is write-protected', "Remove the token's write protection."],
  [0xf0, 'CKR_UNWRAPPING_KEY_HANDLE_INVALID', 'device.protocol', 'an unwrapping key was refused', DEFECT],
  [0xf1, 'CKR_UNWRAPPING_KEY_SIZE_RANGE', 'device.protocol', 'an unwrapping key was refused because of its size', DEFECT],
  [0xf2, 'CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT', 'device.protocol', 'an unwrapping key was refused because of its type', DEFECT],
  [0x100, 'CKR_USER_ALREADY_LOGGED_IN', 'device.busy', 'someone is already logged in', FREE_SESSIONS, true],
  [0x101, 'CKR_USER_NOT_LOGGED_IN', 'credential.refused', 'this requires a login', 'Set the source of the PIN in the profile, and check which role may do this.'],
  [0x102, 'CKR_USER_PIN_NOT_INITIALIZED', 'credential.refused', 'no PIN has been set for this role', "Set the PIN (initialise the role) with the vendor's tool."],
  [0x103, 'CKR_USER_TYPE_INVALID', 'credential.refused', 'this role is not allowed to do that', 'Use the role that may generate keys (on Luna the Crypto Officer; on a YubiKey the management key).'],
  [0x104, 'CKR_USER_ANOTHER_ALREADY_LOGGED_IN', 'device.busy', 'another role is logged in', FREE_SESSIONS, true],
  [0x105, 'CKR_USER_TOO_MANY_TYPES', 'device.busy', 'too many roles are logged in', FREE_SESSIONS, true],
  [0x110, 'CKR_WRAPPED_KEY_INVALID', 'device.protocol', 'a wrapped key was refused', DEFECT],
  [0x112, 'CKR_WRAPPED_KEY_LEN_RANGE', 'device.protocol', 'a wrapped key was refused because of its length', DEFECT],
  [0x113, 'CKR_WRAPPING_KEY_HANDLE_INVALID', 'device.protocol', 'a wrapping key was refused', DEFECT],
  [0x114, 'CKR_WRAPPING_KEY_SIZE_RANGE', 'device.protocol', 'a wrapping key was refused because of its size', DEFECT],
  [0x115, 'CKR_WRAPPING_KEY_TYPE_INCONSISTENT', 'device.protocol', 'a wrapping key was refused because of its type', DEFECT],
  [0x120, 'CKR_RANDOM_SEED_NOT_SUPPORTED', 'device.protocol', 'the random number generator does not accept a seed', DEFECT],
  [0x121, 'CKR_RANDOM_NO_RNG', 'device.refused', 'the device has no random number generator', 'Use another device: this one cannot generate keys.'],
  [0x130, 'CKR_DOMAIN_PARAMS_INVALID', 'device.unsupported', 'the device does not generate keys on this curve', CURVE],
  [0x140, 'CKR_CURVE_NOT_SUPPORTED', 'device.unsupported', 'the device does not generate keys on this curve', CURVE],
  [0x150, 'CKR_BUFFER_TOO_SMALL', 'device.protocol', 'the answer is longer than expected', DEFECT],
  [0x160, 'CKR_SAVED_STATE_INVALID', 'device.protocol', 'a saved state was refused', DEFECT],
  [0x170, 'CKR_INFORMATION_SENSITIVE', 'device.refused', 'the information is sensitive', 'Nothing to do: the device does not disclose it.'],
  [0x180, 'CKR_STATE_UNSAVEABLE', 'device.protocol', 'the state cannot be saved', DEFECT],
  [0x190, 'CKR_CRYPTOKI_NOT_INITIALIZED', 'device.gone', 'the module was shut down while in use', 'Run the command again; if the key was generated, it is found again.'],
  [0x191, 'CKR_CRYPTOKI_ALREADY_INITIALIZED', 'device.busy', 'the module is already in use in this process', 'Close the other device first.'],
  [0x1a0, 'CKR_MUTEX_BAD', 'device.module', 'the module has an internal fault (mutex)', NEWER_MODULE],
  [0x1a1, 'CKR_MUTEX_NOT_LOCKED', 'device.module', 'the module has an internal fault (mutex)', NEWER_MODULE],
  [0x1b0, 'CKR_NEW_PIN_MODE', 'credential.refused', 'the PIN must be changed before the device can be used', "Change the PIN with the vendor's tool, then try again."],
  [0x1b1, 'CKR_NEXT_OTP', 'credential.refused', 'the device asks for a second one-time password', "Log in once with the vendor's tool, then try again."],
  [0x1b5, 'CKR_EXCEEDED_MAX_ITERATIONS', 'device.refused', 'the device gave up generating the key', 'Try again.', true],
  [0x1b6, 'CKR_FIPS_SELF_TEST_FAILED', 'device.refused', "the FIPS module's self-test failed", 'Do not use this device; contact its vendor.'],
  [0x1b7, 'CKR_LIBRARY_LOAD_FAILED', 'device.module', 'the module could not load one of its own libraries', "Repair the installation of the vendor's client."],
  [0x1b8, 'CKR_PIN_TOO_WEAK', 'pin.malformed', 'the PIN is too weak for the token', "Set a stronger PIN with the vendor's tool."],
  [0x1b9, 'CKR_PUBLIC_KEY_INVALID', 'device.protocol', 'a public key was refused', DEFECT],
  [0x200, 'CKR_FUNCTION_REJECTED', 'device.refused', 'a person or a policy rejected it at the device', 'Confirm at the device, or ask its administrator.'],
] as const satisfies readonly ReturnCodeRow[]

export const RETURN_CODES = returnCodes(CKR)
