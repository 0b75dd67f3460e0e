import { describe, expect, it } from 'vitest'
import type { FamilyVerdict } from '../../src/attestation/contract/verify-attestation.ts'
import { VERIFIERS } from '../../src/attestation/verifiers.ts'
import type { SyntheticEvidence } from '../../src/sandbox/synthetic-evidence.ts'
import { builtInTrustAnchors } from '../../src/trust-anchors/trust-anchors.ts'
import { SYNTHETIC_EVIDENCE } from '../tools/corpus.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')

const verify = (
  { hsmType, package: package_, certChains }: SyntheticEvidence,
  trustAnchors: SyntheticEvidence['trustAnchors'],
): FamilyVerdict =>
  VERIFIERS[hsmType].verify(package_, {
    trustAnchors,
    now: NOW,
    ...(certChains === undefined ? {} : { certChains }),
  })

const failures = ({ checks }: FamilyVerdict) =>
  checks.filter(({ group, status }) => group === 'attestation' && status === 'fail')

describe.each(Object.entries(SYNTHETIC_EVIDENCE))('%s evidence under test roots', (hsmType, syntheticEvidence) => {
  for (const evidence of syntheticEvidence()) {
    it(`${evidence.expect === 'refuse' ? 'refuses' : 'accepts'}: ${evidence.name}`, () => {
      const verdict = verify(evidence, evidence.trustAnchors)
      expect(verdict.hsmType).toBe(hsmType)
      expect(verdict.genuine).toBe(evidence.expect !== 'refuse')
      if (verdict.genuine) expect(verdict.claims.extractable).toBe(evidence.expect === 'genuine-but-exportable')
      // The first failure is the cause that a person reads first.
      expect(failures(verdict)[0]?.id).toBe(evidence.failedCheck)
      for (const failure of failures(verdict)) {
        expect(failure.detail).toMatch(/\w/)
        expect(failure.remedy).toMatch(/\w/)
        expect(failure.source).toMatch(/\w/)
      }
    })

    it(`never accepts under the built-in anchors: ${evidence.name}`, () => {
      const verdict = verify(evidence, builtInTrustAnchors(evidence.hsmType))
      expect(verdict.genuine).toBe(false)
      expect(verdict.trustAnchor).toBeUndefined()
    })

    it(`is recognised: ${evidence.name}`, () =>
      expect(VERIFIERS[evidence.hsmType].recognises(evidence.package)).toBe(true))
  }
})
