import { describe, expect, it } from 'vitest'
import type { BundleCheck, BundleCheckId } from '../../src/bundle/bundle-verdict.ts'
import type { JudgedEvidence } from '../../src/bundle/judge-run.ts'
import { sentencesOf } from '../../src/bundle/what-it-proves.ts'

const EVIDENCE: JudgedEvidence = {
  device: 'Yubico YubiHSM 2',
  key: 'EC P-256',
  anchor: 'a root',
  asOf: '2026-01-01T00:00:00.000Z',
  isGenerated: true,
  isKept: true,
}
const ALL = ['container', 'statement', 'files', 'journal', 'evidence'] as const
const said = (evidence: JudgedEvidence, failed?: BundleCheckId) => {
  const checks = ALL.map((id): BundleCheck => ({ id, part: '', status: id === failed ? 'fail' : 'pass', detail: '' }))
  const { proves, doesNotProve } = sentencesOf({
    checks,
    evidence,
    signatures: [],
    timestamps: [],
    ceremony: undefined,
    witnesses: undefined,
  })
  return { proves: proves.join('\n'), not: doesNotProve.join('\n') }
}

describe('what a bundle is said to prove', () => {
  it('of the key is no more than its evidence says', () => {
    expect(said(EVIDENCE).proves).toContain('was generated in hardware that does not let it out')
    const exportable = said({ ...EVIDENCE, isKept: false })
    expect(exportable.proves).not.toContain('let it out')
    expect(exportable.not).toContain('That the key cannot leave the device')
    const imported = said({ ...EVIDENCE, isGenerated: false })
    expect(imported.proves).not.toContain('was generated')
    expect(imported.not).toContain('That the key was generated on the device')
  })

  it.each(ALL)('is nothing of the key once the check "%s" fails', (failed) => {
    expect(said(EVIDENCE, failed).proves).not.toContain('hardware')
  })

  it('is never who was present, when the key was generated, or that the device still holds it', () => {
    expect(said(EVIDENCE).not).toMatch(/Who was present[\s\S]*When the key was generated[\s\S]*still holds the key/)
  })
})
