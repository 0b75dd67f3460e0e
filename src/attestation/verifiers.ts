import type { HsmType } from '../hsm-type.ts'
import type { FamilyVerifier } from './contract/verify-attestation.ts'
import { fortanix } from './fortanix/verify.ts'
import { luna } from './luna/verify.ts'
import { marvellGoogle } from './marvell-google/verify.ts'
import { nshield } from './nshield/verify.ts'
import { yubihsm2 } from './yubihsm2/verify.ts'
import { yubikey } from './yubikey/verify.ts'

/** One verifier per family. A seventh family adds its line here. */
export const VERIFIERS: Readonly<Record<HsmType, FamilyVerifier>> = {
  YUBIKEY: yubikey,
  YUBIHSM2: yubihsm2,
  LUNA: luna,
  NSHIELD: nshield,
  FORTANIX: fortanix,
  MARVELL_GOOGLE: marvellGoogle,
}
