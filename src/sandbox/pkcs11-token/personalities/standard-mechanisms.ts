import { CKM, MECHANISM_FLAG } from '../../../../devices/pkcs11/pkcs11-constants.ts'
import type { MechanismInfo } from '../personality.ts'

const SIGNING = MECHANISM_FLAG.HW | MECHANISM_FLAG.SIGN | MECHANISM_FLAG.VERIFY
const GENERATING = MECHANISM_FLAG.HW | MECHANISM_FLAG.GENERATE_KEY_PAIR
const CURVES = MECHANISM_FLAG.EC_F_P | MECHANISM_FLAG.EC_NAMEDCURVE | MECHANISM_FLAG.EC_UNCOMPRESS

/** Key sizes in bits of the modulus. */
export const rsaGenerating = (mechanism: number, minKeySize = 2048): MechanismInfo => ({
  mechanism,
  minKeySize,
  maxKeySize: 4096,
  flags: GENERATING,
})

export const ecGenerating = (mechanism: number): MechanismInfo => ({
  mechanism,
  minKeySize: 256,
  maxKeySize: 521,
  flags: GENERATING | CURVES,
})

const rsaSigning = (mechanism: number): MechanismInfo => ({
  mechanism,
  minKeySize: 2048,
  maxKeySize: 4096,
  flags: SIGNING,
})

export const ecSigning = (mechanism: number): MechanismInfo => ({
  mechanism,
  minKeySize: 256,
  maxKeySize: 521,
  flags: SIGNING | CURVES,
})

export const signingMechanisms: readonly MechanismInfo[] = [
  ...[CKM.RSA_PKCS, CKM.SHA256_RSA_PKCS, CKM.SHA384_RSA_PKCS, CKM.SHA512_RSA_PKCS].map(rsaSigning),
  ...[CKM.ECDSA, CKM.ECDSA_SHA256, CKM.ECDSA_SHA384, CKM.ECDSA_SHA512].map(ecSigning),
]

export const standardMechanisms: readonly MechanismInfo[] = [
  rsaGenerating(CKM.RSA_PKCS_KEY_PAIR_GEN),
  ecGenerating(CKM.EC_KEY_PAIR_GEN),
  ...signingMechanisms,
]
