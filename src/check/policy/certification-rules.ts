import type { Advisory, AttestedDevice, Check } from '../../attestation/contract/attestation-result.ts'
import type { PolicyProfile, Severity } from './policy-profile.ts'
import { POLICY_RULES, type PolicyRule } from './policy-rules.ts'

/** What the profile makes of the device's FIPS 140 validation. Never throws. */
export function checkCertification({ fips, certification }: AttestedDevice, profile: PolicyProfile): readonly Check[] {
  const checks: Check[] = []
  const apply = (rule: PolicyRule, severity: Severity | 'accept', holds: boolean, detail: string): void => {
    if (severity === 'off') return
    const { id, remedy } = rule
    const group = 'policy'
    const source = certification?.source ?? rule.source
    if (holds || severity === 'accept') checks.push({ id, group, detail, source, status: 'pass' })
    else checks.push({ id, group, detail, source, status: severity === 'refuse' ? 'fail' : 'warn', remedy })
  }
  const status = certification?.status
  apply(
    POLICY_RULES.fips,
    fips === 'unknown' ? profile.fipsUnknown : profile.fips,
    fips === 'certified' || fips === 'historical',
    describe(fips, certification),
  )
  if (status === 'historical' && profile.fips !== 'off') {
    const detail = `${certification?.detail}; nobody outside the CA knows whether it still takes such a device`
    apply(POLICY_RULES.fipsHistorical, profile.fipsHistorical, false, detail)
  }
  const { fipsStandard: wanted } = profile
  if (wanted === 'any') return checks
  const known = status === 'active' || status === 'historical'
  apply(
    POLICY_RULES.fipsStandard,
    known || status === 'none' ? 'refuse' : profile.fipsUnknown,
    known && certification?.standard === wanted,
    `FIPS ${wanted} is wanted: ${certification?.detail ?? describe(fips, undefined)}`,
  )
  return checks
}

const SAYING: Readonly<Record<AttestedDevice['fips'], string>> = {
  certified: 'FIPS-certified',
  historical: 'was FIPS-certified',
  'not-certified': 'the device is not of a FIPS-certified series',
  unknown: 'the evidence does not say whether the device is FIPS-certified',
}

/** The table speaks of the series or firmware; whether this very device runs as it was validated, evidence may leave open. */
function describe(fips: AttestedDevice['fips'], certification: AttestedDevice['certification']): string {
  if (certification === undefined || fips === 'not-certified') return SAYING[fips]
  const { status, detail } = certification
  const isOfOthers = status === 'active' || status === 'historical'
  return fips === 'unknown' && isOfOthers ? `not known to be run as validated (${detail})` : detail
}

/** Published weaknesses that the device falls under; ROCA is a rule of its own. Never throws. */
export function checkAdvisories(
  found: readonly (Advisory & { readonly remedy: string })[],
  { advisories: { all, byId } }: PolicyProfile,
): readonly Check[] {
  return found.flatMap(({ id, name, references, affects, proves, source, remedy }): Check[] => {
    const severity = byId[id] ?? all
    if (id === 'roca' || severity === 'off') return []
    const whose = affects === 'attested-key' ? 'the key' : 'the key by which the device attests'
    return [
      {
        id: `policy.advisory.${id}`,
        group: 'policy',
        status: severity === 'refuse' ? 'fail' : 'warn',
        detail: `${name} (${references.join(', ')}) affects ${whose}; the evidence proves ${proves}`,
        remedy,
        source,
      },
    ]
  })
}
