import { DEFECT, FREE_SESSIONS, REPLUG, type ReturnCodeRow, row } from './return-code.ts'

/** PINs, roles and sessions (PKCS#11 2.40 section 11.1). */
export const LOGIN_RETURN_CODES: readonly ReturnCodeRow[] = [
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
    0x1b8,
    row(
      'CKR_PIN_TOO_WEAK',
      'pin.malformed',
      'the PIN is too weak for the token',
      "Set a stronger PIN with the vendor's tool.",
    ),
  ],
]
