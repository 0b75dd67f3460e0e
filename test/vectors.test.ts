import { describe, expect, it } from 'vitest'
import { HSM_TYPES } from '../src/hsm-type.ts'
import { sharedFolder } from './shared-folder.ts'
import { runVectors } from './tools/run-vectors.ts'

const folder = sharedFolder('vectors')
/** The manifest says what held then; the certificate of Google in one of the rows ends in April 2028. */
const NOW = Date.parse('2026-11-29T00:00:00Z')

describe.runIf(folder !== undefined)('attestations of real devices', () => {
  const outcomes = folder === undefined ? [] : runVectors(folder, NOW)

  it('are of families that are known here', () => {
    expect(outcomes.filter(({ hsmType }) => !HSM_TYPES.some((known) => known === hsmType))).toEqual([])
  })

  it.each(HSM_TYPES)('%s: each is what the manifest says, with the claims of the manifest', (hsmType) => {
    const own = outcomes.filter((outcome) => outcome.hsmType === hsmType)
    expect(own.length).toBeGreaterThan(0)
    expect(own.filter(({ ok }) => !ok)).toEqual([])
    for (const { id, got, expected } of own) expect(got, id).toBe(expected)
  })
})
