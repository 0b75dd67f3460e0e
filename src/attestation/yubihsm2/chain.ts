import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { type AnchorKey, anchorsFor } from '../certificates/anchor-keys.ts'
import { namesIssuer, signedBy } from '../certificates/certificate-chain.ts'
import { basicConstraintsOf } from '../certificates/certificate-extensions.ts'
import { type CertificatePath, walkToAnchor } from '../certificates/walk-to-anchor.ts'
import type { CheckList } from '../contract/check-list.ts'
import type { VerificationContext } from '../contract/verify-attestation.ts'
import { areIssuers, checkDates, checkExtensions, checkStrangers } from '../yubico/two-certificates.ts'
import { deviceChainCause, EXPORT_AGAIN, sharedRootCause } from './causes.ts'
import { type ObjectFacts, serialInName, serialOf } from './extensions.ts'
import type { Yubihsm2Roles } from './roles.ts'
import { YUBIHSM2_RULES as RULE } from './rules.ts'

/** The device certificate is shared by all objects of a device. */
const DEVICE_RULES = { remember: true } as const

/** From the leaf to a pinned anchor. */
export function checkYubihsm2Chain(
  { leaf, above }: Yubihsm2Roles,
  device: Certificate,
  facts: ObjectFacts,
  context: VerificationContext,
  checks: CheckList,
): CertificatePath {
  checkDevice(device, facts, checks)
  checkExtensions(RULE.extensions, [leaf, device], checks)
  const signed = checks.require(
    RULE.leafSignature,
    namesIssuer(leaf, device.subject) && signedBy(leaf, device.spki),
    "signed by the device's own key",
    namesIssuer(leaf, device.subject)
      ? 'the key of this device certificate did not sign the attestation: it was altered, or signed with another key than id 0'
      : `the attestation was issued by ${printName(leaf.issuer)}, the second certificate is ${printName(device.subject)}: that of another device, or of another attestation key`,
    EXPORT_AGAIN,
  )
  const anchors = anchorsFor('YUBIHSM2', context.trustAnchors)
  const path = walkToAnchor(device, above, anchors, DEVICE_RULES)
  checkDates(RULE.dates, [leaf, ...path.certificates], path.anchor, context.now, checks)
  const leads = checkPath(device, path, above, anchors, checks)
  return leads && signed ? path : { certificates: path.certificates }
}

function checkDevice(device: Certificate, facts: ObjectFacts, checks: CheckList): void {
  const constraints = basicConstraintsOf(device)
  const named = serialInName(device)
  checks.require(
    RULE.device,
    named !== undefined && constraints !== undefined && constraints !== 'malformed' && constraints.ca,
    'the second certificate is a device certificate',
    named === undefined
      ? `the second certificate (${printName(device.subject)}) is not that of a YubiHSM 2 ("YubiHSM Attestation (serial)")`
      : 'the device certificate is no CA certificate',
    EXPORT_AGAIN,
  )
  const serial = serialOf(device)
  checks.require(
    RULE.serial,
    serial !== undefined && serial === facts.serial && serial === named,
    `serial number ${serial}`,
    `the serial numbers differ: ${facts.serial ?? 'none'} in the attestation, ${serial ?? 'none'} in the device certificate, ${named ?? 'none'} in its name`,
    'Take both certificates from the same device.',
  )
}

function checkPath(
  device: Certificate,
  { anchor, certificates }: CertificatePath,
  above: readonly Certificate[],
  anchors: readonly AnchorKey[],
  checks: CheckList,
): boolean {
  const [, ...between] = certificates
  const [intermediate] = between
  if (anchor === undefined) {
    const { detail, remedy } = deviceChainCause(certificates.at(-1) ?? device, anchors)
    return checks.fail(RULE.chain, detail, remedy)
  }
  checkStrangers(RULE.package, device, above, anchors, checks)
  // The newer root vouches for other products too; under it only the listed intermediates for the YubiHSM count.
  if (anchor.origin === 'built-in' && anchor.hsmTypes.length > 1 && intermediate !== undefined) {
    const { detail, remedy } = sharedRootCause(intermediate)
    return checks.fail(RULE.chain, detail, remedy)
  }
  if (!areIssuers(between)) {
    const what = 'a certificate between that of the device and the anchor is no CA certificate for it'
    return checks.fail(RULE.chain, what, EXPORT_AGAIN)
  }
  return checks.pass(RULE.chain, `the device certificate leads to ${anchor.name}`)
}
