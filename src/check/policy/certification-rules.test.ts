import { describe, expect, it } from 'vitest'
import type { AttestedDevice } from '../../attestation/contract/attestation-result.ts'
import { builtInKnowledge } from '../../knowledge/built-in-knowledge.ts'
import { certificationOn } from '../../knowledge/certification-on.ts'
import type { DeviceFacts } from '../../knowledge/device-facts.ts'
import { checkCertification } from './certification-rules.ts'
import { policyProfile } from './policy-profile.ts'

const said = (facts: DeviceFacts): string => {
  const certification = certificationOn(facts, '2026-11-29', builtInKnowledge(), { ignoreInferences: false })
  const device: AttestedDevice = { vendor: 'V', model: 'M', fips: 'unknown', certification }
  return checkCertification(device, policyProfile('document-signing'))[0]?.detail ?? ''
}

describe('what is not known of a device', () => {
  it('is said once, whether the tables know its series or not', () => {
    const ofNoRow = said({ hsmType: 'NSHIELD', firmware: '1.0', fipsSeries: 'unknown' })
    expect(ofNoRow).toContain('not known to be validated')
    const ofARow = said({ hsmType: 'LUNA', firmware: '7.8.4', fipsSeries: 'unknown' })
    expect(ofARow).toContain('not known to be run as validated (FIPS 140')
    for (const words of [ofNoRow, ofARow]) expect(words.match(/not known/g), words).toHaveLength(1)
  })
})
