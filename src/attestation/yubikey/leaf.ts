import type { Certificate } from '../../asn1/certificate.ts'
import { commonNameOf } from '../certificates/common-name.ts'
import { leafFault as issuesOthers } from '../certificates/issuer-rule.ts'
import type { AttestedDevice, KeyClaims } from '../contract/attestation-result.ts'
import type { CheckList } from '../contract/check-list.ts'
import type { Writable } from '../contract/writable.ts'
import { EXPORT_AGAIN, otherCause } from './causes.ts'
import {
  describeFormFactor,
  firmwareOf,
  formFactorOf,
  isFipsSeries,
  type KeyPolicies,
  policiesOf,
  serialOf,
  slotOf,
  YUBIKEY_OID,
} from './extensions.ts'
import { YUBIKEY_RULES as RULE } from './rules.ts'

/** What the leaf says of the key and of the device. */
export function checkYubikeyLeaf(
  leaf: Certificate,
  f9: Certificate | undefined,
  checks: CheckList,
): { readonly device: AttestedDevice; readonly claims: KeyClaims } {
  const slot = slotOf(leaf)
  const foreign = foreignCause(leaf, f9, slot)
  const fault = foreign?.detail ?? leafFault(leaf, slot)
  const remedy = foreign?.remedy ?? EXPORT_AGAIN
  checks.require(RULE.leaf, fault === undefined, `attests the key in slot ${slot}`, fault ?? '', remedy)
  const firmware = checkFirmware(leaf, checks)
  const serial = checkSerial(leaf, checks)
  const policies = checkPolicies(leaf, checks)
  const formFactor = checkFormFactor(leaf, checks)
  const model = formFactor === undefined ? undefined : describeFormFactor(formFactor)
  const device: Writable<AttestedDevice> = {
    vendor: foreign?.card?.vendor ?? 'Yubico',
    model: foreign?.card?.model ?? (model === undefined ? 'YubiKey' : `YubiKey, ${model}`),
    fips: foreign === undefined ? fipsStatus(formFactor, firmware, f9) : 'unknown',
  }
  if (serial !== undefined) device.serial = serial
  if (firmware !== undefined) device.firmware = firmware
  const claims: Writable<KeyClaims> = {}
  if (slot !== undefined && policies !== undefined && foreign === undefined) {
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

/** Another maker's card says so in its own certificate, or in that of its slot F9. Yubico's own are not searched. */
function foreignCause(leaf: Certificate, f9: Certificate | undefined, slot: string | undefined) {
  const issuer = f9 === undefined ? undefined : commonNameOf(f9.issuer)
  if (slot !== undefined && (f9 === undefined || issuer?.startsWith('Yubico ') === true)) return undefined
  return otherCause(leaf) ?? (f9 && otherCause(f9))
}

function leafFault(leaf: Certificate, slot: string | undefined): string | undefined {
  if (slot === undefined) {
    return 'the first certificate does not have the name of an attestation ("YubiKey PIV Attestation 9c"): it is another certificate of the slot'
  }
  if (leaf.version !== 3) return 'the attestation certificate is version 1, which has no extensions and attests nothing'
  const fault = issuesOthers(leaf)
  return fault && `the attestation certificate ${fault}`
}

function checkFirmware(leaf: Certificate, checks: CheckList): string | undefined {
  const firmware = firmwareOf(leaf)
  if (firmware === undefined || firmware === 'unreadable') {
    checks.fail(
      RULE.firmware,
      `the attestation ${firmware === undefined ? 'does not state' : 'misstates'} the firmware`,
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
      'the attestation states no serial number: the device does not show it',
      'Make the serial number visible with YubiKey Manager if an auditor must know which device holds the key.',
    )
  } else if (serial === 'unreadable')
    checks.fail(RULE.serial, 'the serial number is not an INTEGER of 0 to 32 bits', EXPORT_AGAIN)
  else checks.pass(RULE.serial, `serial number ${serial}`)
  return serial === 'unreadable' ? undefined : serial
}

function checkPolicies(leaf: Certificate, checks: CheckList): KeyPolicies | undefined {
  const policies = policiesOf(leaf)
  if (policies === undefined || policies === 'unreadable') {
    checks.fail(
      RULE.policies,
      policies === undefined
        ? 'the attestation does not state the PIN and touch policies'
        : 'the PIN or touch policy has an unknown value',
      policies === undefined ? EXPORT_AGAIN : 'Update hsm-enroll; the device may be newer than this version.',
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
  if (formFactor === undefined) checks.notApplicable(RULE.formFactor, 'not stated, as on firmware 4')
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
