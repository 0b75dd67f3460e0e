import { FREE_SESSIONS, type ReturnCodeRow, returnCodes } from '../pkcs11/return-codes.ts'

const LINK = "Check the link to the HSM with the client's tools (vtl verify, lunacm), then resume the run."
const PED = 'Check the PED, its cable or the remote PED server, then resume the run.'
const ADMINISTRATOR = "Ask the HSM's administrator."
const ROOM = 'Delete objects that you no longer need, or have the partition enlarged; then resume the run.'
const PER_KEY = 'Use a V0 partition, or one whose keys need no authorisation of their own.'
const CURVE = 'Choose another curve or RSA.'
const STC = 'Check the secure trusted channel: client and partition identity, registration (lunacm: stc).'

/** CK_RV of the Luna client that generating, using or confirming a key may meet (cryptoki_v2.h). */
// biome-ignore format: a table
const ROWS: readonly ReturnCodeRow[] = [
  [0x80000004, 'CKR_RC_ERROR', 'device.unreachable', 'the HSM reported an internal fault', ADMINISTRATOR],
  [0x80000005, 'CKR_CONTAINER_HANDLE_INVALID', 'device.gone', 'the partition no longer exists', LINK],
  [0x80000007, 'CKR_USER_LOCKED_OUT', 'pin.locked', 'the role is locked', 'Have the Partition SO reset its PIN (lunacm: role resetpw).'],
  [0x8000000c, 'CKR_ACCEL_DEVICE_ERROR', 'device.unreachable', 'the HSM reported a fault in its accelerator', ADMINISTRATOR],
  [0x80000011, 'CKR_DAC_MISSING', 'key.not-attestable', 'the HSM has no device authentication certificate', ADMINISTRATOR],
  [0x80000012, 'CKR_BAD_DAC', 'key.not-attestable', "the HSM's device authentication certificate is bad", ADMINISTRATOR],
  [0x80000015, 'CKR_DAK_MISSING', 'key.not-attestable', 'the HSM has no device authentication key', ADMINISTRATOR],
  [0x80000016, 'CKR_BAD_DAK', 'key.not-attestable', "the HSM's device authentication key is bad", ADMINISTRATOR],
  [0x8000001a, 'CKR_USER_NOT_AUTHORIZED', 'credential.refused', 'this role is not allowed to do that', 'Use the Crypto Officer (role: crypto-officer).'],
  [0x8000001b, 'CKR_MAX_OBJECT_COUNT_EXCEEDED', 'device.storage-full', 'the partition holds as many objects as it may', ROOM],
  [0x8000001e, 'CKR_CITS_DAK_MISSING', 'key.not-attestable', 'the HSM has no Chrysalis-ITS authentication key', ADMINISTRATOR],
  [0x8000001f, 'CKR_UNABLE_TO_CONNECT', 'device.unreachable', 'the client cannot reach the HSM', LINK],
  [0x80000020, 'CKR_PARTITION_DISABLED', 'device.refused', 'the partition is disabled', ADMINISTRATOR],
  [0x80000023, 'CKR_SP_TIMEOUT', 'device.unreachable', 'nobody responded at the PED in time', PED],
  [0x80000024, 'CKR_TIMEOUT', 'device.unreachable', 'the HSM did not answer in time', LINK, true],
  [0x80000025, 'CKR_ECC_UNKNOWN_CURVE', 'device.unsupported', 'the HSM does not support the curve', CURVE],
  [0x8000002a, 'CKR_HSM_STORAGE_FULL', 'device.storage-full', 'the HSM is full', ROOM],
  [0x8000002b, 'CKR_DEVICE_TIMEOUT', 'device.unreachable', 'the HSM did not answer in time', LINK, true],
  [0x8000002c, 'CKR_CONTAINER_OBJECT_STORAGE_FULL', 'device.storage-full', 'the partition is full', ROOM],
  [0x8000002d, 'CKR_PED_CLIENT_NOT_RUNNING', 'device.unreachable', 'the PED client is not running', PED],
  [0x8000002e, 'CKR_PED_UNPLUGGED', 'device.unreachable', 'the PED is not connected', PED],
  [0x80000030, 'CKR_OPERATION_NOT_ALLOWED', 'device.refused', 'a partition policy forbids it', ADMINISTRATOR],
  [0x80000031, 'CKR_LICENSE_CAPACITY_EXCEEDED', 'device.refused', 'the licence does not allow more', ADMINISTRATOR],
  [0x80000035, 'CKR_LOG_FULL', 'device.audit-log-full', "the HSM's audit log is full", 'Have the Auditor archive the log; hsm-enroll never clears it.'],
  [0x80000039, 'CKR_LOG_AUDIT_NOT_INITIALIZED', 'device.refused', "the HSM's audit role is not initialised", ADMINISTRATOR],
  [0x80000041, 'CKR_AGAIN', 'device.busy', 'the HSM is busy', 'Try again.', true],
  [0x80000044, 'CKR_USER_ALREADY_ACTIVATED', 'device.busy', 'the role is already active', FREE_SESSIONS],
  [0x80000046, 'CKR_STC_CLIENT_IDENTITY_NOT_CONFIGURED', 'device.unreachable', 'the client has no identity for the secure channel', STC],
  [0x80000047, 'CKR_STC_PARTITION_IDENTITY_NOT_CONFIGURED', 'device.unreachable', 'the client has no identity of the partition', STC],
  [0x80000053, 'CKR_STC_SESSION_INVALID', 'device.gone', 'the secure channel to the partition has ended', STC],
  [0x80000056, 'CKR_STC_NO_CHANNEL', 'device.unreachable', 'there is no secure channel to the partition', STC],
  [0x80000067, 'CKR_CHALLENGE_INCORRECT', 'pin.wrong', 'the challenge secret is wrong', 'Ask the person who set the challenge secret before you repeat it. Unless it is typed at a terminal, the repetition needs --try-pin-again.'],
  [0x8000006b, 'CKR_MECHANISM_INVALID_FOR_FP', 'device.unsupported', 'this partition does not support the mechanism', 'Choose another key type.'],
  [0x8000006c, 'CKR_OPERATION_INVALID_FOR_FP', 'device.unsupported', 'this partition cannot do it', 'Choose another key type or partition.'],
  [0x8000006e, 'CKR_CMD_NOT_ALLOWED_HSM_IN_TRANSPORT', 'device.refused', 'the HSM is in secure transport mode', ADMINISTRATOR],
  [0x8000006f, 'CKR_OBJECT_ALREADY_EXISTS', 'key.exists', 'such an object already exists', 'Choose another label.'],
  [0x80000076, 'CKR_HSM_TAMPERED', 'device.refused', 'the HSM has detected tampering', ADMINISTRATOR],
  [0x8000008d, 'CKR_HSM_RESTART_REQUIRED', 'device.unreachable', 'the HSM must be restarted', ADMINISTRATOR],
  [0x8000008f, 'CKR_ASSIGNED_KEY_REQUIRES_AUTH_DATA', 'device.unsupported', 'the key needs authorisation data of its own', PER_KEY],
  [0x80000097, 'CKR_KEY_NOT_AUTHORIZED', 'device.unsupported', 'the key has not been authorised', PER_KEY],
  [0x8000009d, 'CKR_PED_UNSUPPORTED', 'device.unreachable', 'this PED is not supported', PED],
  [0x8000009e, 'CKR_PED_ERROR', 'device.unreachable', 'the PED reported a fault', PED],
  [0x800000a2, 'CKR_STC_KEY_EXPIRED', 'device.unreachable', "the secure channel's key has expired", STC],
  [0x80000101, 'CKR_KEY_EXTRACTABLE', 'key.exportable', 'the key can leave the HSM', 'Generate a key that is not extractable, on a partition that is not in Key Export mode.'],
  [0x80000105, 'CKR_ECC_CURVE_NOT_ALLOWED', 'device.unsupported', 'the HSM does not allow the curve', CURVE],
]

export const LUNA_RETURN_CODES = returnCodes(ROWS)
