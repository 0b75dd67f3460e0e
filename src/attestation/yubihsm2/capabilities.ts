/** Capability names by bit (Yubico, developers.yubico.com/YubiHSM2/Concepts/Capability.html). */
const CAPABILITIES: readonly string[] = [
  'get-opaque',
  'put-opaque',
  'put-authentication-key',
  'put-asymmetric-key',
  'generate-asymmetric-key',
  'sign-pkcs',
  'sign-pss',
  'sign-ecdsa',
  'sign-eddsa',
  'decrypt-pkcs',
  'decrypt-oaep',
  'derive-ecdh',
  'export-wrapped',
  'import-wrapped',
  'put-wrap-key',
  'generate-wrap-key',
  'exportable-under-wrap',
  'set-option',
  'get-option',
  'get-pseudo-random',
  'put-mac-key',
  'generate-hmac-key',
  'sign-hmac',
  'verify-hmac',
  'get-log-entries',
  'sign-ssh-certificate',
  'get-template',
  'put-template',
  'reset-device',
  'decrypt-otp',
  'create-otp-aead',
  'randomize-otp-aead',
  'rewrap-from-otp-aead-key',
  'rewrap-to-otp-aead-key',
  'sign-attestation-certificate',
  'put-otp-aead-key',
  'generate-otp-aead-key',
  'wrap-data',
  'unwrap-data',
  'delete-opaque',
  'delete-authentication-key',
  'delete-asymmetric-key',
  'delete-wrap-key',
  'delete-hmac-key',
  'delete-template',
  'delete-otp-aead-key',
  'change-authentication-key',
  'put-symmetric-key',
  'generate-symmetric-key',
  'delete-symmetric-key',
  'decrypt-ecb',
  'encrypt-ecb',
  'decrypt-cbc',
  'encrypt-cbc',
  'put-public-wrap-key',
  'delete-public-wrap-key',
]

export const hasCapability = (capabilities: bigint, name: string): boolean =>
  ((capabilities >> BigInt(CAPABILITIES.indexOf(name))) & 1n) === 1n

/** Names in bit order, with the bits that have none. */
export function listCapabilities(capabilities: bigint): {
  readonly names: readonly string[]
  readonly unknown: readonly number[]
} {
  const bits = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => ((capabilities >> BigInt(bit)) & 1n) === 1n)
  return {
    names: bits.flatMap((bit) => CAPABILITIES[bit] ?? []),
    unknown: bits.filter((bit) => bit >= CAPABILITIES.length),
  }
}
