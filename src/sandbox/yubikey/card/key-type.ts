/** The key types of a PIV card, as data. */
import { atLeast, type Personality } from './personality.ts'
import { ensure, SW } from './status-word.ts'

export interface KeyType {
  /** The algorithm octet of the command. */
  readonly id: number
  readonly kind: 'rsa' | 'ec' | 'ed25519' | 'x25519'
  /** Modulus or field bits. */
  readonly bits: number
  /** OpenSSL's name and the JWK's. */
  readonly curve?: { readonly openssl: 'prime256v1' | 'secp384r1'; readonly jwk: 'P-256' | 'P-384' }
  readonly since: readonly [number, number, number]
  /** The FIPS series has it. */
  readonly fips: boolean
}

/** Yubico's PIV extensions page; ykman yubikit/piv.py for the firmware. */
const KEY_TYPES: readonly KeyType[] = [
  { id: 0x06, kind: 'rsa', bits: 1024, since: [1, 0, 0], fips: false },
  { id: 0x07, kind: 'rsa', bits: 2048, since: [1, 0, 0], fips: true },
  { id: 0x05, kind: 'rsa', bits: 3072, since: [5, 7, 0], fips: true },
  { id: 0x16, kind: 'rsa', bits: 4096, since: [5, 7, 0], fips: true },
  { id: 0x11, kind: 'ec', bits: 256, since: [1, 0, 0], fips: true, curve: { openssl: 'prime256v1', jwk: 'P-256' } },
  { id: 0x14, kind: 'ec', bits: 384, since: [4, 0, 0], fips: true, curve: { openssl: 'secp384r1', jwk: 'P-384' } },
  { id: 0xe0, kind: 'ed25519', bits: 256, since: [5, 7, 0], fips: true },
  { id: 0xe1, kind: 'x25519', bits: 256, since: [5, 7, 0], fips: false },
]

/** Throws StatusError 6A80 where this device does not have the algorithm. */
export function keyTypeFor(personality: Personality, id: number | undefined): KeyType {
  const type = KEY_TYPES.find((entry) => entry.id === id)
  ensure(type !== undefined && atLeast(personality.firmware, ...type.since), SW.wrongData)
  ensure(type.fips || !personality.fips, SW.wrongData)
  return type
}
