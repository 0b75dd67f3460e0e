import { readFile } from 'node:fs/promises'
import type { AttestationResult } from '../attestation/attestation-result.ts'
import { checkAttestation } from '../attestation/check-attestation.ts'
import type { Configuration } from '../config/configuration.ts'
import { EnrollError } from '../errors.ts'
import { HSM_TYPES, type HsmType } from '../hsm-type.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'
import { builtInTrustAnchors } from '../trust-anchors/trust-anchors.ts'
import { readUserTrustAnchors } from '../trust-anchors/user-trust-anchors.ts'

export interface EvidenceAndTime {
  readonly hsmType?: HsmType
  readonly package: Uint8Array
  readonly csr?: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey?: Uint8Array
  readonly certChains?: Uint8Array
  readonly now: number
}

/** Built-in anchors and the configured ones of the user. */
export async function configuredTrustAnchors(
  configuration: Configuration,
  hsmType?: HsmType,
): Promise<readonly TrustAnchor[]> {
  const anchors = [...builtInTrustAnchors(hsmType)]
  for (const file of configuration.list('trustAnchors')) {
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new EnrollError(
        'trust-anchors.unreadable',
        `Could not read the trust anchors ${file}: ${(cause as Error).message}.`,
        { remedy: 'Check the name and the permissions.', cause },
      )
    })
    anchors.push(...readUserTrustAnchors(text, hsmType === undefined ? HSM_TYPES : [hsmType]))
  }
  return anchors
}

/** `checkAttestation` under the configured anchors and policy. */
export async function checkWith(configuration: Configuration, evidence: EvidenceAndTime): Promise<AttestationResult> {
  const fips = configuration.text('policy.fips')
  const warrants = configuration.text('policy.fieldUpgradeWarrants')
  return checkAttestation({
    ...evidence,
    trustAnchors: await configuredTrustAnchors(configuration, evidence.hsmType),
    policy: {
      profile: configuration.text('policy.profile') === 'code-signing' ? 'code-signing' : 'document-signing',
      ...(fips === 'fail' || fips === 'warn' || fips === 'off' ? { fips } : {}),
    },
    ...(warrants === undefined ? {} : { options: { fieldUpgradeWarrants: warrants } }),
  })
}
