import type { DeviceErrorCode } from '../device-error.ts'
import { FREE_SESSIONS, type ReturnCode, row } from '../pkcs11/return-code.ts'

const VENDOR_DEFINED = 0x80000000

const LINK = "Check the link to the HSM with the client's tools (vtl verify, lunacm), then resume the run."
const PED = 'Check the PED, its cable or the remote PED server, then resume the run.'
const ADMINISTRATOR = "Ask the HSM's administrator."
const ROOM = 'Remove objects that are not needed any more, or have the partition made larger; then resume the run.'
const PER_KEY = 'Use a V0 partition, or one whose keys need no authorisation of their own.'
const CURVE = 'Choose another curve or RSA.'
const STC = 'Check the secure trusted channel: client and partition identity, registration (lunacm: stc).'

type Row = readonly [offset: number, name: string, code: DeviceErrorCode, cause: string, remedy: string, again?: true]

/** CK_RV of the Luna client that making, using or confirming a key may meet (cryptoki_v2.h); offsets from CKR_VENDOR_DEFINED. */
const ROWS: readonly Row[] = [
  [0x04, 'CKR_RC_ERROR', 'device.unreachable', 'the HSM reported a fault inside', ADMINISTRATOR],
  [0x05, 'CKR_CONTAINER_HANDLE_INVALID', 'device.gone', 'the partition is not there any more', LINK],
  [
    0x07,
    'CKR_USER_LOCKED_OUT',
    'pin.locked',
    'the role is locked',
    'Have the Partition SO reset its PIN (lunacm: role resetpw).',
  ],
  [0x0c, 'CKR_ACCEL_DEVICE_ERROR', 'device.unreachable', 'the HSM reported a fault of its accelerator', ADMINISTRATOR],
  [0x11, 'CKR_DAC_MISSING', 'key.not-attestable', 'the HSM has no device authentication certificate', ADMINISTRATOR],
  [0x12, 'CKR_BAD_DAC', 'key.not-attestable', 'the device authentication certificate of the HSM is bad', ADMINISTRATOR],
  [0x15, 'CKR_DAK_MISSING', 'key.not-attestable', 'the HSM has no device authentication key', ADMINISTRATOR],
  [0x16, 'CKR_BAD_DAK', 'key.not-attestable', 'the device authentication key of the HSM is bad', ADMINISTRATOR],
  [
    0x1a,
    'CKR_USER_NOT_AUTHORIZED',
    'credential.refused',
    'this role may not do that',
    'Use the Crypto Officer (role: crypto-officer).',
  ],
  [0x1b, 'CKR_MAX_OBJECT_COUNT_EXCEEDED', 'device.storage-full', 'the partition holds as many objects as it may', ROOM],
  [
    0x1e,
    'CKR_CITS_DAK_MISSING',
    'key.not-attestable',
    'the HSM has no authentication key of the Chrysalis-ITS kind',
    ADMINISTRATOR,
  ],
  [0x1f, 'CKR_UNABLE_TO_CONNECT', 'device.unreachable', 'the client cannot reach the HSM', LINK],
  [0x20, 'CKR_PARTITION_DISABLED', 'device.refused', 'the partition is switched off', ADMINISTRATOR],
  [0x23, 'CKR_SP_TIMEOUT', 'device.unreachable', 'the PED was not answered in time', PED],
  [0x24, 'CKR_TIMEOUT', 'device.unreachable', 'the HSM did not answer in time', LINK, true],
  [0x25, 'CKR_ECC_UNKNOWN_CURVE', 'device.unsupported', 'the HSM does not know the curve', CURVE],
  [0x2a, 'CKR_HSM_STORAGE_FULL', 'device.storage-full', 'the HSM has no room left', ROOM],
  [0x2b, 'CKR_DEVICE_TIMEOUT', 'device.unreachable', 'the HSM did not answer in time', LINK, true],
  [0x2c, 'CKR_CONTAINER_OBJECT_STORAGE_FULL', 'device.storage-full', 'the partition has no room left', ROOM],
  [0x2d, 'CKR_PED_CLIENT_NOT_RUNNING', 'device.unreachable', 'the PED client does not run', PED],
  [0x2e, 'CKR_PED_UNPLUGGED', 'device.unreachable', 'the PED is not connected', PED],
  [0x30, 'CKR_OPERATION_NOT_ALLOWED', 'device.refused', 'a policy of the partition forbids it', ADMINISTRATOR],
  [0x31, 'CKR_LICENSE_CAPACITY_EXCEEDED', 'device.refused', 'the licence allows no more', ADMINISTRATOR],
  [
    0x35,
    'CKR_LOG_FULL',
    'device.audit-log-full',
    'the audit log of the HSM is full',
    'Have the Auditor archive the log; the agent never clears it.',
  ],
  [
    0x39,
    'CKR_LOG_AUDIT_NOT_INITIALIZED',
    'device.refused',
    'the audit role of the HSM is not initialised',
    ADMINISTRATOR,
  ],
  [0x41, 'CKR_AGAIN', 'device.busy', 'the HSM is busy', 'Try again.', true],
  [0x44, 'CKR_USER_ALREADY_ACTIVATED', 'device.busy', 'the role is active already', FREE_SESSIONS],
  [
    0x46,
    'CKR_STC_CLIENT_IDENTITY_NOT_CONFIGURED',
    'device.unreachable',
    'the client has no identity for the secure channel',
    STC,
  ],
  [
    0x47,
    'CKR_STC_PARTITION_IDENTITY_NOT_CONFIGURED',
    'device.unreachable',
    'the client knows no identity of the partition',
    STC,
  ],
  [0x53, 'CKR_STC_SESSION_INVALID', 'device.gone', 'the secure channel to the partition has ended', STC],
  [0x56, 'CKR_STC_NO_CHANNEL', 'device.unreachable', 'there is no secure channel to the partition', STC],
  [
    0x67,
    'CKR_CHALLENGE_INCORRECT',
    'pin.wrong',
    'the challenge secret is wrong',
    'Check the challenge secret with the person who set it before another run.',
  ],
  [
    0x6b,
    'CKR_MECHANISM_INVALID_FOR_FP',
    'device.unsupported',
    'this partition does not know the mechanism',
    'Choose another key type.',
  ],
  [
    0x6c,
    'CKR_OPERATION_INVALID_FOR_FP',
    'device.unsupported',
    'this partition cannot do it',
    'Choose another key type or partition.',
  ],
  [
    0x6e,
    'CKR_CMD_NOT_ALLOWED_HSM_IN_TRANSPORT',
    'device.refused',
    'the HSM is in secure transport mode',
    ADMINISTRATOR,
  ],
  [0x6f, 'CKR_OBJECT_ALREADY_EXISTS', 'key.exists', 'such an object is there already', 'Choose another label.'],
  [0x76, 'CKR_HSM_TAMPERED', 'device.refused', 'the HSM has detected tampering', ADMINISTRATOR],
  [0x8d, 'CKR_HSM_RESTART_REQUIRED', 'device.unreachable', 'the HSM must be restarted', ADMINISTRATOR],
  [
    0x8f,
    'CKR_ASSIGNED_KEY_REQUIRES_AUTH_DATA',
    'device.unsupported',
    'the key wants authorisation data of its own',
    PER_KEY,
  ],
  [0x97, 'CKR_KEY_NOT_AUTHORIZED', 'device.unsupported', 'the key has not been authorised', PER_KEY],
  [0x9d, 'CKR_PED_UNSUPPORTED', 'device.unreachable', 'this PED is not supported', PED],
  [0x9e, 'CKR_PED_ERROR', 'device.unreachable', 'the PED reported a fault', PED],
  [0xa2, 'CKR_STC_KEY_EXPIRED', 'device.unreachable', 'the key of the secure channel has expired', STC],
  [
    0x101,
    'CKR_KEY_EXTRACTABLE',
    'key.exportable',
    'the key can leave the HSM',
    'Make a key that is not extractable, on a partition that is not in Key Export mode.',
  ],
  [0x105, 'CKR_ECC_CURVE_NOT_ALLOWED', 'device.unsupported', 'the HSM does not allow the curve', CURVE],
]

export const LUNA_RETURN_CODES: ReadonlyMap<number, ReturnCode> = new Map(
  ROWS.map(([offset, name, code, cause, remedy, again]) => [
    VENDOR_DEFINED + offset,
    row(name, code, cause, remedy, again),
  ]),
)
