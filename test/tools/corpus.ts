import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCertChains } from '../../src/check/read/chains-input.ts'
import { readEvidence } from '../../src/check/read/evidence-input.ts'
import { EnrollError } from '../../src/errors.ts'
import type { HsmType } from '../../src/hsm-type.ts'
import type { SyntheticEvidence } from '../../src/sandbox/synthetic-evidence.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'
import { builtInTrustAnchors } from '../../src/trust-anchors/trust-anchors.ts'
import { syntheticEvidence as fortanix } from '../evidence/fortanix.ts'
import { syntheticEvidence as luna } from '../evidence/luna.ts'
import { syntheticEvidence as marvellGoogle } from '../evidence/marvell-google.ts'
import { syntheticEvidence as nshield } from '../evidence/nshield.ts'
import { syntheticEvidence as yubihsm2 } from '../evidence/yubihsm2.ts'
import { syntheticEvidence as yubikey } from '../evidence/yubikey.ts'
import { readVectorManifest } from './vector-manifest.ts'

/** What the doubles' issuers make of each family, good and bad. */
export const SYNTHETIC_EVIDENCE: Readonly<Record<HsmType, () => readonly SyntheticEvidence[]>> = {
  YUBIKEY: yubikey,
  YUBIHSM2: yubihsm2,
  LUNA: luna,
  NSHIELD: nshield,
  FORTANIX: fortanix,
  MARVELL_GOOGLE: marvellGoogle,
}

/** One package to start from. */
export interface Specimen {
  readonly name: string
  readonly hsmType: HsmType
  readonly package: Uint8Array
  readonly certChains?: Uint8Array
  readonly trustAnchors: readonly TrustAnchor[]
}

/** Every family's synthetic evidence, and the vectors of a folder where there is one. */
export function readCorpus(vectors: string | undefined): readonly Specimen[] {
  const synthetic = Object.values(SYNTHETIC_EVIDENCE).flatMap((make) => make())
  return [...synthetic, ...(vectors === undefined || !existsSync(vectors) ? [] : readVectors(vectors))]
}

/** The readable rows of a folder, under the built-in anchors. */
export function readVectors(folder: string): readonly Specimen[] {
  return readVectorManifest(folder).flatMap(({ id, hsmType, attestation, certChains }): readonly Specimen[] => {
    try {
      const evidence = readEvidence(readFileSync(join(folder, attestation)))
      const chains =
        certChains === undefined ? evidence.certChains : readCertChains(readFileSync(join(folder, certChains)))
      return [
        {
          name: id,
          hsmType,
          package: evidence.package,
          trustAnchors: builtInTrustAnchors(hsmType),
          ...(chains === undefined ? {} : { certChains: chains }),
        },
      ]
    } catch (error) {
      if (error instanceof EnrollError) return []
      throw error
    }
  })
}
