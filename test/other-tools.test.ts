import { describe, expect, it } from 'vitest'
import { checkAttestation } from '../src/check/check-attestation.ts'
import { type Oddity, OTHER_TOOLS } from '../src/knowledge/other-tools.ts'
import type { SyntheticEvidence } from '../src/sandbox/synthetic-evidence.ts'
import { sharedFolder } from './shared-folder.ts'
import { SYNTHETIC_EVIDENCE } from './tools/corpus.ts'
import { runVectors } from './tools/run-vectors.ts'

const folder = sharedFolder('vectors')

/** What a person finds in the files with `openssl x509 -text` and `openssl asn1parse`. */
const ROWS: readonly (readonly [id: string, oddities: readonly Oddity[]])[] = [
  ['thales-rsa', ['explicit-critical-false', 'critical-key-purposes', 'older-chrysalis-root', 'ordered-certificates']],
  ['ovh-4.3.5-rsa2048', ['no-basic-constraints']],
  ['sigstore-10550341', []],
  ['gopiv-5.4.3-p256', []],
  ['tmc-csr_5_7_4_standard', ['year-9999']],
  ['tmc-unit-5', []],
]

describe.runIf(folder !== undefined)('what other tools make of real evidence', () => {
  const outcomes = folder === undefined ? [] : runVectors(folder)
  it.each(ROWS)('%s', (id, oddities) => {
    const notes = outcomes.find((outcome) => outcome.id === id)?.result?.notes ?? []
    const found = OTHER_TOOLS.filter(({ note }) => notes.some((each) => each.includes(note))).map((row) => row.id)
    expect(found).toEqual(oddities)
  })
})

/** The oddities of r and s that the verdict of the specimen of this name tells. */
function numbersOf(specimens: readonly SyntheticEvidence[], name: string): readonly Oddity[] {
  const evidence = specimens.find((each) => each.name === name)
  if (evidence === undefined) throw new Error(`no specimen ${name}`)
  const { package: package_, trustAnchors } = evidence
  const { notes = [] } = checkAttestation({ package: package_, trustAnchors, now: Date.parse('2026-11-22T00:00:00Z') })
  const told = OTHER_TOOLS.filter(({ note }) => notes.some((each) => each.includes(note))).map(({ id }) => id)
  return told.filter((id) => id.endsWith('signature-numbers'))
}

describe('what other tools make of r and s as a Luna writes them', () => {
  const luna = SYNTHETIC_EVIDENCE.LUNA()
  it.each([
    ['EC, three certificates, unsigned r and s', ['unsigned-signature-numbers']],
    ['EC, signature in plain DER', []],
  ])('%s', (name, oddities) => {
    expect(numbersOf(luna, name)).toEqual(oddities)
  })

  it('a zero octet in front, beside which the other one may be unsigned', () => {
    expect(numbersOf(luna, 'EC, three certificates, r or s begins with a zero octet')).toContain(
      'padded-signature-numbers',
    )
  })
})
