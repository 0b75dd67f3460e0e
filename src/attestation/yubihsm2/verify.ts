/**
 * HSM type YUBIHSM2: the device signs a certificate for one of its objects with its factory key (id 0), whose own certificate (opaque
 * object 0) chains to Yubico. The extensions say where the key comes from and what may be done with it.
 */
import type { Certificate } from '../../asn1/certificate.ts'
import { CheckList } from '../contract/check-list.ts'
import type { FamilyVerdict, FamilyVerifier, VerificationContext } from '../contract/verify-attestation.ts'
import { familyVerdict } from '../verdict.ts'
import { firstTwoHave, parsePackage } from '../yubico/two-certificates.ts'
import { EXPORT_AGAIN } from './causes.ts'
import { checkYubihsm2Chain } from './chain.ts'
import { hasObjectExtensions, objectIdInName, readObjectFacts, serialInName } from './extensions.ts'
import { checkYubihsm2Leaf } from './leaf.ts'
import { assignYubihsm2Roles } from './roles.ts'
import { YUBIHSM2_RULES as RULE } from './rules.ts'

const REQUIRED = Object.values(RULE)

export const yubihsm2: FamilyVerifier = { hsmType: 'YUBIHSM2', recognises, verify }

/** A certificate named as an attestation or as a device certificate, or with an attestation's extensions, among the first two. */
function recognises(package_: Uint8Array): boolean {
  return firstTwoHave(
    package_,
    (certificate) =>
      (objectIdInName(certificate) ?? serialInName(certificate)) !== undefined || hasObjectExtensions(certificate),
  )
}

function verify(package_: Uint8Array, context: VerificationContext): FamilyVerdict {
  const checks = new CheckList()
  const certificates = parsePackage(package_, RULE.format, checks, EXPORT_AGAIN)
  const [leaf] = certificates
  if (leaf === undefined) return withoutLeaf(checks)
  if (certificates.length === 1 && serialInName(leaf) !== undefined) {
    checks.fail(RULE.package, 'only the device certificate is here; the attestation is missing', EXPORT_AGAIN)
    return withoutLeaf(checks, leaf)
  }
  const roles = assignYubihsm2Roles(leaf, certificates.slice(1), checks)
  const facts = readObjectFacts(roles.leaf)
  const { device, claims } = checkYubihsm2Leaf(roles, facts, checks)
  const path = roles.device === undefined ? undefined : checkYubihsm2Chain(roles, roles.device, facts, context, checks)
  return familyVerdict({
    hsmType: 'YUBIHSM2',
    checks,
    required: REQUIRED,
    device,
    claims,
    spki: roles.leaf.spki,
    trustAnchor: path?.anchor,
    chain: path === undefined ? [roles.leaf] : [roles.leaf].concat(path.certificates),
  })
}

/** Nothing is attested: what cannot be read, or the device certificate alone. */
const withoutLeaf = (checks: CheckList, device?: Certificate): FamilyVerdict =>
  familyVerdict({
    hsmType: 'YUBIHSM2',
    checks,
    required: REQUIRED,
    device: { vendor: 'Yubico', fips: 'unknown' },
    claims: {},
    chain: device === undefined ? [] : [device],
  })
