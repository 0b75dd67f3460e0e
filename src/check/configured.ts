import type { AttestationResult } from '../attestation/contract/attestation-result.ts'
import { EnrollError } from '../errors.ts'
import { HSM_TYPES, type HsmType } from '../hsm-type.ts'
import { builtInKnowledge } from '../knowledge/built-in-knowledge.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'
import { builtInTrustAnchors } from '../trust-anchors/trust-anchors.ts'
import { type CheckRequest, checkAttestation } from './check-attestation.ts'
import { configuredPolicy } from './policy/configured-policy.ts'
import { readRequest } from './read/request-input.ts'
import { readUserTrustAnchors } from './read/trust-anchors-input.ts'

/** What a check reads of a configuration; `Configuration` is one. */
export interface CheckSettings {
  text(path: string): string | undefined
  list(path: string): readonly string[]
}

/** Reads a file that the settings specify, whole and bounded. */
export type ReadFile = (file: string) => Promise<Uint8Array>

/** A CheckRequest whose anchors, policy and switches come from a configuration. */
export interface EvidenceToCheck extends Omit<CheckRequest, 'csr' | 'trustAnchors' | 'policy' | 'options'> {
  /** PKCS#10, PEM or DER. */
  readonly csr?: Uint8Array
  /** Those of the configuration for the family, where they were read before (`configuredTrustAnchors`). */
  readonly trustAnchors?: readonly TrustAnchor[]
}

/** Built-in anchors and the user's own. Throws EnrollError `trust-anchors.unreadable`. */
export async function configuredTrustAnchors(
  settings: CheckSettings,
  readFile: ReadFile,
  hsmType?: HsmType,
): Promise<readonly TrustAnchor[]> {
  const anchors = [...builtInTrustAnchors(hsmType)]
  for (const file of settings.list('trustAnchors')) {
    anchors.push(...anchorsInFile(file, await readFile(file), hsmType === undefined ? HSM_TYPES : [hsmType]))
  }
  return anchors
}

/** Every error names the file: there may be several, and a configuration file may have named them. */
export function anchorsInFile(file: string, content: Uint8Array, hsmTypes: readonly HsmType[]): readonly TrustAnchor[] {
  try {
    return readUserTrustAnchors(content, hsmTypes)
  } catch (cause) {
    if (!(cause instanceof EnrollError) || cause.code === 'input.private-key') throw cause
    const why = cause.message.replace(/^Could not read (?:the trust anchors|[^:]*): /, '')
    throw new EnrollError('trust-anchors.unreadable', `Could not read the trust anchors ${file}: ${why}`, {
      remedy: cause.remedy,
      cause,
    })
  }
}

/** What `checkAttestation` and `explain` need beside the file: anchors, policy, switches. */
export async function checkContext(
  settings: CheckSettings,
  evidence: Omit<EvidenceToCheck, 'package'>,
  readFile: ReadFile,
): Promise<Omit<CheckRequest, 'package'>> {
  const { csr, notes = [], ...rest } = evidence
  const read = csr && readRequest(csr)
  return {
    ...rest,
    csr: read?.request,
    notes: [...notes, ...(read?.notes ?? []).map((note) => `request: ${note}`)],
    trustAnchors: evidence.trustAnchors ?? (await configuredTrustAnchors(settings, readFile, evidence.hsmType)),
    policy: configuredPolicy(settings, evidence.knowledge ?? builtInKnowledge()),
    options: { fieldUpgradeWarrants: settings.text('policy.fieldUpgradeWarrants') },
  }
}

/**
 * `checkAttestation` under the anchors and the policy of a configuration.
 *
 * @param settings - What `loadConfiguration` read, or anything that answers by path: `policy.…`, `expect.…`, `trustAnchors`.
 * @param evidence - As for `checkAttestation`; the request as bytes.
 * @param readFile - Reads the files of `trustAnchors`.
 * @throws EnrollError `trust-anchors.unreadable`, `config.value`, and what `checkAttestation` and `readCertificationRequest` throw.
 * @example
 * ```ts
 * const settings = { text: (path: string) => (path === 'policy.fips' ? 'warn' : undefined), list: () => [] }
 * const { package: package_ } = readEvidence(readFileSync('attestation.pem'))
 * const result = await checkUnder(settings, { package: package_, now: Date.now() }, readFile)
 * ```
 */
export async function checkUnder(
  settings: CheckSettings,
  evidence: EvidenceToCheck,
  readFile: ReadFile,
): Promise<AttestationResult> {
  return checkAttestation({ ...(await checkContext(settings, evidence, readFile)), package: evidence.package })
}
