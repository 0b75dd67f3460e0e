import { describe, expect, it } from 'vitest'
import { sharedFolder } from './shared-folder.ts'
import { runVectors } from './tools/run-vectors.ts'

const folder = sharedFolder('vectors')
const NOW = Date.parse('2026-11-29')

/** The word before and after 2026-09-21, what the tables know of the device, and the advisories: as found by hand in the sources. */
type Row = readonly [id: string, before: string, after: string, certification: string, advisories: readonly string[]]
const PLAIN = ['not-certified', 'not-certified', 'none'] as const
const EUCLEAK = ['eucleak']
// biome-ignore format: a table
const ROWS: readonly Row[] = [
  ['gopiv-5.4.3-p256', ...PLAIN, EUCLEAK],
  ['gopiv-mismatch-a', ...PLAIN, EUCLEAK],
  ['sigstore-10550341', 'certified', 'historical', 'historical 140-2 2 3517', EUCLEAK],
  ['sigstore-13078778', ...PLAIN, EUCLEAK],
  ['sigstore-13078782', ...PLAIN, EUCLEAK],
  ['sigstore-15938791', ...PLAIN, EUCLEAK],
  ['sigstore-18158855', ...PLAIN, EUCLEAK],
  ['ovh-4.3.5-rsa2048', ...PLAIN, []],
  ['bastion-test-5.1.2-rsa2048', ...PLAIN, []],
  ['goykpiv-4.4.5-rsa2048', ...PLAIN, []],
  ['pivit-5.1.2-p384-9e', ...PLAIN, EUCLEAK],
  ['sigstoredocs-0', ...PLAIN, EUCLEAK],
  ['tmc-5_2_7', ...PLAIN, []],
  ['tmc-attestation_1', ...PLAIN, EUCLEAK],
  ['tmc-attestation_11', ...PLAIN, EUCLEAK],
  ['tmc-csr_5_7_4_standard', ...PLAIN, []],
  ['tmc-unit-0', ...PLAIN, []],
  ['tmc-unit-3', ...PLAIN, EUCLEAK],
  // Extensions that cannot be read.
  ['tmc-unit-5', 'unknown', 'unknown', 'unknown', []],
  ['tmc-unit-6', ...PLAIN, []],
  ['ipxe-5.4.3-fips-9a', 'certified', 'historical', 'historical 140-2 2', EUCLEAK],
  ['psyk-5.4.3-9a', ...PLAIN, EUCLEAK],
  ['psyk-plain', ...PLAIN, EUCLEAK],
  ['psyk-csr-legacy', ...PLAIN, EUCLEAK],
  ['psyk-csr-standard', ...PLAIN, EUCLEAK],
  ['psyk-csr-plain', ...PLAIN, EUCLEAK],
  ['privacyidea-5.1.2-rsa2048', ...PLAIN, []],
  ['docker-5.4.3-fips-p384', 'certified', 'historical', 'historical 140-2 2', EUCLEAK],
  ['gillstrom-20783176-rsa4096', 'certified', 'historical', 'historical 140-2 3 3916', []],
  ['darkbio-31650558-rsa2048', ...PLAIN, []],
  // Without the device certificate nothing shows the series.
  ['yubico-docs-rsa2048', 'unknown', 'unknown', 'unknown', []],
  ['thales-rsa', 'unknown', 'unknown', 'active 140-3 3 4684', []],
  ['entrust-softcard-ec', 'unknown', 'historical', 'historical 140-2 3', []],
  ['smallstep-ec', 'certified', 'historical', 'historical 140-2 3 4399', []],
  ['smallstep-rsa', 'certified', 'historical', 'historical 140-2 3 4399', []],
  ['smallstep-aes', 'certified', 'historical', 'historical 140-2 3 4399', []],
  ['peculiar-rsa4096-imported', 'unknown', 'unknown', 'unknown', []],
  ['fortanix-docs-sample', 'unknown', 'unknown', 'historical 140-2 3', []],
]

describe.runIf(folder !== undefined)('attestations of real devices, by day', () => {
  const judgedOn = (day: string) =>
    new Map((folder === undefined ? [] : runVectors(folder, NOW, day)).map(({ id, result }) => [id, result]))
  const before = judgedOn('2026-09-20')
  const after = judgedOn('2026-09-21')

  it('are all in the table, but for those that cannot be read at all', () => {
    const judged = [...after].flatMap(([id, result]) => (result === undefined ? [] : [id]))
    expect(judged.filter((id) => !ROWS.some(([known]) => known === id))).toEqual([])
    expect(ROWS.map(([id]) => id).filter((id) => !judged.includes(id))).toEqual([])
  })

  it('none contradicts itself', () => {
    const doubted = [...after].flatMap(([id, result]) =>
      (result?.checks ?? []).flatMap(({ id: rule, detail }) =>
        rule.startsWith('policy.plausible.') ? [`${id}: ${detail}`] : [],
      ),
    )
    expect(doubted).toEqual([])
  })

  it.each(ROWS)('%s', (id, wordBefore, wordAfter, certification, advisories) => {
    const [early, late] = [before.get(id), after.get(id)]
    expect([early?.device.fips, late?.device.fips]).toEqual([wordBefore, wordAfter])
    const { status, standard, level, certificate } = late?.device.certification ?? {}
    expect([status, standard, level, certificate].filter((part) => part !== undefined).join(' ')).toBe(certification)
    expect(late?.advisories?.map((advisory) => advisory.id)).toEqual(advisories)
    expect(early?.knowledge).toEqual({ on: '2026-09-20', issued: '2026-11-29', serial: 1, origin: 'built-in' })
    expect(early?.genuine).toBe(late?.genuine)
  })
})
