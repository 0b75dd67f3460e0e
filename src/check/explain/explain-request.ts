import { printName } from '../../asn1/name.ts'
import type { Check } from '../../attestation/contract/attestation-result.ts'
import { embeddedYubikeyAttestation } from '../../attestation/yubikey/embedded.ts'
import { type CertificationRequest, requestHash, verifyCertificationRequest } from '../../csr/certification-request.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import type { CheckRequest } from '../check-attestation.ts'
import { evaluatePolicy } from '../policy/evaluate-policy.ts'
import { policyProfile } from '../policy/policy-profile.ts'
import { explainAttestation } from './explain-attestation.ts'
import { type Explanation, fact, keyText } from './explanation.ts'
import { extensionName } from './extension-names.ts'

/** A request, and the attestation that it may carry. */
export function explainRequest(
  request: CertificationRequest,
  context: Omit<CheckRequest, 'package'>,
  notes: readonly string[] = [],
): Explanation {
  const proven = verifyCertificationRequest(request)
  const attestation = embeddedYubikeyAttestation(request.extensions)
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
    ],
    tree: [],
    says: [
      proven
        ? "The requester holds the private key: the request's self-signature verifies."
        : requestHash(request) === undefined
          ? 'Its signature was not verified: document-signing keys must not use that algorithm.'
          : 'Its signature does NOT verify with its own key: it proves nothing, and every CA will refuse it.',
    ],
    silent: ['where the private key is: only an attestation says that'],
    problems: [
      ...(attestation !== undefined && 'fault' in attestation ? [noAttestation(attestation.fault)] : []),
      ...evaluatePolicy({ spki: request.spki, request }, policy).filter(
        ({ status }) => status === 'fail' || status === 'warn',
      ),
    ],
    notes,
    embedded:
      attestation !== undefined && 'package' in attestation
        ? [
            explainAttestation({ ...context, hsmType: 'YUBIKEY', package: attestation.package, csr: request }, [
              'found inside the request; Sectigo accepts it only as keyAttestation',
            ]),
          ]
        : [],
  }
}

/** A request that was meant to carry an attestation. */
const noAttestation = (fault: string): Check => ({
  id: 'request.attestation',
  group: 'attestation',
  status: 'warn',
  detail: `supposed to contain a YubiKey attestation: ${fault}`,
  remedy: 'Attest the key itself (`yubico-piv-tool -a attest -s 9c`) and pass that as the attestation.',
  source: 'yubico-piv-tool, `-a request --attestation`',
})
