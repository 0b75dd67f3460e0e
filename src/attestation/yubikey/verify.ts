/**
 * HSM type YUBIKEY: a PIV attestation. The leaf is made by the card for the key in a slot and signed by the key in slot F9, whose
 * certificate chains to Yubico. F9 is shared by a batch of devices; the serial number in the leaf alone names the device.
 */
import type { Certificate } from '../../asn1/certificate.ts'
import { CheckList } from '../contract/check-list.ts'
import type { FamilyVerdict, FamilyVerifier, VerificationContext } from '../contract/verify-attestation.ts'
import { familyVerdict } from '../verdict.ts'
import { firstTwoHave, parsePackage } from '../yubico/two-certificates.ts'
import { EXPORT_AGAIN } from './causes.ts'
import { checkYubikeyChain } from './chain.ts'
import { unwrap } from './embedded.ts'
import { hasF9Name, hasPivExtensions, slotOf } from './extensions.ts'
import { checkYubikeyLeaf } from './leaf.ts'
import { assignYubikeyRoles } from './roles.ts'
import { YUBIKEY_RULES as RULE } from './rules.ts'

const REQUIRED = Object.values(RULE)

export const yubikey: FamilyVerifier = { hsmType: 'YUBIKEY', recognises, verify, unwrap }

/** A certificate with the PIV attestation extensions or an attestation's name among the first two. */
function recognises(package_: Uint8Array): boolean {
  return firstTwoHave(
    package_,
    (certificate) => slotOf(certificate) !== undefined || hasF9Name(certificate) || hasPivExtensions(certificate),
  )
}

function verify(package_: Uint8Array, context: VerificationContext): FamilyVerdict {
  const checks = new CheckList()
  const certificates = parsePackage(package_, RULE.format, checks, EXPORT_AGAIN)
  const [leaf] = certificates
  if (leaf === undefined) return withoutLeaf(checks)
  if (certificates.length === 1 && hasF9Name(leaf)) {
    checks.fail(RULE.package, 'only the F9 certificate is here; the attestation of the key is missing', EXPORT_AGAIN)
    return withoutLeaf(checks, leaf)
  }
  const roles = assignYubikeyRoles(leaf, certificates.slice(1), checks)
  const { device, claims } = checkYubikeyLeaf(roles, checks)
  const path = roles.f9 === undefined ? undefined : checkYubikeyChain(roles, roles.f9, context, checks)
  return familyVerdict({
    hsmType: 'YUBIKEY',
    checks,
    required: REQUIRED,
    device,
    claims,
    spki: roles.leaf.spki,
    trustAnchor: path?.anchor,
    chain: path === undefined ? [roles.leaf] : [roles.leaf].concat(path.certificates),
  })
}

/** Nothing is attested: what cannot be read, or F9 alone, whose own key nobody should take for the attested one. */
const withoutLeaf = (checks: CheckList, f9?: Certificate): FamilyVerdict =>
  familyVerdict({
    hsmType: 'YUBIKEY',
    checks,
    required: REQUIRED,
    device: { vendor: 'Yubico', fips: 'unknown' },
    claims: {},
    chain: f9 === undefined ? [] : [f9],
  })
