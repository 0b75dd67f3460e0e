import type { PublicKey } from '../../asn1/public-key.ts'
import type { HsmType } from '../../hsm-type.ts'
import type { VersionRange } from '../../knowledge/version-range.ts'

/** A key, or a chain, that no device of some firmware can have. */
export interface ImplausibleRow {
  readonly hsmType: HsmType
  /** Absent: any firmware. */
  readonly firmware?: VersionRange
  readonly fipsSeries?: true
  readonly key?: (key: PublicKey) => boolean
  /** Name of the anchor that the chain ends in. */
  readonly anchor?: RegExp
  readonly pinPolicy?: string
  /** Follows "firmware 5.4.3 ". */
  readonly what: string
  readonly source: string
}

const rsa =
  (holds: (bits: number, exponent: bigint) => boolean) =>
  (key: PublicKey): boolean =>
    key.type === 'RSA' && holds(key.bits, key.exponent)
const named =
  (...names: readonly string[]) =>
  (key: PublicKey): boolean =>
    key.type === 'other' && names.includes(key.name)
const curveBut =
  (...curves: readonly string[]) =>
  (key: PublicKey): boolean =>
    key.type === 'EC' && !curves.includes(key.curve)

const PIV = 'Yubico, developers.yubico.com/PIV/Introduction (attestation; algorithms by firmware) and yubico-piv-tool'
const PKI = 'Yubico, developers.yubico.com/PKI: which devices are under which root'
const HSM = 'Yubico, developers.yubico.com/YubiHSM2/Concepts/Algorithms.html'
const HSM_CURVES = [
  'P-224',
  'P-256',
  'P-384',
  'P-521',
  'secp256k1',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
]

/** What contradicts itself in signed evidence: nobody needs to have lied, but somebody should look. */
// biome-ignore format: a table
export const IMPLAUSIBLE: readonly ImplausibleRow[] = [
  { hsmType: 'YUBIKEY', firmware: { before: '4.3.0' }, what: 'does not attest keys; 4.3.0 is the first that does', source: PIV },
  { hsmType: 'YUBIKEY', firmware: { before: '5.7.0' }, key: rsa((bits) => bits > 2048), what: 'does not generate RSA keys of more than 2048 bits', source: PIV },
  { hsmType: 'YUBIKEY', firmware: { before: '5.7.0' }, key: named('Ed25519', 'X25519'), what: 'does not generate Ed25519 and X25519 keys', source: PIV },
  { hsmType: 'YUBIKEY', key: rsa((bits, exponent) => ![1024, 2048, 3072, 4096].includes(bits) || exponent !== 65537n), what: 'generates RSA keys of 1024, 2048, 3072 and 4096 bits alone, with the exponent 65537', source: PIV },
  { hsmType: 'YUBIKEY', key: curveBut('P-256', 'P-384'), what: 'has no other curves than P-256 and P-384', source: PIV },
  { hsmType: 'YUBIKEY', firmware: { from: '4.4.0', before: '5.0.0' }, fipsSeries: true, key: rsa((bits) => bits < 2048), what: 'of the FIPS series does not generate RSA keys of 1024 bits', source: PIV },
  { hsmType: 'YUBIKEY', firmware: { from: '5.7.0' }, fipsSeries: true, key: rsa((bits) => bits < 2048), what: 'of the FIPS series does not generate RSA keys of 1024 bits', source: PIV },
  { hsmType: 'YUBIKEY', firmware: { from: '5.7.0' }, fipsSeries: true, key: named('X25519'), what: 'of the FIPS series does not generate X25519 keys', source: PIV },
  { hsmType: 'YUBIKEY', firmware: { from: '4.4.0', before: '5.0.0' }, fipsSeries: true, pinPolicy: 'never', what: 'of the FIPS series refuses the PIN policy "never"', source: PIV },
  { hsmType: 'YUBIKEY', firmware: { from: '5.7.0' }, fipsSeries: true, pinPolicy: 'never', what: 'of the FIPS series refuses the PIN policy "never"', source: PIV },
  { hsmType: 'YUBIKEY', firmware: { from: '5.7.4' }, anchor: /^Yubico (PIV|U2F) Root CA /, what: 'is under Yubico Attestation Root 1, not under the older roots', source: PKI },
  { hsmType: 'YUBIKEY', firmware: { before: '5.7.3' }, anchor: /^Yubico (PIV Attestation|Attestation Root) /, what: 'is under Yubico’s older roots, not under Yubico Attestation Root 1', source: PKI },
  { hsmType: 'YUBIKEY', firmware: { from: '5.0.0' }, anchor: /^Yubico U2F Root CA /, what: 'is not under the U2F root, which signed some YubiKey 4', source: PKI },
  { hsmType: 'YUBIHSM2', firmware: { before: '2.0.0' }, what: 'was never in a YubiHSM 2', source: HSM },
  { hsmType: 'YUBIHSM2', key: rsa((bits, exponent) => ![2048, 3072, 4096].includes(bits) || exponent !== 65537n), what: 'generates RSA keys of 2048, 3072 and 4096 bits alone, with the exponent 65537', source: HSM },
  { hsmType: 'YUBIHSM2', key: curveBut(...HSM_CURVES), what: 'does not have this curve', source: HSM },
]
