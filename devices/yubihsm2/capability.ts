/** Capability bits (developers.yubico.com/YubiHSM2/Concepts/Capability; python-yubihsm defs.py). Eight bytes big-endian on the wire. */
const CAPABILITY_BITS = {
  'get-opaque': 0x00,
  'put-opaque': 0x01,
  'put-authentication-key': 0x02,
  'put-asymmetric-key': 0x03,
  'generate-asymmetric-key': 0x04,
  'sign-pkcs': 0x05,
  'sign-pss': 0x06,
  'sign-ecdsa': 0x07,
  'sign-eddsa': 0x08,
  'decrypt-pkcs': 0x09,
  'decrypt-oaep': 0x0a,
  'derive-ecdh': 0x0b,
  'export-wrapped': 0x0c,
  'import-wrapped': 0x0d,
  'put-wrap-key': 0x0e,
  'generate-wrap-key': 0x0f,
  'exportable-under-wrap': 0x10,
  'set-option': 0x11,
  'get-option': 0x12,
  'get-pseudo-random': 0x13,
  'put-hmac-key': 0x14,
  'generate-hmac-key': 0x15,
  'sign-hmac': 0x16,
  'verify-hmac': 0x17,
  'get-log-entries': 0x18,
  'sign-ssh-certificate': 0x19,
  'get-template': 0x1a,
  'put-template': 0x1b,
  'reset-device': 0x1c,
  'decrypt-otp': 0x1d,
  'create-otp-aead': 0x1e,
  'randomize-otp-aead': 0x1f,
  'rewrap-from-otp-aead-key': 0x20,
  'rewrap-to-otp-aead-key': 0x21,
  'sign-attestation-certificate': 0x22,
  'put-otp-aead-key': 0x23,
  'generate-otp-aead-key': 0x24,
  'wrap-data': 0x25,
  'unwrap-data': 0x26,
  'delete-opaque': 0x27,
  'delete-authentication-key': 0x28,
  'delete-asymmetric-key': 0x29,
  'delete-wrap-key': 0x2a,
  'delete-hmac-key': 0x2b,
  'delete-template': 0x2c,
  'delete-otp-aead-key': 0x2d,
  'change-authentication-key': 0x2e,
  'put-symmetric-key': 0x2f,
  'generate-symmetric-key': 0x30,
  'delete-symmetric-key': 0x31,
  'decrypt-ecb': 0x32,
  'encrypt-ecb': 0x33,
  'decrypt-cbc': 0x34,
  'encrypt-cbc': 0x35,
  'put-public-wrap-key': 0x36,
  'delete-public-wrap-key': 0x37,
} as const

export type CapabilityName = keyof typeof CAPABILITY_BITS

/** The bit mask of the named capabilities. */
export const capabilities = (...names: readonly CapabilityName[]): bigint =>
  names.reduce((mask, name) => mask | (1n << BigInt(CAPABILITY_BITS[name])), 0n)

export const hasCapability = (mask: bigint, name: CapabilityName): boolean =>
  ((mask >> BigInt(CAPABILITY_BITS[name])) & 1n) === 1n

/** Every capability known here. */
export const ALL_CAPABILITIES: bigint = (1n << 0x38n) - 1n
