/**
 * HSM type LUNA: a public key confirmation. Its existence is the claim: a Luna issues one only for a private key that it made
 * and that cannot leave Luna hardware; nothing in it speaks of single attributes. Walked by place, since generic path
 * engines refuse both of Thales's samples.
 */
import { type Certificate, certificateFromNode } from '../../asn1/certificate.ts'
import type { DerNode } from '../../asn1/der.ts'
import { DerError } from '../../asn1/der-error.ts'
import { writePkcs7 } from '../../asn1/pkcs7.ts'
import { readablePublicKey } from '../../asn1/public-key.ts'
import { parseIssuerCertificate } from '../certificates/certificate-chain.ts'
import { checkValidity } from '../certificates/certificate-validity.ts'
import { CheckList } from '../contract/check-list.ts'
import type { FamilyVerdict, FamilyVerifier, VerificationContext } from '../contract/verify-attestation.ts'
import { familyVerdict } from '../verdict.ts'
import { checkLunaChain } from './chain.ts'
import { isOfThales, looksLikeConfirmation, readConfirmation } from './confirmation.ts'
import { readLunaFacts } from './facts.ts'
import { checkConstraints, checkForm, checkRoles } from './profile.ts'
import { LUNA_RULES as RULE } from './rules.ts'
import { LUNA_WORDS } from './words.ts'

const REQUIRED = Object.values(RULE)

/** Thales's RSA sample writes `critical FALSE` out in leaf, device authentication and hardware origin certificate. */
const DEVIATIONS = { explicitCriticalFalse: true } as const

export const luna: FamilyVerifier = {
  hsmType: 'LUNA',
  recognises: looksLikeConfirmation,
  verify,
  words: LUNA_WORDS,
  packageFile: 'attestation.p7b',
  packageForms: ['der', 'pem'],
  uses: [],
  ofCertificates: (ders) => (ders.some(isOfThales) ? writePkcs7(ders) : undefined),
}

function verify(package_: Uint8Array, context: VerificationContext): FamilyVerdict {
  const nodes = readConfirmation(package_)
  const checks = new CheckList()
  const found = parse(nodes, checks)
  const [first] = found
  if (first === undefined) return verdict(checks)
  const form = checkForm(found, readablePublicKey(first.spki)?.type ?? 'other', checks)
  if (form === undefined) return verdict(checks, found)
  const certificates = checkRoles(found, form, checks)
  checkConstraints(certificates, form, checks)
  const anchor = checkLunaChain(certificates, form, context, checks)
  checkValidity(
    RULE.validity,
    certificates.slice(0, form.roles.length),
    anchor === undefined ? [] : [anchor],
    context.now,
    'Check the clock of this computer; if it is right, ask Thales for new certificates for the HSM.',
    checks,
  )
  return verdict(checks, certificates, anchor)
}

function parse(nodes: readonly DerNode[], checks: CheckList): readonly Certificate[] {
  try {
    const certificates = nodes.map((node, index) =>
      index === 0 ? certificateFromNode(node, DEVIATIONS) : parseIssuerCertificate(node.bytes, DEVIATIONS),
    )
    checks.pass(RULE.format, `${certificates.length} certificates in DER`)
    return certificates
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    checks.fail(RULE.format, `A certificate is malformed. ${error.message}`, error.remedy)
    return []
  }
}

type Anchor = ReturnType<typeof checkLunaChain>

function verdict(checks: CheckList, certificates: readonly Certificate[] = [], anchor?: Anchor): FamilyVerdict {
  const [leaf] = certificates
  const { device, claims } = readLunaFacts(certificates, checks)
  return familyVerdict({
    hsmType: 'LUNA',
    checks,
    required: REQUIRED,
    device,
    claims,
    spki: leaf?.spki,
    trustAnchor: anchor,
    chain: certificates,
  })
}
