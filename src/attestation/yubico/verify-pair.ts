import type { Certificate } from '../../asn1/certificate.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { type AnchorKey, anchorsFor } from '../certificates/anchor-keys.ts'
import { namesIssuer, type SignedByOptions, signedBy } from '../certificates/certificate-chain.ts'
import { type CertificatePath, walkToAnchor } from '../certificates/walk-to-anchor.ts'
import type { AttestedDevice, KeyClaims } from '../contract/attestation-result.ts'
import { type Cause, CheckList, type Rule } from '../contract/check-list.ts'
import type { FamilyVerdict, FamilyVerifier, VerificationContext } from '../contract/verify-attestation.ts'
import { familyVerdict } from '../verdict.ts'
import { assignRoles, type Roles, type RoleWords } from './assign-roles.ts'
import { anyHas, checkDates, checkExtensions, checkStrangers, faultBetween, parsePackage } from './two-certificates.ts'

/** A leaf that the device made for a key, and the certificate of the device's key that signed it: all that two families differ in. */
export interface PairFamily extends RoleWords {
  readonly hsmType: FamilyVerdict['hsmType']
  /** Every rule of the family must be applied; these are by what both share. */
  readonly rules: Readonly<Record<'format' | 'package' | 'extensions' | 'leafSignature' | 'chain' | 'dates', Rule>>
  /** Whatever it is named, it holds the extensions of a leaf. */
  readonly hasLeafExtensions: (certificate: Certificate) => boolean
  readonly exportAgain: string
  /** The signer's certificate is here, and no leaf. */
  readonly leafMissing: string
  readonly signedBySigner: string
  /** What the vendor's certificates of this kind may do otherwise. One object: walks are remembered with it. */
  readonly deviations: SignedByOptions
  /** What the leaf says of the key and of the device. */
  readonly checkLeaf: (
    leaf: Certificate,
    signer: Certificate | undefined,
    checks: CheckList,
  ) => { readonly device: AttestedDevice; readonly claims: KeyClaims }
  readonly checkSigner: (signer: Certificate, leaf: Certificate, checks: CheckList) => void
  /** Why the leaf does not belong to the signer's certificate beside it. */
  readonly leafSignatureCause: (leaf: Certificate, signer: Certificate) => Cause
  /** Why the signer's certificate reaches no anchor; `top` is where the chain ends. */
  readonly chainCause: (signer: Certificate, top: Certificate, anchors: readonly AnchorKey[]) => Cause
  /** Why a CA certificate between the signer's and a built-in anchor is refused, if it is: Yubico's newer root vouches for other products too. */
  readonly intermediateCause: (intermediate: Certificate, anchor: TrustAnchor) => Cause | undefined
  readonly leadsTo: string
}

/** The verifier of a family whose evidence is such a pair with, at most, the CA certificates above. */
export function pairVerifier(family: PairFamily): Pick<FamilyVerifier, 'hsmType' | 'recognises' | 'verify'> {
  const { hsmType, isLeaf, isSigner, hasLeafExtensions } = family
  const required = Object.values(family.rules)
  return {
    hsmType,
    recognises: (package_) => anyHas(package_, (each) => isLeaf(each) || isSigner(each) || hasLeafExtensions(each)),
    verify: (package_, context) => verify(family, required, package_, context),
  }
}

function verify(
  family: PairFamily,
  required: readonly Rule[],
  package_: Uint8Array,
  context: VerificationContext,
): FamilyVerdict {
  const { hsmType, rules, exportAgain } = family
  const checks = new CheckList()
  const certificates = parsePackage(package_, rules.format, checks, exportAgain)
  if (certificates.length > 0) context.onCertificates?.(certificates)
  const [first] = certificates
  const isLeaf = (certificate: Certificate): boolean =>
    family.isLeaf(certificate) || (!family.isSigner(certificate) && family.hasLeafExtensions(certificate))
  const signerAlone = first !== undefined && family.isSigner(first) && !certificates.some(isLeaf)
  if (signerAlone) checks.fail(rules.package, family.leafMissing, exportAgain)
  if (first === undefined || signerAlone) {
    // Nothing is attested: what cannot be read, or the signer's certificate, whose own key nobody should take for the attested one.
    const device = { vendor: 'Yubico', fips: 'unknown' } as const
    return familyVerdict({ hsmType, checks, required, device, claims: {}, chain: certificates })
  }
  const roles = assignRoles(family, first, certificates.slice(1), checks)
  const { device, claims } = family.checkLeaf(roles.leaf, roles.signer, checks)
  const path = roles.signer === undefined ? undefined : checkChain(family, roles, roles.signer, context, checks)
  return familyVerdict({
    hsmType,
    checks,
    required,
    device,
    claims,
    spki: roles.leaf.spki,
    trustAnchor: path?.anchor,
    chain: path === undefined ? [roles.leaf] : [roles.leaf].concat(path.certificates),
  })
}

/** From the leaf to a pinned anchor. */
function checkChain(
  family: PairFamily,
  { leaf, above }: Roles,
  signer: Certificate,
  context: VerificationContext,
  checks: CheckList,
): CertificatePath {
  const { rules } = family
  family.checkSigner(signer, leaf, checks)
  checkExtensions(rules.extensions, [leaf, signer], checks)
  const signed = namesIssuer(leaf, signer.subject) && signedBy(leaf, signer.spki)
  if (signed) checks.pass(rules.leafSignature, family.signedBySigner)
  else {
    const { detail, remedy } = family.leafSignatureCause(leaf, signer)
    checks.fail(rules.leafSignature, detail, remedy)
  }
  const anchors = anchorsFor(family.hsmType, context.trustAnchors)
  const path = walkToAnchor(signer, above, anchors, family.deviations)
  checkDates(rules.dates, [leaf, ...path.certificates], path.anchor, context.now, checks)
  const leads = checkPath(family, signer, path, above, anchors, checks)
  return leads && signed ? path : { certificates: path.certificates }
}

function checkPath(
  family: PairFamily,
  signer: Certificate,
  { anchor, certificates }: CertificatePath,
  above: readonly Certificate[],
  anchors: readonly AnchorKey[],
  checks: CheckList,
): boolean {
  const { rules } = family
  const [, ...between] = certificates
  const [intermediate] = between
  if (anchor === undefined) {
    const { detail, remedy } = family.chainCause(signer, certificates.at(-1) ?? signer, anchors)
    return checks.fail(rules.chain, detail, remedy)
  }
  checkStrangers(rules.package, signer, above, anchors, checks)
  const cause =
    anchor.origin === 'built-in' && intermediate !== undefined
      ? family.intermediateCause(intermediate, anchor)
      : undefined
  if (cause !== undefined) return checks.fail(rules.chain, cause.detail, cause.remedy)
  const fault = faultBetween(between)
  if (fault !== undefined) return checks.fail(rules.chain, fault, family.exportAgain)
  return checks.pass(rules.chain, `${family.leadsTo} ${anchor.name}`)
}
