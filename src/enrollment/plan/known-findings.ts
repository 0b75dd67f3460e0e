import type { DeviceDescription, KeyAlgorithm } from '../../../devices/device.ts'
import type { AttestedDevice, Check } from '../../attestation/contract/attestation-result.ts'
import { deviceOn } from '../../check/known-on.ts'
import { checkAdvisories, checkCertification } from '../../check/policy/certification-rules.ts'
import { configuredPolicy } from '../../check/policy/configured-policy.ts'
import { checkExpected } from '../../check/policy/expected-device.ts'
import type { PolicyProfile } from '../../check/policy/policy-profile.ts'
import { POLICY_RULES } from '../../check/policy/policy-rules.ts'
import type { Configuration } from '../../config/configuration.ts'
import { keyProfile, orderForm } from '../../config/profile.ts'
import type { HsmType } from '../../hsm-type.ts'
import { caRulesOn } from '../../knowledge/ca-rules-on.ts'
import type { Knowledge } from '../../knowledge/knowledge.ts'
import { compareVersions, describeRange, type VersionRange } from '../../knowledge/version-range.ts'
import type { Finding } from './finding.ts'

/** As of which day (YYYY-MM-DD), and by which tables. */
export interface Known {
  readonly day: string
  readonly knowledge: Knowledge
}

const keyTypeOf = (algorithm: KeyAlgorithm): 'RSA' | 'EC' => (algorithm.startsWith('RSA') ? 'RSA' : 'EC')

/** What the tables say of a profile, its device unseen. Throws EnrollError `config.value`. */
export function profileFindings(configuration: Configuration, hsmType: HsmType, known: Known): readonly Finding[] {
  const policy = configuredPolicy(configuration, known.knowledge)
  return [
    ...(configuration.text('policy.fips') === undefined ? [FIPS_NOT_DECIDED] : []),
    ...ruleFindings(configuration, policy, known),
    ...familyAdvisories(hsmType, keyTypeOf(keyProfile(configuration).algorithm), policy, known),
    ...(hsmType === 'MARVELL_GOOGLE' && configuration.text('device.uri')?.includes('/cryptoKeys/') ? [NO_PSS] : []),
  ]
}

/** Only the device can show what it is; that it will be refused for it must not be news once it is open. */
const FIPS_NOT_DECIDED: Finding = {
  area: 'device',
  severity: 'warning',
  code: POLICY_RULES.fips.id,
  message: 'policy.fips is not set: a device that is known not to be FIPS-certified will be refused',
  remedy: 'Set policy.fips to refuse, warn or off.',
}

/** A request signed with RSASSA-PSS is refused by policy.request.hash, and a key of Cloud KMS signs in one way only. */
const NO_PSS: Finding = {
  area: 'device',
  severity: 'warning',
  code: 'key.wrong-type',
  message:
    'the profile specifies a key of Cloud KMS: one with an RSA_SIGN_PSS algorithm cannot be used, since it signs with PSS only',
  remedy:
    'Check that its algorithm starts with RSA_SIGN_PKCS1 or EC_SIGN_P (gcloud kms keys describe), or create another key.',
}

function ruleFindings(
  configuration: Configuration,
  policy: PolicyProfile,
  { day, knowledge }: Known,
): readonly Finding[] {
  const days = Number(orderForm(configuration).days)
  const { algorithm } = keyProfile(configuration)
  const bits = algorithm.startsWith('RSA-') ? Number(algorithm.slice(4)) : undefined
  return caRulesOn(policy.name, day, knowledge).flatMap(({ maximumDays, rsaMinimumBits, source, from }): Finding[] => {
    const common = { area: 'order', severity: 'warning' } as const
    if (maximumDays !== undefined && days > maximumDays)
      return [
        {
          ...common,
          code: 'policy.order.days',
          parameter: 'days',
          message: `${days} days are more than the ${maximumDays} days allowed for ${policy.name} certificates since ${from} (${source})`,
          remedy: `Order ${maximumDays} days or fewer; the CA may refuse more, or issue fewer.`,
        },
      ]
    if (rsaMinimumBits !== undefined && bits !== undefined && bits < rsaMinimumBits)
      return [
        {
          ...common,
          code: 'policy.key.size',
          message: `${algorithm} is below the ${rsaMinimumBits} bits that certificates for ${policy.name} need since ${from} (${source})`,
          remedy: 'Choose another key.algorithm.',
        },
      ]
    return []
  })
}

/** The firmware is not known yet: whoever has the range in hand should know before a key is made. */
function familyAdvisories(
  hsmType: HsmType,
  keyType: 'RSA' | 'EC',
  { advisories: { all, byId }, expect }: PolicyProfile,
  { day, knowledge }: Known,
): readonly Finding[] {
  const seen = new Set<string>()
  return knowledge.advisories.flatMap((row): Finding[] => {
    const { id, name, references, firmware, published, remedy } = row
    if (row.hsmType !== hsmType || row.shownBy !== 'firmware' || day < published || seen.has(id)) return []
    if (!row.keyTypes.includes(keyType) || (byId[id] ?? all) === 'off') return []
    if (isRuledOut(firmware, expect.firmware)) return []
    seen.add(id)
    const message = `if the firmware is ${describeRange(firmware ?? {})}${row.fipsSeries ? ' (FIPS series)' : ''}${row.formFactors ? ` and the form factor ${row.formFactors.join(' or ')}` : ''}, ${keyType} keys fall under ${name} (${references.join(', ')})`
    return [{ area: 'device', severity: 'warning', code: `policy.advisory.${id}`, message, remedy }]
  })
}

/** A profile that takes no firmware of the range will be refused before a key. */
function isRuledOut({ before, to }: VersionRange = {}, { from }: VersionRange = {}): boolean {
  if (from === undefined) return false
  if (before !== undefined) return (compareVersions(from, before) ?? -1) >= 0
  return to !== undefined && (compareVersions(from, to) ?? 0) > 0
}

/** What the tables and the profile say of a device that has described itself. Throws EnrollError `config.value`. */
export function describedDeviceFindings(
  description: DeviceDescription,
  configuration: Configuration,
  { day, knowledge }: Known,
): readonly Finding[] {
  const { hsmType, vendor, model, serial, firmware } = description
  const policy = configuredPolicy(configuration, knowledge)
  const said: AttestedDevice = {
    vendor,
    model,
    fips: markOf(description),
    ...(serial && { serial }),
    ...(firmware && { firmware }),
  }
  const keyType = keyTypeOf(keyProfile(configuration).algorithm)
  const { device, advisories } = deviceOn(
    { hsmType, device: said, keyType },
    day,
    knowledge,
    policy.inferences === 'ignore',
  )
  const { serials, firmware: range } = policy.expect
  const shown = {
    ...(serials && serial !== undefined ? { serials } : {}),
    ...(range && firmware !== undefined ? { firmware: range } : {}),
  }
  const found = [
    ...checkCertification(device, beforeEvidence(hsmType, policy)),
    ...checkAdvisories(advisories, policy),
    ...checkExpected(shown, { device, claims: {} }),
  ].map(findingOf)
  return isUndecided(said, hsmType, configuration) ? [...found, FIPS_UNDECIDED] : found
}

/** Their evidence says more of the device than the device itself: what is not known yet is not refused yet. */
const SAID_BY_EVIDENCE: readonly HsmType[] = ['NSHIELD', 'MARVELL_GOOGLE']

function beforeEvidence(hsmType: HsmType, policy: PolicyProfile): PolicyProfile {
  const isEarly = SAID_BY_EVIDENCE.includes(hsmType) && policy.fipsUnknown === 'refuse'
  return isEarly ? { ...policy, fipsUnknown: 'warn' } : policy
}

/** Will the evidence say "not certified", for all that is known, and be refused for what nobody has decided? */
const isUndecided = ({ fips }: AttestedDevice, hsmType: HsmType, configuration: Configuration): boolean =>
  fips === 'unknown' && isYubico(hsmType) && configuration.text('policy.fips') === undefined

const FIPS_UNDECIDED: Finding = {
  area: 'device',
  severity: 'blocker',
  code: POLICY_RULES.fips.id,
  message:
    'policy.fips is not set, and whether the device is FIPS-certified shows only once it has generated a key, which might then be refused',
  remedy: 'Set policy.fips to refuse, warn or off.',
}

/** Only where the device reads it from what its evidence will say, too: a service's word on its own mode is another thing. */
const markOf = ({ hsmType, fips }: DeviceDescription): AttestedDevice['fips'] => (isYubico(hsmType) ? fips : 'unknown')

const isYubico = (hsmType: HsmType): boolean => hsmType === 'YUBIKEY' || hsmType === 'YUBIHSM2'

const findingOf = ({ id, status, detail, remedy = '' }: Check): Finding =>
  status === 'fail' || status === 'warn'
    ? { area: 'device', severity: status === 'fail' ? 'blocker' : 'warning', code: id, message: detail, remedy }
    : { area: 'device', severity: 'ok', message: detail }
