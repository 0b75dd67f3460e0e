import type { Certificate } from '../../asn1/certificate.ts'
import { type AnchorKey, anchorsFor } from '../certificates/anchor-keys.ts'
import { namesIssuer, signedBy } from '../certificates/certificate-chain.ts'
import { basicConstraintsOf } from '../certificates/certificate-extensions.ts'
import { type CertificatePath, walkToAnchor } from '../certificates/walk-to-anchor.ts'
import type { CheckList } from '../contract/check-list.ts'
import type { VerificationContext } from '../contract/verify-attestation.ts'
import { areIssuers, checkDates, checkExtensions, checkStrangers } from '../yubico/two-certificates.ts'
import { chainCause, EXPORT_AGAIN, intermediateCause, leafSignatureCause } from './causes.ts'
import { hasF9Name } from './extensions.ts'
import type { YubikeyRoles } from './roles.ts'
import { YUBIKEY_RULES as RULE } from './rules.ts'

/** One YubiKey 5.7.4 has an F9 certificate whose RSA AlgorithmIdentifier lacks NULL (vector pkb-5.7.4-p256-9c). */
const F9_DEVIATIONS = { rsaParametersAbsent: true, remember: true } as const

/** From the leaf to a pinned anchor. */
export function checkYubikeyChain(
  { leaf, above }: YubikeyRoles,
  f9: Certificate,
  context: VerificationContext,
  checks: CheckList,
): CertificatePath {
  checkF9(f9, checks)
  checkExtensions(RULE.extensions, [leaf, f9], checks)
  const signed = namesIssuer(leaf, f9.subject) && signedBy(leaf, f9.spki)
  if (signed) checks.pass(RULE.leafSignature, 'signed by the key of slot F9')
  else {
    const { detail, remedy } = leafSignatureCause(leaf, f9)
    checks.fail(RULE.leafSignature, detail, remedy)
  }
  const anchors = anchorsFor('YUBIKEY', context.trustAnchors)
  const path = walkToAnchor(f9, above, anchors, F9_DEVIATIONS)
  checkDates(RULE.dates, [leaf, ...path.certificates], path.anchor, context.now, checks)
  const leads = checkPath(f9, path, above, anchors, checks)
  return leads && signed ? path : { certificates: path.certificates }
}

/** F9 of firmware 4 and of 5.2.4 has no basicConstraints; where it has them they must say CA (published pairs of both). */
function checkF9(f9: Certificate, checks: CheckList): void {
  const constraints = basicConstraintsOf(f9)
  checks.require(
    RULE.f9,
    hasF9Name(f9) && constraints !== 'malformed' && (constraints === undefined || constraints.ca),
    'the second certificate is named as that of slot F9',
    hasF9Name(f9)
      ? 'the F9 certificate says that it is no CA'
      : 'the second certificate is not that of slot F9 ("Yubico PIV Attestation"): F9 was replaced, or another certificate was given',
    EXPORT_AGAIN,
  )
}

function checkPath(
  f9: Certificate,
  path: CertificatePath,
  above: readonly Certificate[],
  anchors: readonly AnchorKey[],
  checks: CheckList,
): boolean {
  const [, ...between] = path.certificates
  const [intermediate] = between
  if (path.anchor === undefined) {
    const { detail, remedy } = chainCause(f9, path.certificates.at(-1) ?? f9, anchors)
    return checks.fail(RULE.chain, detail, remedy)
  }
  checkStrangers(RULE.package, f9, above, anchors, checks)
  // Yubico's newer root vouches for FIDO, OpenPGP and others too: under it only the listed PIV intermediates count.
  if (path.anchor.origin === 'built-in' && intermediate !== undefined) {
    const { detail, remedy } = intermediateCause(intermediate)
    return checks.fail(RULE.chain, detail, remedy)
  }
  if (!areIssuers(between)) {
    return checks.fail(RULE.chain, 'a certificate between F9 and the anchor is no CA certificate for it', EXPORT_AGAIN)
  }
  return checks.pass(RULE.chain, `F9 leads to ${path.anchor.name}`)
}
