import type { Certificate } from '../asn1/certificate.ts'
import { sameBytes } from '../asn1/octets.ts'
import type { Advisory, AttestationResult } from '../attestation/contract/attestation-result.ts'
import { CheckList, type Rule, rule } from '../attestation/contract/check-list.ts'
import { EvidenceError } from '../attestation/contract/evidence-error.ts'
import type { FamilyOptions, FamilyVerdict, VerificationContext } from '../attestation/contract/verify-attestation.ts'
import type { Writable } from '../attestation/contract/writable.ts'
import { possibleFamilies, recogniseFamily } from '../attestation/recognise-family.ts'
import { VERIFIERS } from '../attestation/verifiers.ts'
import { type CertificationRequest, verifyCertificationRequest, whyNotVerified } from '../csr/certification-request.ts'
import type { HsmType } from '../hsm-type.ts'
import { isoDay } from '../iso-day.ts'
import { builtInKnowledge } from '../knowledge/built-in-knowledge.ts'
import type { Knowledge } from '../knowledge/knowledge.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'
import { evidenceCertificates } from './evidence-certificates.ts'
import { knownOn } from './known-on.ts'
import { otherToolsNotes } from './oddities.ts'
import { evaluatePolicy } from './policy/evaluate-policy.ts'
import { plausibilityChecks } from './policy/plausibility.ts'
import { type PolicyProfile, policyProfile } from './policy/policy-profile.ts'

/** What is to be judged, and by what. */
export interface CheckRequest {
  /** Recognised from the package where it is absent. */
  readonly hsmType?: HsmType
  /** As the CA wants it, before base64; `readEvidence` makes it from what people have. */
  readonly package: Uint8Array
  /** Certificates that travel beside the package, PEM or DER one after another: Google's chains. */
  readonly certChains?: Uint8Array
  /** What the key is called where it lives; compared by the families whose evidence names its key. */
  readonly keyName?: string
  /** Binds: its key must be the attested one, and its signature verify. */
  readonly csr?: CertificationRequest
  /** SubjectPublicKeyInfo, DER: binds where there is no request. */
  readonly publicKey?: Uint8Array
  /** Built-in anchors and the user's own. */
  readonly trustAnchors: readonly TrustAnchor[]
  /** Milliseconds since 1970. */
  readonly now: number
  /** The day for which certifications, advisories and rules of CAs are asked, YYYY-MM-DD. Default: the day of `now`, in UTC. */
  readonly on?: string
  /** Default: what hsm-enroll comes with. */
  readonly knowledge?: Knowledge
  /** Default: document-signing. */
  readonly policy?: PolicyProfile
  readonly options?: FamilyOptions
  /** What was undone to read the files, for the result. */
  readonly notes?: readonly string[]
}

const BINDING = {
  key: rule('binding.key', 'Sectigo guides: the request must be that of the attested key; RFC 2986'),
  signature: rule('binding.signature', 'RFC 2986 3: proof of possession'),
} as const satisfies Readonly<Record<string, Rule>>

/**
 * The whole local judgement: is the evidence genuine, does it belong to this request or key, would we order with it. Pure and
 * synchronous. The steps and their sources: docs/evidence.md.
 *
 * @param request - The package (`readEvidence` makes it from what people have), the anchors, the time in milliseconds since 1970, and what it must belong to.
 * @returns The verdict as data, whatever it is: what can be read is judged.
 * @throws EnrollError `evidence.unreadable` for input that is not an attestation, or that of another family than `hsmType` says.
 * @example
 * ```ts
 * const { package: package_ } = readEvidence(readFileSync('attestation.pem'))
 * const csr = readCertificationRequest(readFileSync('request.csr'))
 * const result = checkAttestation({ package: package_, csr, trustAnchors: builtInTrustAnchors(), now: Date.now() })
 * if (!result.acceptable) console.log(result.checks.filter(({ status }) => status === 'fail'))
 * ```
 */
export function checkAttestation(request: CheckRequest): AttestationResult {
  const hsmType = request.hsmType ?? recogniseFamily(request.package)
  let certificates: readonly Certificate[] | undefined
  const verdict = verifyEvidence(hsmType, request, (read) => {
    certificates = read
  })
  const { spki, publicKey, genuine, attestedKey, claims, trustAnchor, chain } = verdict
  const profile = request.policy ?? DEFAULT_POLICY
  const { on = isoDay(request.now), knowledge = builtInKnowledge() } = request
  certificates ??= evidenceCertificates(hsmType, request.package, request.certChains)
  const { device, advisories } = knownOn(verdict, certificates, on, knowledge, profile.inferences === 'ignore')
  const binding = new CheckList()
  bind(spki, request, binding)
  const policy = evaluatePolicy(
    {
      spki: spki ?? request.csr?.spki ?? request.publicKey,
      publicKey,
      request: request.csr,
      evidence: { genuine, device, claims, advisories },
      packageLength: request.package.length,
    },
    profile,
  )
  const notes = (request.notes ?? []).concat(genuine ? otherToolsNotes(hsmType, certificates) : [])
  const checks = verdict.checks.concat(binding.checks, policy, plausibilityChecks(verdict, certificates))
  // Absent members are absent, in this order, and set one by one: batches make many.
  const acceptable = genuine && checks.every(({ status }) => status !== 'fail')
  const result = { hsmType, genuine, acceptable } as Writable<AttestationResult>
  if (attestedKey !== undefined) result.attestedKey = attestedKey
  result.device = device
  result.claims = claims
  if (trustAnchor !== undefined) result.trustAnchor = trustAnchor
  result.chain = chain
  result.checks = checks
  if (notes.length > 0) result.notes = notes
  result.advisories = advisories.map(withoutRemedy)
  result.knowledge = { on, issued: knowledge.issued, serial: knowledge.serial, origin: knowledge.origin }
  return result
}

/** The remedy is that of the rule. Member by member: to leave one out of the rest costs ten times as much. */
const withoutRemedy = ({ id, name, references, affects, proves, source, checked }: Advisory): Advisory => ({
  id,
  name,
  references,
  affects,
  proves,
  source,
  checked,
})

const DEFAULT_POLICY = policyProfile()

/** Whose it is instead is asked only of what is not genuine: a batch of good packages is not read twice. */
function verifyEvidence(
  hsmType: HsmType,
  request: CheckRequest,
  onCertificates: NonNullable<VerificationContext['onCertificates']>,
): FamilyVerdict {
  let verdict: FamilyVerdict
  try {
    verdict = VERIFIERS[hsmType].verify(request.package, {
      trustAnchors: request.trustAnchors,
      now: request.now,
      certChains: request.certChains,
      keyName: request.keyName,
      options: request.options,
      onCertificates,
    })
  } catch (error) {
    refuseOtherFamily(hsmType, request.package)
    throw error
  }
  if (!verdict.genuine) refuseOtherFamily(hsmType, request.package)
  return verdict
}

/** A package of another family is no evidence of the named one at all: say whose it is. */
function refuseOtherFamily(hsmType: HsmType, package_: Uint8Array): void {
  if (VERIFIERS[hsmType].recognises(package_)) return
  const [other] = possibleFamilies(package_)
  if (other === undefined) return
  throw new EvidenceError(
    `Could not read this as ${hsmType} evidence: it is ${other} evidence.`,
    `Use --hsm-type ${other}, or pass the attestation of the ${hsmType} device.`,
  )
}

function bind(spki: Uint8Array | undefined, { csr, publicKey }: CheckRequest, checks: CheckList): void {
  if (csr !== undefined) {
    const proven = verifyCertificationRequest(csr)
    const [detail, remedy] = proven ? ['', ''] : unproven(csr)
    checks.require(BINDING.signature, proven, 'the request is signed by its own key', detail, remedy)
    bindKey(spki, csr.spki, "the request's key", checks)
  }
  if (publicKey !== undefined) bindKey(spki, publicKey, 'the given public key', checks)
  if (csr === undefined && publicKey === undefined) {
    checks.notApplicable(BINDING.key, 'neither a request nor a public key was given')
  }
}

/** What is wrong with the signature of a request, and what to do. */
function unproven(csr: CertificationRequest): readonly [string, string] {
  switch (whyNotVerified(csr)) {
    case 'algorithm':
      return [
        `the request is signed with an algorithm (${csr.signatureAlgorithm.oid}) that document-signing keys must not use, so its signature was not verified`,
        'Create the request again with RSA PKCS#1 v1.5 or ECDSA, and SHA-256, SHA-384 or SHA-512.',
      ]
    case 'key':
      return [
        "the request's public key is none that can be read here, so its signature was not verified",
        'Create the request again with a key of type RSA, P-256 or P-384, its point uncompressed.',
      ]
    case undefined:
      return [
        "the request's signature does not verify with its own key",
        'Create the request again on the device, and do not edit it.',
      ]
  }
}

function bindKey(attested: Uint8Array | undefined, key: Uint8Array, what: string, checks: CheckList): void {
  checks.require(
    BINDING.key,
    attested !== undefined && sameBytes(attested, key),
    `the attested key is ${what}`,
    attested === undefined
      ? `the evidence contains no key to compare with ${what}`
      : `the attested key is not ${what}: the attestation is for another slot, object or version, or the key was generated again after the request`,
    'Attest the slot, object or version that signed the request, or create the request again with the attested key.',
  )
}
