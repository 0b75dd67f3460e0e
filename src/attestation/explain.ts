/** Explains whatever a person has at hand: one of the six packages, a request, a certificate, a PKCS#7. */
import { type Certificate, parseCertificate } from '../asn1/certificate.ts'
import { decodeText } from '../asn1/decode-text.ts'
import { contextTag, readDer, readOid, TAG } from '../asn1/der.ts'
import { DerError } from '../asn1/der-error.ts'
import { printName } from '../asn1/name.ts'
import { describePublicKey, parsePublicKey } from '../asn1/public-key.ts'
import {
  type CertificationRequest,
  readCertificationRequest,
  requestHash,
  verifyCertificationRequest,
} from '../csr/certification-request.ts'
import { evaluatePolicy } from '../policy/evaluate-policy.ts'
import { policyProfile } from '../policy/policy-profile.ts'
import type { Check } from './attestation-result.ts'
import { basicConstraintsOf } from './basic-constraints.ts'
import { selfIssued, sha256Hex, signedBy } from './certificate-chain.ts'
import { readCertificatePackage } from './certificate-package.ts'
import type { CheckRequest } from './check-attestation.ts'
import { embeddedYubikeyAttestation } from './embedded-attestation.ts'
import { EvidenceError } from './evidence-error.ts'
import { readEvidence } from './evidence-input.ts'
import { explainAttestation } from './explain-attestation.ts'
import type { ExplainedFact, ExplainedNode, Explanation } from './explanation.ts'
import { extensionName } from './extension-names.ts'
import { possibleFamilies } from './recognise-family.ts'

/** What the judgement leans on; the same members as for `checkAttestation`. */
export type ExplainContext = Omit<CheckRequest, 'package'>

/** Throws EvidenceError or DerError where the file is none of what can be explained. */
export function explain(file: Uint8Array, context: ExplainContext): Explanation {
  const request = readRequest(file)
  if (request !== undefined) {
    const explained = explainRequest(request, context)
    const beside = attestationBeside(file, { ...context, csr: request })
    return beside === undefined ? explained : { ...explained, embedded: [...explained.embedded, beside] }
  }
  const evidence = readEvidence(file)
  const { certChains } = evidence
  const families = context.hsmType === undefined ? possibleFamilies(evidence.package) : [context.hsmType]
  if (families.length > 0) {
    const chains = context.certChains ?? certChains
    const withChains = chains === undefined ? {} : { certChains: chains }
    return explainAttestation({ ...context, ...withChains, package: evidence.package }, evidence.notes)
  }
  const pkcs7 = certificatesOfPkcs7(evidence.package)
  const ders = pkcs7 ?? readCertificatePackage(evidence.package)
  return explainCertificates(ders.map(readCertificate), pkcs7 === undefined ? undefined : 'pkcs7', evidence.notes)
}

/** The attestation that stands in one PEM file with its request. */
function attestationBeside(file: Uint8Array, context: ExplainContext): Explanation | undefined {
  if (decodeText(file)?.text.includes('-----BEGIN CERTIFICATE-----') !== true) return undefined
  const { package: package_ } = readEvidence(file)
  if (possibleFamilies(package_).length !== 1) return undefined
  return explainAttestation({ ...context, package: package_ }, ['stands in the same file as the request'])
}

function readCertificate(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der, { explicitCriticalFalse: true })
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw new EvidenceError(
      `Could not read a certificate in the file: ${error.message}`,
      'Export the file again, and do not edit it.',
      error,
    )
  }
}

/** Undefined where the file is not meant to be a request. */
function readRequest(file: Uint8Array): CertificationRequest | undefined {
  if (decodeText(file)?.text.includes('CERTIFICATE REQUEST-----')) return readCertificationRequest(file)
  try {
    return readCertificationRequest(file)
  } catch {
    // Not a request in DER or base64 either; then it is something else, and read as that.
    return undefined
  }
}

const fact = (label: string, value: string): ExplainedFact => ({ label, value })

function keyText(spki: Uint8Array): string {
  try {
    return describePublicKey(parsePublicKey(spki))
  } catch (error) {
    if (error instanceof DerError) return 'a public key that cannot be read'
    throw error
  }
}

function explainRequest(request: CertificationRequest, context: ExplainContext): Explanation {
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
        ? 'Whoever made it holds the private key: its signature verifies under its own key.'
        : 'Its signature does NOT verify under its own key: it proves nothing, and every CA will refuse it.',
    ],
    silent: ['where the private key lives: only an attestation says that'],
    problems: [
      ...(attestation !== undefined && 'fault' in attestation ? [noAttestation(attestation.fault)] : []),
      ...evaluatePolicy({ spki: request.spki, request }, policy).filter(
        ({ status }) => status === 'fail' || status === 'warn',
      ),
    ],
    notes: [],
    embedded:
      attestation !== undefined && 'package' in attestation
        ? [
            explainAttestation({ ...context, hsmType: 'YUBIKEY', package: attestation.package, csr: request }, [
              'found inside the request; Sectigo takes it as keyAttestation only',
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
  detail: `meant to carry a YubiKey attestation: ${fault}`,
  remedy: 'Attest the key itself (`yubico-piv-tool -a attest -s 9c`) and give that as the attestation.',
  source: 'yubico-piv-tool, `-a request --attestation`',
})

function explainCertificates(
  certificates: readonly Certificate[],
  container: 'pkcs7' | undefined,
  notes: readonly string[],
): Explanation {
  const [only] = certificates
  const single = certificates.length === 1 && only !== undefined
  const { tree, cutShort } = single ? { tree: [], cutShort: false } : trees(certificates)
  return {
    kind: container ?? (single ? 'certificate' : 'certificates'),
    title:
      container === 'pkcs7'
        ? `PKCS#7 with ${certificates.length} certificates`
        : single
          ? 'Certificate (X.509)'
          : `${certificates.length} certificates (X.509)`,
    facts: single ? certificateFacts(only) : [],
    tree,
    says: [],
    silent: ['where the private key lives: only an attestation says that'],
    problems: [],
    notes: cutShort ? [...notes, CUT_SHORT] : notes,
    embedded: [],
  }
}

function certificateFacts(certificate: Certificate): readonly ExplainedFact[] {
  const constraints = basicConstraintsOf(certificate)
  return [
    fact('subject', printName(certificate.subject) || '(empty)'),
    fact('issuer', selfIssued(certificate) ? 'itself' : printName(certificate.issuer)),
    fact('serial', Buffer.from(certificate.serialNumber).toString('hex')),
    fact('from', new Date(certificate.notBefore).toISOString()),
    fact('until', new Date(certificate.notAfter).toISOString()),
    fact('key', keyText(certificate.spki)),
    fact('CA', constraints !== undefined && constraints !== 'malformed' && constraints.ca ? 'yes' : 'no'),
    fact('key SHA-256', sha256Hex(certificate.spki)),
    fact('SHA-256', sha256Hex(certificate.der)),
  ]
}

const BOTH = { sha1: true, rsaParametersAbsent: true } as const
/**
 * A crowd of certificates with one name would need hundreds of signatures. ECDSA takes up to 3 ms (P-521), RSA a tenth or less: Yubico's
 * published intermediates are 15 certificates in one file, with 13 RSA signatures.
 */
const SIGNATURE_BUDGET = 16
const signaturePrice = ({ signatureAlgorithm }: Certificate): number =>
  signatureAlgorithm.oid.startsWith('1.2.840.113549.1.1.') ? 1 : 2

const CUT_SHORT =
  'too many certificates with the same names to verify them all: some stand at the top that have their issuer in the file; give fewer at a time'

interface Trees {
  readonly tree: readonly ExplainedNode[]
  /** The budget ended before every issuer was looked for. */
  readonly cutShort: boolean
}

/** Puts issuer above issued by name and signature; whatever has no issuer in the file is a root of its own. */
function trees(certificates: readonly Certificate[]): Trees {
  let budget = SIGNATURE_BUDGET
  const affords = (certificate: Certificate): boolean => {
    budget -= signaturePrice(certificate)
    return budget >= 0
  }
  const parents = new Map<Certificate, Certificate | undefined>()
  for (const certificate of certificates) {
    parents.set(
      certificate,
      certificates.find(
        (issuer) =>
          !descends(issuer, certificate, parents) &&
          Buffer.compare(certificate.issuer, issuer.subject) === 0 &&
          affords(certificate) &&
          signedBy(certificate, issuer.spki, BOTH),
      ),
    )
  }
  const node = (certificate: Certificate): ExplainedNode => ({
    name: printName(certificate.subject) || '(empty name)',
    facts: [
      fact('until', new Date(certificate.notAfter).toISOString().slice(0, 10)),
      fact('key', keyText(certificate.spki)),
      fact('SHA-256', sha256Hex(certificate.der)),
    ],
    children: certificates.filter((child) => parents.get(child) === certificate).map(node),
  })
  const tops = certificates.filter((certificate) => parents.get(certificate) === undefined)
  return { tree: tops.map(node), cutShort: budget < 0 }
}

/** Is `candidate` the certificate itself, or below it already? Then it may not stand above it: bundles must not make a loop. */
function descends(
  candidate: Certificate,
  certificate: Certificate,
  parents: ReadonlyMap<Certificate, Certificate | undefined>,
): boolean {
  for (let at: Certificate | undefined = candidate; at !== undefined; at = parents.get(at)) {
    if (at === certificate) return true
  }
  return false
}

/** The certificates of a signedData, in their order; undefined where the bytes are no PKCS#7. */
function certificatesOfPkcs7(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  if (bytes[0] !== TAG.sequence) return undefined
  const contentInfo = readDer(bytes)
  const [type, content] = contentInfo.children
  if (type?.tag !== TAG.oid || readOid(type) !== '1.2.840.113549.1.7.2') return undefined
  const signedData = content?.children[0]
  const certificates = signedData?.children.find(({ tag }) => tag === contextTag(0))
  return certificates?.children.slice(0, 32).map((node) => node.bytes) ?? []
}
