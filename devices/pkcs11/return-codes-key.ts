import { DEFECT, type ReturnCodeRow, row, TEMPLATE } from './return-code.ts'

/** Keys, attributes, mechanisms and templates (PKCS#11 2.40 section 11.1). */
export const KEY_RETURN_CODES: readonly ReturnCodeRow[] = [
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
  [0x40, row('CKR_ENCRYPTED_DATA_INVALID', 'device.protocol', 'encrypted data was refused', DEFECT)],
  [0x41, row('CKR_ENCRYPTED_DATA_LEN_RANGE', 'device.protocol', 'encrypted data was refused for its length', DEFECT)],
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
  [0x1b9, row('CKR_PUBLIC_KEY_INVALID', 'device.protocol', 'a public key was refused', DEFECT)],
]
