import { describe, expect, it } from 'vitest'
import { HSM_TYPES } from '../hsm-type.ts'
import { advisoriesOn } from './advisories-on.ts'
import { builtInKnowledge } from './built-in-knowledge.ts'
import { caRulesOn } from './ca-rules-on.ts'
import { certificationOn } from './certification-on.ts'
import type { DeviceFacts } from './device-facts.ts'
import { compareVersions, describeRange, isWithin } from './version-range.ts'

const knowledge = builtInKnowledge()
const device = (hsmType: DeviceFacts['hsmType'], firmware?: string, more: Partial<DeviceFacts> = {}): DeviceFacts => ({
  hsmType,
  fipsSeries: 'yes',
  ...(firmware === undefined ? {} : { firmware }),
  ...more,
})

describe('FIPS 140 certification, by firmware and day', () => {
  const nshield = { approvals: ['FIPS140, 2, 3, MultiChipEmbedded'] }
  const unmarked = { fipsSeries: 'unknown' } as const
  // biome-ignore format: a table
  const rows: readonly (readonly [string, DeviceFacts, string, object])[] = [
    ['YubiKey 5 FIPS, the day before', device('YUBIKEY', '5.4.3'), '2026-09-20', { status: 'active', standard: '140-2', level: 2 }],
    ['YubiKey 5 FIPS, the day', device('YUBIKEY', '5.4.3'), '2026-09-21', { status: 'historical', standard: '140-2', level: 2, historicalFrom: '2026-09-21' }],
    ['YubiKey 5 FIPS, the older firmware', device('YUBIKEY', '5.4.2'), '2026-09-21', { status: 'historical' }],
    ['YubiKey 5 FIPS, a firmware between', device('YUBIKEY', '5.4.4'), '2026-03-01', { status: 'unknown' }],
    ['YubiKey 5.7.4 FIPS before Yubico spoke', device('YUBIKEY', '5.7.4'), '2026-03-01', { status: 'unknown', detail: expect.stringContaining('not known to be validated') }],
    ['YubiKey 5.7.4 FIPS after', device('YUBIKEY', '5.7.4'), '2026-11-29', { status: 'stated', standard: '140-3', from: '2026-05-26', detail: expect.stringContaining('not known to be validated') }],
    ['YubiKey 5, no FIPS series', device('YUBIKEY', '5.4.3', { fipsSeries: 'no' }), '2026-03-01', { status: 'none' }],
    ['YubiKey 5.4.3 whose series is not known', device('YUBIKEY', '5.4.3', unmarked), '2026-03-01', { status: 'unknown' }],
    ['YubiKey 4 FIPS', device('YUBIKEY', '4.4.5'), '2026-03-01', { status: 'active', certificate: '3517' }],
    ['YubiKey 4 FIPS since', device('YUBIKEY', '4.4.5'), '2026-11-29', { status: 'historical', certificate: '3517' }],
    ['YubiKey 4 FIPS, before it was certified', device('YUBIKEY', '4.4.5'), '2019-04-29', { status: 'unknown' }],
    ['YubiKey 4 FIPS, an older firmware', device('YUBIKEY', '4.4.4'), '2026-03-01', { status: 'active', inference: expect.any(String) }],
    ['YubiHSM 2 FIPS', device('YUBIHSM2', '2.2.0'), '2026-09-20', { status: 'active', certificate: '3916', level: 3, inference: expect.any(String) }],
    ['YubiHSM 2 FIPS since', device('YUBIHSM2', '2.4.1'), '2026-09-21', { status: 'historical', certificate: '3916' }],
    ['Luna 7.8.4', device('LUNA', '7.8.4', unmarked), '2026-11-29', { status: 'active', standard: '140-3', certificate: '4684' }],
    ['Luna 7.7.1', device('LUNA', '7.7.1', unmarked), '2026-11-29', { status: 'historical', standard: '140-2', certificate: '4090' }],
    ['Luna 7.9.0', device('LUNA', '7.9.0', unmarked), '2026-11-29', { status: 'unknown' }],
    ['nShield by its warrant', device('NSHIELD', undefined, nshield), '2026-03-01', { status: 'stated', standard: '140-2', level: 3 }],
    ['nShield by its warrant since', device('NSHIELD', undefined, nshield), '2026-11-29', { status: 'historical' }],
    ['nShield without an approval', device('NSHIELD', undefined, { approvals: [] }), '2026-03-01', { status: 'unknown' }],
    ['Fortanix', device('FORTANIX', undefined, unmarked), '2026-03-01', { status: 'stated', standard: '140-2' }],
    ['Google', device('MARVELL_GOOGLE'), '2026-03-01', { status: 'active', certificate: '4399' }],
    ['Google since', device('MARVELL_GOOGLE'), '2026-11-29', { status: 'historical', certificate: '4399' }],
    ['Google, a card not named for FIPS mode', device('MARVELL_GOOGLE', undefined, unmarked), '2026-03-01', { status: 'unknown' }],
  ]
  it.each(rows)('%s', (_name, facts, day, expected) => {
    expect(certificationOn(facts, day, knowledge)).toMatchObject(expected)
  })

  it('leaves out what rests on a guess if told so', () => {
    const guessed = knowledge.certifications.filter(({ inference }) => inference !== undefined)
    expect(guessed.length).toBeGreaterThan(0)
    const { status } = certificationOn(device('LUNA', '7.8.4'), '2026-11-29', knowledge, { ignoreInferences: true })
    expect(status).toBe('unknown')
  })

  it('is not claimed of any family for want of an answer', () => {
    for (const hsmType of HSM_TYPES)
      expect(
        certificationOn(device(hsmType, '0.0.1', { fipsSeries: 'unknown' }), '2026-11-29', knowledge).status,
      ).not.toBe('active')
  })
})

describe('advisories, by firmware, key and day', () => {
  // biome-ignore format: a table
  const rows: readonly (readonly [string, DeviceFacts, 'RSA' | 'EC', string, readonly string[]])[] = [
    ['EUCLEAK', device('YUBIKEY', '5.4.3'), 'EC', '2026-03-01', ['eucleak']],
    ['EUCLEAK before it was published', device('YUBIKEY', '5.4.3'), 'EC', '2024-09-02', []],
    ['EUCLEAK, the last firmware', device('YUBIKEY', '5.6.9'), 'EC', '2026-03-01', ['eucleak']],
    ['EUCLEAK, mended', device('YUBIKEY', '5.7.0'), 'EC', '2026-03-01', []],
    ['EUCLEAK spares RSA', device('YUBIKEY', '5.4.3'), 'RSA', '2026-03-01', []],
    ['EUCLEAK, a Bio', device('YUBIKEY', '5.7.1', { formFactor: '06' }), 'EC', '2026-03-01', ['eucleak']],
    ['EUCLEAK, a mended Bio', device('YUBIKEY', '5.7.2', { formFactor: '06' }), 'EC', '2026-03-01', []],
    ['EUCLEAK, YubiHSM 2', device('YUBIHSM2', '2.3.2'), 'EC', '2026-03-01', ['eucleak']],
    ['EUCLEAK, YubiHSM 2 mended', device('YUBIHSM2', '2.4.0'), 'EC', '2026-03-01', []],
    ['ROCA, first', device('YUBIKEY', '4.2.0', { fipsSeries: 'no' }), 'RSA', '2026-03-01', ['roca']],
    ['ROCA, last', device('YUBIKEY', '4.3.4', { fipsSeries: 'no' }), 'RSA', '2026-03-01', ['roca']],
    ['ROCA, mended', device('YUBIKEY', '4.3.5', { fipsSeries: 'no' }), 'RSA', '2026-03-01', []],
    ['ROCA spares EC, EUCLEAK does not', device('YUBIKEY', '4.3.4'), 'EC', '2026-03-01', ['eucleak']],
    ['YubiKey FIPS after power-up', device('YUBIKEY', '4.4.4'), 'RSA', '2026-03-01', ['ysa-2019-02']],
    ['YubiKey FIPS after power-up, mended', device('YUBIKEY', '4.4.5'), 'RSA', '2026-03-01', []],
    ['no firmware, no answer', device('YUBIKEY'), 'EC', '2026-03-01', []],
    ['other families', device('LUNA', '7.8.4'), 'EC', '2026-03-01', []],
  ]
  it.each(rows)('%s', (_name, facts, keyType, day, ids) => {
    expect(advisoriesOn({ ...facts, keyType }, day, knowledge).map(({ row }) => row.id)).toEqual(ids)
  })

  it('EUCLEAK touches an RSA key whose device attests with an EC key, and says which', () => {
    const facts = { ...device('YUBIKEY', '5.4.3'), keyType: 'RSA', attestationKeyType: 'EC' } as const
    expect(advisoriesOn(facts, '2026-03-01', knowledge)).toMatchObject([
      { of: 'attestation-key', row: { id: 'eucleak' } },
    ])
  })
})

describe('rules of CAs, by day', () => {
  const daysOn = (day: string): readonly (number | undefined)[] =>
    caRulesOn('code-signing', day, knowledge).flatMap(({ maximumDays }) => maximumDays ?? [])
  it('limit code signing to 460 days from 2026-03-01, and document signing not', () => {
    expect(daysOn('2026-02-28')).toEqual([])
    expect(daysOn('2026-03-01')).toEqual([460])
    expect(caRulesOn('document-signing', '2026-03-01', knowledge)).toMatchObject([{ rsaMinimumBits: 2048 }])
  })
})

describe('the tables', () => {
  const rows = [...knowledge.certifications, ...knowledge.advisories, ...knowledge.caRules]
  it('have a source and a date in every row', () => {
    for (const { source, checked } of rows) {
      expect(source.length).toBeGreaterThan(10)
      expect(checked).toMatch(/^\d{4}-\d\d-\d\d$/)
      expect(checked <= knowledge.issued).toBe(true)
    }
  })
})

describe('versions', () => {
  it('compare by number, part by part', () => {
    expect(compareVersions('5.10.0', '5.9.9')).toBeGreaterThan(0)
    expect(compareVersions('5.7', '5.7.0')).toBe(0)
    expect(compareVersions('5.7.x', '5.7.0')).toBeUndefined()
    expect(isWithin('x', { from: '1.0' })).toBeUndefined()
    expect(isWithin(undefined, {})).toBeUndefined()
    expect(isWithin('1.0', {})).toBe(true)
  })

  it('are described as people write them', () => {
    expect(
      [{ before: '5.7.0' }, { from: '5.4.2', to: '5.4.3' }, { from: '5.7.0' }, { to: '5.4.3' }, {}].map(describeRange),
    ).toEqual(['before 5.7.0', '5.4.2 to 5.4.3', '5.7.0 and later', 'up to 5.4.3', 'any firmware'])
  })
})
