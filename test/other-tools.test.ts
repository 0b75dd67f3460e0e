import { describe, expect, it } from 'vitest'
import { type Oddity, OTHER_TOOLS } from '../src/knowledge/other-tools.ts'
import { sharedFolder } from './shared-folder.ts'
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
