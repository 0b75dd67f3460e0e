import type { AttestedDevice, Check, KeyClaims } from '../../attestation/contract/attestation-result.ts'
import type { CheckId } from '../../attestation/contract/check-ids.ts'
import { describeRange, isWithin, type VersionRange } from '../../knowledge/version-range.ts'
import { sha256Hex } from '../../sha256-hex.ts'

/** Which device, and which place on it, evidence must be from: every list that is present must hold what evidence says. */
export interface ExpectedDevice {
  /** Serial numbers: YubiKey, YubiHSM 2, Luna HSM, Google's card. */
  readonly serials?: readonly string[]
  readonly firmware?: VersionRange
  /** YUBIKEY: `9c`. */
  readonly slots?: readonly string[]
  readonly pinPolicies?: readonly string[]
  readonly touchPolicies?: readonly string[]
  /** YUBIKEY: `USB-C keychain`, or the octet in hexadecimal. */
  readonly formFactors?: readonly string[]
  /** NSHIELD: electronic serial numbers of modules. */
  readonly esns?: readonly string[]
  /** MARVELL_GOOGLE: resource names of key versions. */
  readonly keyVersions?: readonly string[]
}

type ExpectedId = Extract<CheckId, `policy.expect.${string}`>

interface Expectation {
  readonly id: ExpectedId
  readonly what: string
  readonly allowed: readonly string[]
  /** What the evidence says; undefined if it does not. */
  readonly found: string | undefined
  readonly holds: boolean
}

/** What one list of the profile asks for, and what the evidence says. */
interface ExpectedList extends Omit<Expectation, 'allowed' | 'holds'> {
  readonly allowed: readonly string[] | undefined
  readonly same?: (allowed: string, found: string) => boolean
}

/** One Check for each list that is present. Never throws. */
export function checkExpected(
  expected: ExpectedDevice,
  { device, claims }: { readonly device: AttestedDevice; readonly claims: KeyClaims },
): readonly Check[] {
  if (Object.keys(expected).length === 0) return []
  return expectations(expected, device, claims).map(({ id, what, allowed, found, holds }) => {
    const common = { id, group: 'policy', source: 'the profile: expect' } as const
    if (holds) return { ...common, status: 'pass', detail: `${what} ${found}, as expected` }
    const says = found === undefined ? `the evidence does not state the ${what}` : `${what} ${found}`
    return {
      ...common,
      status: 'fail',
      detail: `not the device expected: ${says}; expected ${allowed.join(' or ')}`,
      remedy:
        'Attest the key on the device that is expected, or correct `expect` in the profile (with `check`: --expect).',
    }
  })
}

function expectations(expected: ExpectedDevice, device: AttestedDevice, claims: KeyClaims): readonly Expectation[] {
  const lists: readonly ExpectedList[] = [
    {
      id: 'policy.expect.serial',
      what: 'serial number',
      allowed: expected.serials,
      found: device.serial,
      same: sameNumber,
    },
    { id: 'policy.expect.slot', what: 'slot', allowed: expected.slots, found: textOf(claims.slot) },
    { id: 'policy.expect.pin-policy', what: 'PIN policy', allowed: expected.pinPolicies, found: claims.pinPolicy },
    {
      id: 'policy.expect.touch-policy',
      what: 'touch policy',
      allowed: expected.touchPolicies,
      found: claims.touchPolicy,
    },
    { id: 'policy.expect.esn', what: 'module', allowed: expected.esns, found: textOf(claims.esn) },
    {
      id: 'policy.expect.form-factor',
      what: 'form factor',
      allowed: expected.formFactors,
      found: formFactorOf(device, claims),
      same: sameFormFactor,
    },
    {
      id: 'policy.expect.key-version',
      what: 'key version (SHA-256 of its name)',
      allowed: expected.keyVersions,
      found: textOf(claims.versionNameSha256),
      same: sameVersionName,
    },
  ]
  const checks: Expectation[] = lists.flatMap(({ id, what, allowed, found, same = sameText }) =>
    allowed === undefined
      ? []
      : [{ id, what, allowed, found, holds: found !== undefined && allowed.some((each) => same(each, found)) }],
  )
  const { firmware } = expected
  if (firmware === undefined) return checks
  const holds = isWithin(device.firmware, firmware) === true
  return [
    ...checks,
    {
      id: 'policy.expect.firmware',
      what: 'firmware',
      allowed: [describeRange(firmware)],
      found: device.firmware,
      holds,
    },
  ]
}

const textOf = (claim: KeyClaims[string]): string | undefined => (typeof claim === 'string' ? claim : undefined)

const sameText = (allowed: string, found: string): boolean => allowed.trim().toLowerCase() === found.toLowerCase()
/** Devices and their labels pad with zeros. */
const sameNumber = (allowed: string, found: string): boolean =>
  sameText(allowed.trim().replace(/^0+(?=\d)/, ''), found.replace(/^0+(?=\d)/, ''))
const sameVersionName = (allowed: string, found: string): boolean => sha256Hex(Buffer.from(allowed.trim())) === found

/** `USB-C keychain (03)`. */
function formFactorOf({ model }: AttestedDevice, { formFactor }: KeyClaims): string | undefined {
  if (typeof formFactor !== 'string') return undefined
  const name = /^YubiKey, (.+)$/.exec(model ?? '')?.[1]
  return name === undefined ? formFactor : `${name} (${formFactor})`
}

/** By name, or by octet with or without the bit of the FIPS series. */
function sameFormFactor(allowed: string, found: string): boolean {
  const [, name = '', octet = ''] = /^(?:(.*) \()?([0-9a-f]{2})\)?$/.exec(found) ?? []
  const shape = (Number.parseInt(octet, 16) & 0x7f).toString(16).padStart(2, '0')
  return [name, octet, shape].some((each) => each !== '' && sameText(allowed, each))
}
