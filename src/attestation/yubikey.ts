/**
 * YUBIKEY: a PIV attestation. The leaf is made by the card for the key in a slot and signed by the key in slot F9, whose
 * certificate chains to Yubico. F9 is shared by a batch of devices; the serial number in the leaf alone names the device.
 */

import { type Certificate, parseCertificate } from '../asn1/certificate.ts'
import { type AnchorKey, anchorsFor } from './anchor-keys.ts'
import type { AttestedDevice, KeyClaims } from './attestation-result.ts'
import { type CertificatePath, namesIssuer, signedBy, walkToAnchor } from './certificate-chain.ts'
import { basicConstraintsOf } from './certificate-extensions.ts'
import { readCertificatePackage } from './certificate-package.ts'
import { CheckList } from './check-list.ts'
import { areIssuers, checkDates, checkExtensions, checkStrangers, parsePackage } from './two-certificates.ts'
import { familyVerdict } from './verdict.ts'
import type { FamilyVerdict, FamilyVerifier, VerificationContext } from './verify-attestation.ts'
import type { Writable } from './writable.ts'
import { chainCause, intermediateCause, leafSignatureCause } from './yubikey-causes.ts'
import {
  describeFormFactor,
  firmwareOf,
  formFactorOf,
  hasF9Name,
  hasPivExtensions,
  isFipsSeries,
  policiesOf,
  serialOf,
  slotOf,
  YUBIKEY_OID,
} from './yubikey-extensions.ts'
import { YUBIKEY_RULES as RULE } from './yubikey-rules.ts'

const REQUIRED = Object.values(RULE)
const EXPORT_AGAIN =
  'Export it again: `yubico-piv-tool -a attest -s 9c` (or the slot of your key) for the attestation, `-a read-certificate -s f9` for F9; send both, in that order.'

/** One YubiKey 5.7.4 has an F9 certificate whose RSA AlgorithmIdentifier lacks NULL (vector pkb-5.7.4-p256-9c). */
const F9_DEVIATIONS = { rsaParametersAbsent: true, remember: true } as const

interface Roles {
  readonly leaf: Certificate
  readonly f9: Certificate | undefined
  /** Whatever follows F9. */
  readonly above: readonly Certificate[]
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
  const roles = assignRoles(leaf, certificates.slice(1), checks)
  const { device, claims } = readLeaf(roles, checks)
  const anchors = anchorsFor('YUBIKEY', context.trustAnchors)
  const path = roles.f9 === undefined ? undefined : checkChain(roles, roles.f9, anchors, context.now, checks)
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

/** The leaf must come first and F9 second; a swapped pair is named, and read the right way round so that the rest makes sense. */
function assignRoles(first: Certificate, rest: readonly Certificate[], checks: CheckList): Roles {
  const [second, ...above] = rest
  if (second === undefined) {
    checks.fail(
      RULE.package,
      'only one certificate is here; that of slot F9 is missing',
      'Add the certificate of slot F9 after the attestation: `yubico-piv-tool -a read-certificate -s f9` or `ykman piv certificates export f9 f9.pem`.',
    )
    return { leaf: first, f9: undefined, above }
  }
  if (slotOf(first) === undefined && slotOf(second) !== undefined && hasF9Name(first)) {
    checks.fail(
      RULE.package,
      'the two certificates are in the wrong order: F9 comes first',
      'Put the attestation certificate first and that of slot F9 second; nothing need be exported again.',
    )
    return { leaf: second, f9: first, above }
  }
  checks.pass(RULE.package, 'attestation certificate first, F9 second')
  return { leaf: first, f9: second, above }
}

function readLeaf(
  { leaf, f9 }: Roles,
  checks: CheckList,
): { readonly device: AttestedDevice; readonly claims: KeyClaims } {
  const slot = slotOf(leaf)
  const ca = basicConstraintsOf(leaf)
  checks.require(
    RULE.leaf,
    slot !== undefined && leaf.version === 3 && (ca === undefined || (ca !== 'malformed' && !ca.ca)),
    `attests the key in slot ${slot}`,
    slot === undefined
      ? 'the first certificate is not named as an attestation is ("YubiKey PIV Attestation 9c"): it is another certificate of the slot'
      : 'the attestation certificate says that it is a CA',
    EXPORT_AGAIN,
  )
  const firmware = checkFirmware(leaf, checks)
  const serial = checkSerial(leaf, checks)
  const policies = checkPolicies(leaf, checks)
  const formFactor = checkFormFactor(leaf, checks)
  const model = formFactor === undefined ? undefined : describeFormFactor(formFactor)
  const device: Writable<AttestedDevice> = {
    vendor: 'Yubico',
    model: model === undefined ? 'YubiKey' : `YubiKey, ${model}`,
    fips: fipsStatus(formFactor, firmware, f9),
  }
  if (serial !== undefined) device.serial = serial
  if (firmware !== undefined) device.firmware = firmware
  const claims: Writable<KeyClaims> = {}
  if (slot !== undefined && policies !== undefined) {
    // The card refuses to attest a key that was imported, and the PIV application cannot export one.
    claims.local = true
    claims.sensitive = true
    claims.extractable = false
    claims.neverExtractable = true
  }
  if (policies !== undefined) {
    claims.pinPolicy = policies.pin
    claims.touchPolicy = policies.touch
  }
  if (slot !== undefined) claims.slot = slot
  if (formFactor !== undefined) claims.formFactor = formFactor.toString(16).padStart(2, '0')
  if (firmware !== undefined) claims.firmware = firmware
  if (serial !== undefined) claims.serial = Number(serial)
  return { device, claims }
}

function checkFirmware(leaf: Certificate, checks: CheckList): string | undefined {
  const firmware = firmwareOf(leaf)
  if (firmware === undefined || firmware === 'unreadable') {
    checks.fail(
      RULE.firmware,
      `the attestation ${firmware === undefined ? 'does not name' : 'misstates'} the firmware`,
      EXPORT_AGAIN,
    )
    return undefined
  }
  checks.pass(RULE.firmware, `firmware ${firmware}`)
  return firmware
}

function checkSerial(leaf: Certificate, checks: CheckList): string | undefined {
  const serial = serialOf(leaf)
  if (serial === undefined) {
    checks.warn(
      RULE.serial,
      'the attestation names no serial number: the device does not show it',
      'Make the serial number visible with YubiKey Manager if an auditor must know which device holds the key.',
    )
  } else if (serial === 'unreadable')
    checks.fail(RULE.serial, 'the serial number is no INTEGER of 0 to 32 bits', EXPORT_AGAIN)
  else checks.pass(RULE.serial, `serial number ${serial}`)
  return serial === 'unreadable' ? undefined : serial
}

function checkPolicies(leaf: Certificate, checks: CheckList): { pin: string; touch: string } | undefined {
  const policies = policiesOf(leaf)
  if (policies === undefined || policies === 'unreadable') {
    checks.fail(
      RULE.policies,
      policies === undefined
        ? 'the attestation does not name PIN and touch policy'
        : 'the PIN or touch policy has an unknown value',
      policies === undefined ? EXPORT_AGAIN : 'Update this program; the device may be newer than it.',
    )
    return undefined
  }
  checks.pass(RULE.policies, `PIN ${policies.pin}, touch ${policies.touch}`)
  return policies
}

function checkFormFactor(leaf: Certificate, checks: CheckList): number | undefined {
  const formFactor = formFactorOf(leaf)
  if (formFactor === 'unreadable') {
    checks.fail(RULE.formFactor, 'the form factor is not one octet', EXPORT_AGAIN)
    return undefined
  }
  if (formFactor === undefined) checks.notApplicable(RULE.formFactor, 'not named, as on firmware 4')
  else checks.pass(RULE.formFactor, describeFormFactor(formFactor) ?? `unknown form factor ${formFactor}`)
  return formFactor
}

/** FIPS series: a bit of the form factor (firmware 5), or the FIPS extension in F9 (firmware 4.4 and some 5). */
function fipsStatus(
  formFactor: number | undefined,
  firmware: string | undefined,
  f9: Certificate | undefined,
): AttestedDevice['fips'] {
  if (formFactor !== undefined && isFipsSeries(formFactor)) return 'certified'
  if (f9?.extensions.has(YUBIKEY_OID.fips) === true) return 'certified'
  return f9 === undefined || (formFactor === undefined && firmware?.startsWith('4.') !== true)
    ? 'unknown'
    : 'not-certified'
}

function checkChain(
  { leaf, above }: Roles,
  f9: Certificate,
  anchors: readonly AnchorKey[],
  now: number,
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
  const path = walkToAnchor(f9, above, anchors, F9_DEVIATIONS)
  checkDates(RULE.dates, [leaf, ...path.certificates], path.anchor, now, checks)
  const leads = checkPath(f9, path, above, anchors, checks)
  return leads && signed ? path : { certificates: path.certificates }
}

/** F9 of firmware 4 and of 5.2.4 has no basicConstraints; where it has them they must say CA (reference vectors). */
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

/** A certificate with the PIV attestation extensions or an attestation's name among the first two. */
function recognises(package_: Uint8Array): boolean {
  try {
    return readCertificatePackage(package_)
      .slice(0, 2)
      .some((der) => {
        const certificate = parseCertificate(der)
        return slotOf(certificate) !== undefined || hasF9Name(certificate) || hasPivExtensions(certificate)
      })
  } catch {
    // Anything that cannot be read is not recognised; `verify` says why.
    return false
  }
}

export const yubikey: FamilyVerifier = { hsmType: 'YUBIKEY', verify, recognises }
