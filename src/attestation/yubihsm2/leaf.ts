import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { leafFault } from '../certificates/issuer-rule.ts'
import type { AttestedDevice, KeyClaims } from '../contract/attestation-result.ts'
import type { CheckList } from '../contract/check-list.ts'
import { hasCapability, listCapabilities } from './capabilities.ts'
import { EXPORT_AGAIN } from './causes.ts'
import { type ObjectFacts, ORIGIN, objectIdInName, readObjectFacts, YUBIHSM2_OID } from './extensions.ts'
import { YUBIHSM2_RULES as RULE } from './rules.ts'

/** What the leaf says of the object and of the device. */
export function checkYubihsm2Leaf(
  leaf: Certificate,
  device: Certificate | undefined,
  checks: CheckList,
): { readonly device: AttestedDevice; readonly claims: KeyClaims } {
  const facts = readObjectFacts(leaf)
  checkName(leaf, facts, checks)
  return { device: describeDevice(facts, device), claims: judgeObject(facts, checks) }
}

/** The name must be an attestation's, and agree with the extension; id 0 is the device's own attestation key. */
function checkName(leaf: Certificate, { objectId, firmware }: ObjectFacts, checks: CheckList): void {
  const named = objectIdInName(leaf)
  const fault = leafFault(leaf)
  if (named === undefined) {
    checks.fail(
      RULE.leaf,
      `the first certificate (${printName(leaf.subject)}) does not have the name of an attestation ("YubiHSM Attestation id:0x0123")`,
      EXPORT_AGAIN,
    )
  } else if (objectId === undefined || Number.parseInt(named, 16) !== objectId) {
    checks.fail(RULE.leaf, 'the object ID is missing or differs from the name', EXPORT_AGAIN)
  } else if (objectId === 0) {
    checks.fail(
      RULE.leaf,
      "this attests object 0, the device's own attestation key",
      'Attest the key that signed the request: pass its object ID to sign-attestation-certificate.',
    )
  } else if (fault !== undefined) {
    checks.fail(RULE.leaf, `the attestation certificate ${fault}`, EXPORT_AGAIN)
  } else if (firmware === undefined) checks.fail(RULE.leaf, 'the attestation does not state the firmware', EXPORT_AGAIN)
  else checks.pass(RULE.leaf, `attests object 0x${named}`)
}

function judgeObject(facts: ObjectFacts, checks: CheckList): KeyClaims {
  const { origin, capabilities } = facts
  const generated = origin === ORIGIN.generated
  checks.require(
    RULE.origin,
    generated,
    'generated on the device',
    origin === undefined
      ? 'the attestation does not state the origin of the key'
      : `the origin of the key is "${describeOrigin(origin)}"; it must be "generated" only`,
    'Generate a new key on the device (generate-asymmetric-key) and attest that.',
  )
  const listed = capabilities === undefined ? undefined : listCapabilities(capabilities)
  const unknown = listed?.unknown ?? []
  checks.require(
    RULE.capabilities,
    listed !== undefined && unknown.length === 0,
    `may: ${listed?.names.join(', ')}`,
    listed === undefined
      ? 'the attestation does not state the capabilities'
      : `unknown capability bit ${unknown.join(', ')}`,
    listed === undefined ? EXPORT_AGAIN : 'Update hsm-enroll; the device may be newer than this version.',
  )
  const exportable = capabilities === undefined ? undefined : hasCapability(capabilities, 'exportable-under-wrap')
  return {
    ...(origin === undefined ? {} : { local: generated, sensitive: true, origin: describeOrigin(origin) }),
    // Capabilities are fixed when the object is made, so what cannot leave now never could.
    ...(exportable === undefined ? {} : { extractable: exportable, neverExtractable: generated && !exportable }),
    objectId: facts.objectId === undefined ? undefined : `0x${facts.objectId.toString(16).padStart(4, '0')}`,
    label: facts.label,
    firmware: facts.firmware,
    serial: facts.serial === undefined ? undefined : Number(facts.serial),
    domains: facts.domains,
    capabilities: listed?.names,
    fipsApproved: facts.fipsApproved,
  }
}

/** Every flag by name; those without one as a number. */
function describeOrigin(origin: number): string {
  const unknown = origin & ~(ORIGIN.generated | ORIGIN.imported | ORIGIN.importedWrapped)
  return [
    ...(origin & ORIGIN.generated ? ['generated'] : []),
    ...(origin & ORIGIN.imported ? ['imported'] : []),
    ...(origin & ORIGIN.importedWrapped ? ['imported under wrap'] : []),
    ...(unknown !== 0 || origin === 0 ? [`unknown origin 0x${unknown.toString(16)}`] : []),
  ].join(', ')
}

/**
 * The FIPS certificate's number stands in the device certificate (.10); whether the device was in FIPS-approved mode, in the leaf of
 * firmware 2.4.1 and later. One that says it was not is not run as it was certified.
 */
function describeDevice({ serial, firmware, fipsApproved }: ObjectFacts, device?: Certificate): AttestedDevice {
  const certified = device?.extensions.has(YUBIHSM2_OID.fips) === true && fipsApproved !== false
  return {
    vendor: 'Yubico',
    model: 'YubiHSM 2',
    serial,
    firmware,
    fips: device === undefined ? 'unknown' : certified ? 'certified' : 'not-certified',
  }
}
