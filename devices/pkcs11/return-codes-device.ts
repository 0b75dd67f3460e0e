import { DEFECT, REPLUG, type ReturnCodeRow, row } from './return-code.ts'

/** The device, its module and the state of a call (PKCS#11 2.40 section 11.1, and what 3.0 adds to it). */
export const DEVICE_RETURN_CODES: readonly ReturnCodeRow[] = [
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
    0x200,
    row(
      'CKR_FUNCTION_REJECTED',
      'device.refused',
      'a person or policy rejected it at the device',
      'Confirm at the device, or ask its administrator.',
    ),
  ],
]
