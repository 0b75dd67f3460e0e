import type { AttestationResult } from '../../attestation/contract/attestation-result.ts'
import type { CeremonySummary } from '../ceremony-summary.ts'

/** What a report has to show. */
export interface ShownFacts {
  readonly verdict?: AttestationResult | undefined
  readonly ceremony?: CeremonySummary | undefined
}

export type ClauseState = 'shown' | 'partly' | 'missing' | 'none'

/** A rule that somebody may ask about. `source`: where it is written; `state` never says more than the checks. */
interface Clause {
  readonly rule: string
  readonly asks: string
  readonly state: (facts: ShownFacts) => ClauseState
  readonly by: string
}

const CLOUD: readonly string[] = ['FORTANIX', 'MARVELL_GOOGLE']

const isPassed = (verdict: AttestationResult | undefined, id: string): boolean =>
  verdict?.checks.some((check) => check.id === id && check.status === 'pass') === true

/** Genuine, of the key of the request, generated in the device, and not exportable. */
export const isKeptInHardware = ({ verdict }: ShownFacts): boolean =>
  verdict?.genuine === true &&
  ['binding.key', 'policy.key.generated-on-device', 'policy.key.non-exportable'].every((id) => isPassed(verdict, id)) &&
  !verdict.checks.some(({ id, status }) => id === 'policy.key.recoverable' && status !== 'pass')

/** Under a root that the operator added, it is the operator's word that the root is the vendor's. */
const attested = (facts: ShownFacts): ClauseState =>
  !isKeptInHardware(facts) ? 'missing' : facts.verdict?.trustAnchor?.origin === 'built-in' ? 'shown' : 'partly'

/** By people, to its end. A rehearsal whose answers came from a file shows nothing. */
export const isWitnessed = ({ ceremony }: ShownFacts): boolean =>
  ceremony?.ended === true && !ceremony.unattended && ceremony.people.some(({ role }) => /witness|auditor/.test(role))

/** Somebody who watched stated a qualification. */
export const hasAuditor = (facts: ShownFacts): boolean =>
  isWitnessed(facts) &&
  facts.ceremony?.people.some(
    ({ role, qualification }) => /witness|auditor/.test(role) && qualification !== undefined,
  ) === true

/** Sources: CA/Browser Forum, Code Signing Baseline Requirements 3.10; ETSI EN 319 411-1; practice of CAs, as they publish it. */
// biome-ignore format: a table
export const CLAUSES: readonly Clause[] = [
  { rule: 'CSBR 3.10, 6.2.7.4.2 (2)', asks: 'key attestation: the key is in a suitable hardware module', state: attested, by: 'the attestation, verified: see the checks; in part where its root was added by the operator' },
  { rule: 'CSBR 3.10, 6.2.7.4.2 (5)', asks: 'report of a cloud subscription, with the protection of its resources', state: ({ verdict }) => (verdict === undefined || !CLOUD.includes(verdict.hsmType) ? 'none' : 'missing'), by: 'the provider’s own report: attach it' },
  { rule: 'CSBR 3.10, 6.2.7.4.2 (6)', asks: 'an auditor witnessed the generation', state: (facts) => (hasAuditor(facts) ? 'partly' : 'missing'), by: 'the log of the ceremony; the auditor’s signature is still needed, in the bundle or below' },
  { rule: 'ETSI EN 319 411-1, 6.5.1', asks: 'key generation by a documented procedure, in trusted roles, recorded', state: (facts) => (isWitnessed(facts) ? 'partly' : 'missing'), by: 'script by its hash, roles, ticks, digressions; whether the roles are trusted is the organization’s to say' },
  { rule: 'Own auditor (BYOA)', asks: 'name, qualification, statement and signature of the auditor', state: (facts) => (hasAuditor(facts) ? 'partly' : 'missing'), by: 'name and qualification as stated; statement and signature below' },
  { rule: 'HSM letter', asks: 'the applicant states that the key is in hardware that does not let it out', state: (facts) => (isKeptInHardware(facts) ? 'partly' : 'missing'), by: 'letters/hsm-letter: each sentence has its check; it is to be signed' },
]
