import type { HsmType } from '../hsm-type.ts'
import { fortanix } from './fortanix.ts'
import { luna } from './luna.ts'
import { marvellGoogle } from './marvell-google.ts'
import { nshield } from './nshield.ts'
import type { FamilyVerifier } from './verify-attestation.ts'
import { yubihsm2 } from './yubihsm2.ts'
import { yubikey } from './yubikey.ts'

/** One verifier per family. A seventh family adds its line here. */
export const VERIFIERS: Readonly<Record<HsmType, FamilyVerifier>> = {
  YUBIKEY: yubikey,
  YUBIHSM2: yubihsm2,
  LUNA: luna,
  NSHIELD: nshield,
  FORTANIX: fortanix,
  MARVELL_GOOGLE: marvellGoogle,
}
