import { printName } from '../../asn1/name.ts'
import type { Check } from '../../attestation/contract/attestation-result.ts'
import { embeddedYubikeyAttestation } from '../../attestation/yubikey/embedded.ts'
import { type AttestationBundle, readAttestationBundle } from '../../csr/attestation-bundle.ts'
import {
  type CertificationRequest,
  requestHash,
  verifyCertificationRequest,
  whyNotVerified,
} from '../../csr/certification-request.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { evaluatePolicy } from '../policy/evaluate-policy.ts'
import { policyProfile } from '../policy/policy-profile.ts'
import { evidenceInBundle, pkixEvidenceInBundle } from '../read/evidence-in-request.ts'
import { evidenceIn } from '../read/evidence-input.ts'
import { explainAttestation } from './explain-attestation.ts'
import { explainPkixEvidence, pkixContext } from './explain-pkix-evidence.ts'
import { type ExplainContext, type Explanation, fact, keyText } from './explanation.ts'
import { extensionName } from './extension-names.ts'

/** A request, and the attestation that it may carry. */
export function explainRequest(
  request: CertificationRequest,
  context: ExplainContext,
  notes: readonly string[] = [],
): Explanation {
  const proven = verifyCertificationRequest(request)
  const attestation = embeddedYubikeyAttestation(request.extensions)
  const bundle = readAttestationBundle(request.attributes)
  const policy = context.policy ?? policyProfile()
  return {
    kind: 'certificate-request',
    title: 'Certificate request (PKCS#10)',
    facts: [
      fact('subject', printName(request.subject) || '(empty)'),
      fact('key', keyText(request.spki)),
      fact('key SHA-256', sha256Hex(request.spki)),
      fact(
        'signed with',
        requestHash(request) ?? `an algorithm that is not accepted (${request.signatureAlgorithm.oid})`,
      ),
      ...(request.extensions.size === 0
        ? []
        : [fact('extensions', [...request.extensions.keys()].map(extensionName).join(', '))]),
      ...(bundle === undefined || 'fault' in bundle ? [] : [fact('id-aa-attestation', bundleText(bundle))]),
    ],
    tree: [],
    says: [proven ? "The requester holds the private key: the request's self-signature verifies." : unproven(request)],
    silent: ['where the private key is: only an attestation says that'],
    problems: [
      ...(attestation !== undefined && 'fault' in attestation ? [noAttestation(attestation.fault)] : []),
      ...(bundle !== undefined && 'fault' in bundle ? [noBundle(bundle.fault)] : []),
      ...evaluatePolicy({ spki: request.spki, request }, policy).filter(
        ({ status }) => status === 'fail' || status === 'warn',
      ),
    ],
    notes,
    embedded: [
      ...(attestation !== undefined && 'package' in attestation
        ? [
            explainAttestation({ ...context, hsmType: 'YUBIKEY', package: attestation.package, csr: request }, [
              'found inside the request; Sectigo accepts it only as keyAttestation',
            ]),
          ]
        : []),
      ...(bundle === undefined || 'fault' in bundle ? [] : explainBundle(bundle, request, context)),
    ],
  }
}

function unproven(request: CertificationRequest): string {
  switch (whyNotVerified(request)) {
    case 'algorithm':
      return 'Its signature was not verified: document-signing keys must not use that algorithm.'
    case 'key':
      return 'Its signature was not verified: its public key is none that can be read here.'
    case undefined:
      return 'Its signature does NOT verify with its own key: it proves nothing, and every CA will refuse it.'
  }
}

/** The statements that are evidence of a known family; what the others are, only the CA that defined their types can say. */
function explainBundle(
  bundle: AttestationBundle,
  csr: CertificationRequest,
  { pkixEvidence, ...context }: ExplainContext,
): readonly Explanation[] {
  const known = evidenceInBundle(bundle, evidenceIn).map(({ package: package_, certChains, notes }) =>
    explainAttestation(
      { ...context, ...(certChains === undefined ? {} : { certChains }), package: package_, csr },
      notes,
    ),
  )
  if (pkixEvidence !== true) return known
  const by = pkixContext({ ...context, csr })
  return [...known, ...pkixEvidenceInBundle(bundle).map((der) => explainPkixEvidence(der, by, [IN_BUNDLE]))]
}

const IN_BUNDLE = 'extracted from the request (id-aa-attestation)'

function bundleText({ drafts, statements, certificates, otherCertificates }: AttestationBundle): string {
  const types = statements.map(({ type, hint }) =>
    hint === undefined ? type : `${type} (hint "${hint.slice(0, 60)}")`,
  )
  const others = otherCertificates === 0 ? '' : ` and ${otherCertificates} of another format`
  return `as drafts ${drafts} write it: statements ${types.join(', ').slice(0, 400)}; certificates: ${certificates.length}${others}`
}

/** The attribute is there, and nobody who follows the draft of today can read it. */
const noBundle = (fault: string): Check => ({
  id: 'request.attestation',
  group: 'attestation',
  status: 'warn',
  detail: fault,
  remedy: 'Create the request again with one bundle, in the shape of draft -24 or later.',
  source: 'draft-ietf-lamps-csr-attestation',
})

/** A request that was meant to carry an attestation. */
const noAttestation = (fault: string): Check => ({
  id: 'request.attestation',
  group: 'attestation',
  status: 'warn',
  detail: `supposed to contain a YubiKey attestation: ${fault}`,
  remedy: 'Attest the key itself (`yubico-piv-tool -a attest -s 9c`) and pass that as the attestation.',
  source: 'yubico-piv-tool, `-a request --attestation`',
})
