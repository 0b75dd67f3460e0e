import { describe, expect, it } from 'vitest'
import { nshield } from '../../attestation/nshield.ts'
import type { FamilyVerdict } from '../../attestation/verify-attestation.ts'
import { builtInTrustAnchors } from '../../trust-anchors/trust-anchors.ts'
import type { SyntheticEvidence } from '../synthetic-evidence.ts'
import { syntheticEvidence } from './synthetic-evidence.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')

const verify = (
  { package: package_, certChains }: SyntheticEvidence,
  trustAnchors: SyntheticEvidence['trustAnchors'],
) => nshield.verify(package_, { trustAnchors, now: NOW, ...(certChains === undefined ? {} : { certChains }) })

const failures = ({ checks }: FamilyVerdict) =>
  checks.filter(({ group, status }) => group === 'attestation' && status === 'fail')

describe('NSHIELD evidence under test roots', () => {
  for (const evidence of syntheticEvidence()) {
    it(`${evidence.expect === 'refuse' ? 'refuses' : 'accepts'}: ${evidence.name}`, () => {
      const verdict = verify(evidence, evidence.trustAnchors)
      expect(verdict.genuine).toBe(evidence.expect === 'genuine')
      // The first failure is the cause that a person reads first.
      expect(failures(verdict)[0]?.id).toBe(evidence.failedCheck)
      for (const failure of failures(verdict)) {
        expect(failure.detail).toMatch(/\w/)
        expect(failure.remedy).toMatch(/\w/)
        expect(failure.source).toMatch(/\w/)
      }
    })

    it(`never accepts under the built-in anchors: ${evidence.name}`, () => {
      const verdict = verify(evidence, builtInTrustAnchors('NSHIELD'))
      expect(verdict.genuine).toBe(false)
      expect(verdict.trustAnchor).toBeUndefined()
    })

    it(`is recognised: ${evidence.name}`, () => expect(nshield.recognises(evidence.package)).toBe(true))
  }
})
