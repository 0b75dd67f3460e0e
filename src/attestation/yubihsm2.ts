/**
 * YUBIHSM2: the device signs a certificate for one of its objects with its factory key (id 0), whose own certificate (opaque
 * object 0) chains to Yubico. The extensions say where the key comes from and what may be done with it.
 */

import { type Certificate, parseCertificate } from '../asn1/certificate.ts'
import { printName } from '../asn1/name.ts'
import { type AnchorKey, anchorsFor } from './anchor-keys.ts'
import type { AttestedDevice, KeyClaims } from './attestation-result.ts'
import { type CertificatePath, namesIssuer, signedBy, walkToAnchor } from './certificate-chain.ts'
import { basicConstraintsOf } from './certificate-extensions.ts'
import { readCertificatePackage } from './certificate-package.ts'
import { CheckList } from './check-list.ts'
import { commonNameOf } from './common-name.ts'
import { areIssuers, checkDates, checkExtensions, checkStrangers, parsePackage } from './two-certificates.ts'
import { familyVerdict } from './verdict.ts'
import type { FamilyVerdict, FamilyVerifier, VerificationContext } from './verify-attestation.ts'
import { deviceChainCause, sharedRootCause } from './yubihsm2-causes.ts'
import {
  hasCapability,
  hasObjectExtensions,
  listCapabilities,
  type ObjectFacts,
  ORIGIN,
  readObjectFacts,
  serialOf,
  YUBIHSM2_OID,
} from './yubihsm2-extensions.ts'
import { YUBIHSM2_RULES as RULE } from './yubihsm2-rules.ts'

const REQUIRED = Object.values(RULE)
const EXPORT_AGAIN =
  'Export both again: `yubihsm-shell -a sign-attestation-certificate --object-id … --attestation-id 0 --outformat PEM`, then `-a get-opaque --object-id 0 --outformat PEM`; send them in that order.'

const LEAF_NAME = /^YubiHSM2? Attestation id:0x([0-9a-f]{4})$/
/** `YubiHSM2 Attestation` on firmware 2.1.3. */
const DEVICE_NAME = /^YubiHSM2? Attestation \((\d{1,10})\)$/

const objectIdInName = (certificate: Certificate): string | undefined =>
  LEAF_NAME.exec(commonNameOf(certificate.subject) ?? '')?.[1]
const serialInName = (certificate: Certificate): string | undefined =>
  DEVICE_NAME.exec(commonNameOf(certificate.subject) ?? '')?.[1]

/** The device certificate is shared by all objects of a device. */
const DEVICE_RULES = { remember: true } as const

interface Roles {
  readonly leaf: Certificate
  readonly device: Certificate | undefined
  readonly above: readonly Certificate[]
}

function verify(package_: Uint8Array, context: VerificationContext): FamilyVerdict {
  const checks = new CheckList()
  const [first, ...rest] = parsePackage(package_, RULE.format, checks, EXPORT_AGAIN)
  const shared = { hsmType: 'YUBIHSM2', checks, required: REQUIRED } as const
  const alone = rest.length === 0 && first !== undefined && serialInName(first) !== undefined
  if (first === undefined || alone) {
    if (alone) {
      checks.fail(RULE.package, 'only the device certificate is here; the attestation is missing', EXPORT_AGAIN)
    }
    const chain = first === undefined ? [] : [first]
    return familyVerdict({ ...shared, device: { vendor: 'Yubico', fips: 'unknown' }, claims: {}, chain })
  }
  const roles = assignRoles(first, rest, checks)
  const facts = readObjectFacts(roles.leaf)
  checkLeaf(roles.leaf, facts, checks)
  const claims = judgeObject(facts, checks)
  const anchors = anchorsFor('YUBIHSM2', context.trustAnchors)
  const path =
    roles.device === undefined ? undefined : checkChain(roles, roles.device, facts, anchors, context.now, checks)
  return familyVerdict({
    ...shared,
    device: describeDevice(facts, roles.device),
    claims,
    spki: roles.leaf.spki,
    trustAnchor: path?.anchor,
    chain: path === undefined ? [roles.leaf] : [roles.leaf].concat(path.certificates),
  })
}

function assignRoles(first: Certificate, rest: readonly Certificate[], checks: CheckList): Roles {
  const [second, ...above] = rest
  if (second === undefined) {
    checks.fail(
      RULE.package,
      'only one certificate is here; that of the device is missing',
      'Add the device certificate after the attestation: `yubihsm-shell -a get-opaque --object-id 0 --outformat PEM`.',
    )
    return { leaf: first, device: undefined, above }
  }
  if (serialInName(first) !== undefined && objectIdInName(second) !== undefined) {
    checks.fail(
      RULE.package,
      'the two certificates are in the wrong order: the device certificate comes first',
      'Put the attestation certificate first and the device certificate second; nothing need be exported again.',
    )
    return { leaf: second, device: first, above }
  }
  checks.pass(RULE.package, 'attestation certificate first, device certificate second')
  return { leaf: first, device: second, above }
}

/** The name must be an attestation's, and agree with the extension; id 0 is the device's own attestation key. */
function checkLeaf(leaf: Certificate, { objectId, firmware }: ObjectFacts, checks: CheckList): void {
  const named = objectIdInName(leaf)
  const constraints = basicConstraintsOf(leaf)
  if (named === undefined) {
    checks.fail(
      RULE.leaf,
      `the first certificate (${printName(leaf.subject)}) is not named as an attestation is ("YubiHSM Attestation id:0x0123")`,
      EXPORT_AGAIN,
    )
  } else if (objectId === undefined || Number.parseInt(named, 16) !== objectId) {
    checks.fail(RULE.leaf, 'the object id is missing or differs from the name', EXPORT_AGAIN)
  } else if (objectId === 0) {
    checks.fail(
      RULE.leaf,
      "this attests object 0, the device's own attestation key",
      'Attest the key that signed the request: give its object id to sign-attestation-certificate.',
    )
  } else if (constraints !== undefined && (constraints === 'malformed' || constraints.ca)) {
    checks.fail(RULE.leaf, 'the attestation certificate says that it is a CA', EXPORT_AGAIN)
  } else if (firmware === undefined) checks.fail(RULE.leaf, 'the attestation does not name the firmware', EXPORT_AGAIN)
  else checks.pass(RULE.leaf, `attests object 0x${named}`)
}

function judgeObject(facts: ObjectFacts, checks: CheckList): KeyClaims {
  const { origin, capabilities } = facts
  const generated = origin === ORIGIN.generated
  checks.require(
    RULE.origin,
    generated,
    'generated on the device',
    origin === undefined ? 'the attestation does not say where the key comes from' : describeOrigin(origin),
    'Generate a new key on the device (generate-asymmetric-key) and attest that.',
  )
  const listed = capabilities === undefined ? undefined : listCapabilities(capabilities)
  const unknown = listed?.unknown ?? []
  checks.require(
    RULE.capabilities,
    listed !== undefined && unknown.length === 0,
    `may: ${listed?.names.join(', ')}`,
    listed === undefined
      ? 'the attestation does not name the capabilities'
      : `unknown capability bit ${unknown.join(', ')}`,
    listed === undefined ? EXPORT_AGAIN : 'Update this program; the device may be newer than it.',
  )
  const exportable = capabilities === undefined ? undefined : hasCapability(capabilities, 'exportable-under-wrap')
  return {
    ...(origin === undefined ? {} : { local: generated, sensitive: true, origin: describeOrigin(origin) }),
    // Capabilities are fixed when the object is made, so what cannot leave now never could.
    ...(exportable === undefined ? {} : { extractable: exportable, neverExtractable: generated && !exportable }),
    ...(facts.objectId === undefined ? {} : { objectId: `0x${facts.objectId.toString(16).padStart(4, '0')}` }),
    ...(facts.label === undefined ? {} : { label: facts.label }),
    ...(facts.firmware === undefined ? {} : { firmware: facts.firmware }),
    ...(facts.serial === undefined ? {} : { serial: Number(facts.serial) }),
    ...(facts.domains === undefined ? {} : { domains: facts.domains }),
    ...(listed === undefined ? {} : { capabilities: listed.names }),
    ...(facts.fipsApproved === undefined ? {} : { fipsApproved: facts.fipsApproved }),
  }
}

const describeOrigin = (origin: number): string =>
  [
    ...(origin & ORIGIN.generated ? ['generated'] : []),
    ...(origin & ORIGIN.imported ? ['imported'] : []),
    ...(origin & ORIGIN.importedWrapped ? ['imported under wrap'] : []),
  ].join(', ') || `unknown origin ${origin}`

/**
 * The FIPS certificate's number stands in the device certificate (.10); whether the device was in FIPS-approved mode, in the leaf of
 * firmware 2.4.1 and later. One that says it was not is not run as it was certified.
 */
function describeDevice({ serial, firmware, fipsApproved }: ObjectFacts, device?: Certificate): AttestedDevice {
  const certified = device?.extensions.has(YUBIHSM2_OID.fips) === true && fipsApproved !== false
  return {
    vendor: 'Yubico',
    model: 'YubiHSM 2',
    ...(serial === undefined ? {} : { serial }),
    ...(firmware === undefined ? {} : { firmware }),
    fips: device === undefined ? 'unknown' : certified ? 'certified' : 'not-certified',
  }
}

function checkChain(
  { leaf, above }: Roles,
  device: Certificate,
  facts: ObjectFacts,
  anchors: readonly AnchorKey[],
  now: number,
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
  const path = walkToAnchor(device, above, anchors, DEVICE_RULES)
  checkDates(RULE.dates, [leaf, ...path.certificates], path.anchor, now, checks)
  if (path.anchor !== undefined) checkStrangers(RULE.package, device, above, anchors, checks)
  const leads = checkPath(device, path, anchors, checks)
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
    `the serial numbers differ: ${facts.serial ?? 'none'} in the attestation, ${serial ?? 'none'} in the device certificate`,
    'Take both certificates from the same device.',
  )
}

function checkPath(
  device: Certificate,
  { anchor, certificates }: CertificatePath,
  anchors: readonly AnchorKey[],
  checks: CheckList,
): boolean {
  const [, ...between] = certificates
  const [intermediate] = between
  if (anchor === undefined) {
    const { detail, remedy } = deviceChainCause(certificates.at(-1) ?? device, anchors)
    return checks.fail(RULE.chain, detail, remedy)
  }
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

/** A certificate named as an attestation or as a device certificate, or with an attestation's extensions, among the first two. */
function recognises(package_: Uint8Array): boolean {
  try {
    return readCertificatePackage(package_)
      .slice(0, 2)
      .some((der) => {
        const certificate = parseCertificate(der)
        const named = objectIdInName(certificate) ?? serialInName(certificate)
        return named !== undefined || hasObjectExtensions(certificate)
      })
  } catch {
    // Anything that cannot be read is not recognised; `verify` says why.
    return false
  }
}

export const yubihsm2: FamilyVerifier = { hsmType: 'YUBIHSM2', verify, recognises }
