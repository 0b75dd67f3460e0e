import type { AttestationResult } from '../attestation/contract/attestation-result.ts'
import { checkAttestation } from '../check/check-attestation.ts'
import { type PolicyProfile, policyProfile, type Severity } from '../check/policy/policy-profile.ts'
import type { Configuration } from '../config/configuration.ts'
import { readCertificationRequest } from '../csr/certification-request.ts'
import { EnrollError } from '../errors.ts'
import { HSM_TYPES, type HsmType } from '../hsm-type.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'
import { builtInTrustAnchors } from '../trust-anchors/trust-anchors.ts'
import { readUserTrustAnchors } from '../trust-anchors/user-trust-anchors.ts'
import { readInput } from './read-input.ts'

export interface EvidenceAndTime {
  readonly hsmType?: HsmType
  readonly package: Uint8Array
  readonly csr?: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey?: Uint8Array
  readonly certChains?: Uint8Array
  /** What the key is called where it lives: compared by the families whose evidence names its key. */
  readonly keyName?: string
  readonly now: number
}

/** Built-in anchors and the configured ones of the user. */
export async function configuredTrustAnchors(
  configuration: Configuration,
  hsmType?: HsmType,
): Promise<readonly TrustAnchor[]> {
  const anchors = [...builtInTrustAnchors(hsmType)]
  for (const file of configuration.list('trustAnchors')) {
    anchors.push(...(await readAnchorFile(file, hsmType === undefined ? HSM_TYPES : [hsmType])))
  }
  return anchors
}

/** Every error names the file: there may be several, and a configuration file may have named them. */
async function readAnchorFile(file: string, hsmTypes: readonly HsmType[]): Promise<readonly TrustAnchor[]> {
  try {
    return readUserTrustAnchors(await readInput(file), hsmTypes)
  } catch (cause) {
    if (!(cause instanceof EnrollError)) throw cause
    const why = cause.message.replace(/^Could not read (?:the trust anchors|[^:]*): /, '')
    throw new EnrollError('trust-anchors.unreadable', `Could not read the trust anchors ${file}: ${why}`, {
      remedy: cause.remedy,
      cause,
    })
  }
}

/** What `checkAttestation` and `explain` need beside the file: anchors, policy, switches. */
export async function checkContext(configuration: Configuration, evidence: Omit<EvidenceAndTime, 'package'>) {
  const warrants = configuration.text('policy.fieldUpgradeWarrants')
  const { csr, keyName, ...rest } = evidence
  const options = {
    ...(warrants === undefined ? {} : { fieldUpgradeWarrants: warrants }),
    ...(keyName === undefined ? {} : { versionName: keyName, keyUuid: keyName }),
  }
  return {
    ...rest,
    ...(csr === undefined ? {} : { csr: readCertificationRequest(csr) }),
    trustAnchors: await configuredTrustAnchors(configuration, evidence.hsmType),
    policy: configuredPolicy(configuration),
    options,
  }
}

/** `checkAttestation` under the configured anchors and policy. */
export async function checkWith(configuration: Configuration, evidence: EvidenceAndTime): Promise<AttestationResult> {
  return checkAttestation({ ...(await checkContext(configuration, evidence)), package: evidence.package })
}

function configuredPolicy(configuration: Configuration): PolicyProfile {
  const severity = (rule: 'fips' | 'fipsUnknown' | 'recoverable'): Partial<Record<typeof rule, Severity>> => {
    const text = configuration.text(`policy.${rule}`)
    return text === 'refuse' || text === 'warn' || text === 'off' ? { [rule]: text } : {}
  }
  const name = configuration.text('policy.profile') === 'code-signing' ? 'code-signing' : 'document-signing'
  return policyProfile(name, { ...severity('fips'), ...severity('fipsUnknown'), ...severity('recoverable') })
}
