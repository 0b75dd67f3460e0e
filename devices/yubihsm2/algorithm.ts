/** Algorithm numbers (developers.yubico.com/YubiHSM2/Concepts/Algorithms; python-yubihsm defs.py). */
import type { KeyAlgorithm } from '../device.ts'

export const ALGORITHMS = {
  'rsa-pkcs1-sha1': 1,
  'rsa-pkcs1-sha256': 2,
  'rsa-pkcs1-sha384': 3,
  'rsa-pkcs1-sha512': 4,
  'rsa-pss-sha1': 5,
  'rsa-pss-sha256': 6,
  'rsa-pss-sha384': 7,
  'rsa-pss-sha512': 8,
  rsa2048: 9,
  rsa3072: 10,
  rsa4096: 11,
  ecp256: 12,
  ecp384: 13,
  ecp521: 14,
  eck256: 15,
  ecbp256: 16,
  ecbp384: 17,
  ecbp512: 18,
  'hmac-sha1': 19,
  'hmac-sha256': 20,
  'hmac-sha384': 21,
  'hmac-sha512': 22,
  'ecdsa-sha1': 23,
  ecdh: 24,
  'rsa-oaep-sha1': 25,
  'rsa-oaep-sha256': 26,
  'rsa-oaep-sha384': 27,
  'rsa-oaep-sha512': 28,
  'aes128-ccm-wrap': 29,
  'opaque-data': 30,
  'opaque-x509-certificate': 31,
  'mgf1-sha1': 32,
  'mgf1-sha256': 33,
  'mgf1-sha384': 34,
  'mgf1-sha512': 35,
  'template-ssh': 36,
  'aes128-yubico-otp': 37,
  'aes128-yubico-authentication': 38,
  'aes192-yubico-otp': 39,
  'aes256-yubico-otp': 40,
  'aes192-ccm-wrap': 41,
  'aes256-ccm-wrap': 42,
  'ecdsa-sha256': 43,
  'ecdsa-sha384': 44,
  'ecdsa-sha512': 45,
  ed25519: 46,
  ecp224: 47,
  'rsa-pkcs1-decrypt': 48,
  'ecp256-yubico-authentication': 49,
  aes128: 50,
  aes192: 51,
  aes256: 52,
  'aes-ecb': 53,
  'aes-cbc': 54,
  'aes-kwp': 55,
} as const

/** The key types that an enrolment may ask for, with what signing with them needs. */
export const ENROLMENT_KEYS: Readonly<
  Record<KeyAlgorithm, { readonly algorithm: number; readonly sign: 'sign-pkcs' | 'sign-ecdsa' }>
> = {
  'RSA-2048': { algorithm: ALGORITHMS.rsa2048, sign: 'sign-pkcs' },
  'RSA-3072': { algorithm: ALGORITHMS.rsa3072, sign: 'sign-pkcs' },
  'RSA-4096': { algorithm: ALGORITHMS.rsa4096, sign: 'sign-pkcs' },
  'P-256': { algorithm: ALGORITHMS.ecp256, sign: 'sign-ecdsa' },
  'P-384': { algorithm: ALGORITHMS.ecp384, sign: 'sign-ecdsa' },
}

const names = new Map<number, string>(Object.entries(ALGORITHMS).map(([name, number]) => [number, name]))

export const algorithmName = (algorithm: number): string => names.get(algorithm) ?? `algorithm ${algorithm}`
