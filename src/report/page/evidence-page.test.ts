import { describe, expect, it } from 'vitest'
import type { AttestationResult } from '../../attestation/contract/attestation-result.ts'
import type { CheckId } from '../../attestation/contract/check-ids.ts'
import type { CeremonySummary } from '../ceremony-summary.ts'
import type { EvidenceReport } from '../evidence-report.ts'
import { LETTERS } from '../letters/letters.ts'
import { letterFacts, letterHtml, letterMarkdown } from '../letters/write-letter.ts'
import { evidencePage } from './evidence-page.ts'

const HOSTILE = `<script>alert(1)</script>"'&\u202egpj\u2066\u061c\u009b2J\u001b[2J`
/** What turns a line, and what moves a terminal that shows the file. */
const MISLEADING = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u

const report: EvidenceReport = {
  run: HOSTILE,
  program: 'hsm-enroll',
  made: '2026-01-01T00:00:00.000Z',
  record: {
    state: 'issued',
    startedAt: '',
    updatedAt: '',
    settings: {},
    test: false,
    device: true,
    keyLabel: HOSTILE,
    keyId: '',
    keyLocation: HOSTILE,
    orderNumber: HOSTILE,
  },
  journalHead: 'ab',
  journal: [{ seq: 1, time: HOSTILE, event: { type: 'failed', code: '', message: '' }, previous: '', hash: HOSTILE }],
  artefacts: [{ file: HOSTILE, sha256: HOSTILE, intact: false }],
  verdict: {
    hsmType: 'YUBIKEY',
    genuine: false,
    acceptable: false,
    device: { vendor: HOSTILE, fips: 'unknown' },
    claims: {},
    chain: [{ subject: HOSTILE, issuer: HOSTILE, sha256: HOSTILE }],
    checks: [{ id: HOSTILE as CheckId, group: 'attestation', status: 'fail', detail: HOSTILE, source: HOSTILE }],
  },
}

describe('the HTML report', () => {
  it('escapes everything that comes from outside', () => {
    const html = evidencePage(report)
    expect(html).not.toContain('<script')
    expect(html.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(8)
  })

  it('shows what would turn a line, and control characters, as what they are', () => {
    const html = evidencePage(report)
    expect(html).not.toMatch(MISLEADING)
    expect(html).toContain('\\u202egpj\\u2066\\u61c\\x9b2J\\x1b[2J')
  })

  it('fetches nothing and says so to the browser', () => {
    expect(evidencePage(report)).toContain("default-src 'none'")
  })

  it('does not hide a file that was changed', () => {
    expect(evidencePage(report)).toContain('<td class="fail">NO</td>')
  })

  it('shows device, key and claims, and what was relaxed', () => {
    const html = evidencePage({
      ...report,
      record: { ...report.record, settings: { 'device.uri': 'yubikey:', 'policy.fips': 'warn' } },
      verdict: {
        hsmType: 'YUBIKEY',
        genuine: true,
        acceptable: true,
        attestedKey: { type: 'EC', curve: 'P-384', spkiSha256: 'cd' },
        device: { vendor: 'Yubico', model: 'YubiKey 5', serial: '123', firmware: '5.4.3', fips: 'not-certified' },
        claims: { neverExtractable: true, permissions: ['a', 'b'] },
        trustAnchor: { name: 'mine', spkiSha256: 'ef', origin: 'user' },
        chain: [],
        checks: [],
      },
    })
    for (const text of ['YubiKey 5', '5.4.3', 'EC P-384', 'Claim: neverExtractable', 'a, b', 'policy.fips: warn'])
      expect(html).toContain(text)
    expect(html).toContain('not in a built-in key of the vendor')
  })

  it('says that a verdict was changed, and when there was none', () => {
    const { verdict: _, ...unjudged } = report
    expect(evidencePage(unjudged)).toContain('was not judged in this run')
    const changed = { file: 'check.json', sha256: 'ab' }
    expect(
      evidencePage({
        ...unjudged,
        record: { ...unjudged.record, checkResult: changed },
        artefacts: [{ ...changed, intact: false }],
      }),
    ).toContain('is not the one that was recorded')
  })

  it('names the reason of an unknown outcome and of a refusal', () => {
    const record = {
      ...report.record,
      unknownReason: 'the reply was lost',
      refusal: { code: -15, message: 'Not enough credit!', cause: '', remedy: '', final: true },
    }
    const html = evidencePage({ ...report, record })
    expect(html).toContain('the reply was lost')
    expect(html).toContain('-15: Not enough credit!')
  })

  it('escapes what people typed in a ceremony, and names a person as text alone', () => {
    const html = evidencePage(report, {
      ...CEREMONY,
      title: HOSTILE,
      people: [{ role: HOSTILE, name: HOSTILE, qualification: HOSTILE }],
      events: [{ time: HOSTILE, kind: 'digression', by: HOSTILE, text: HOSTILE }],
      tool: [[HOSTILE, HOSTILE]],
    })
    expect(html).not.toContain('<script')
    expect(html).not.toMatch(/<[^>]*alert\(1\)[^>]*"'/)
    expect(html.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(15)
  })

  it('ticks a clause only where its checks hold, and never for a rehearsal without people', () => {
    const kept = { ...report, verdict: KEPT }
    expect(ticksOf(evidencePage(report, CEREMONY))).toEqual([
      'missing',
      'none',
      'partly',
      'partly',
      'partly',
      'missing',
    ])
    expect(ticksOf(evidencePage(kept, CEREMONY))).toEqual(['shown', 'none', 'partly', 'partly', 'partly', 'partly'])
    const own = { ...KEPT, trustAnchor: { name: 'mine', spkiSha256: 'ef', origin: 'user' as const } }
    expect(ticksOf(evidencePage({ ...report, verdict: own }))[0]).toBe('partly')
    const rehearsal = evidencePage(kept, { ...CEREMONY, unattended: true })
    expect(ticksOf(rehearsal)).toEqual(['shown', 'none', 'missing', 'missing', 'missing', 'partly'])
    expect(rehearsal).not.toContain('<span>Anna</span>')
    const cloud = { ...report, verdict: { ...KEPT, hsmType: 'FORTANIX' as const } }
    expect(ticksOf(evidencePage(cloud))).toEqual(['shown', 'missing', 'missing', 'missing', 'missing', 'partly'])
  })
})

const KEPT: AttestationResult = {
  hsmType: 'YUBIKEY',
  genuine: true,
  acceptable: true,
  attestedKey: { type: 'EC', curve: 'P-384', spkiSha256: 'cd' },
  device: { vendor: 'Yubico', model: 'YubiKey 5', fips: 'unknown' },
  claims: {},
  trustAnchor: { name: 'a root', spkiSha256: 'ef', origin: 'built-in' },
  chain: [],
  checks: (['binding.key', 'policy.key.generated-on-device', 'policy.key.non-exportable'] as const).map((id) => ({
    id,
    group: 'policy',
    status: 'pass',
    detail: '',
    source: '',
  })),
}

const CEREMONY: CeremonySummary = {
  title: 'A ceremony',
  unattended: false,
  ended: true,
  scriptSha256: 'aa',
  people: [{ role: 'witness', name: 'Anna', qualification: 'CISA' }],
  events: [],
  tool: [],
}

const STATES = { '✓ shown': 'shown', '◐ in part': 'partly', '– not shown': 'missing', 'not applicable': 'none' }
const ticksOf = (html: string): readonly string[] =>
  [...html.matchAll(/<td class="(?:pass|warn|note)">(✓ shown|◐ in part|– not shown|not applicable)<\/td>/g)].map(
    ([, words = '']) => STATES[words as keyof typeof STATES],
  )

describe('the letters', () => {
  const said = (verdict: AttestationResult | undefined, ceremony?: CeremonySummary): string => {
    const facts = letterFacts(
      { ...report, ...(verdict === undefined ? { verdict: undefined } : { verdict }) },
      ceremony,
    )
    return LETTERS.map((letter) => letterMarkdown(letter, facts).replace(/Not stated[\s\S]*?\n\n/, '')).join('\n')
  }

  it('say of the key, the anchor and the watching only what the record shows', () => {
    expect(said(KEPT, CEREMONY)).toMatch(/was generated in the device[\s\S]*trust anchor[\s\S]*I was present/)
    for (const id of KEPT.checks.map((check) => check.id)) {
      const without = {
        ...KEPT,
        checks: KEPT.checks.map((check) => (check.id === id ? { ...check, status: 'fail' as const } : check)),
      }
      expect(said(without), id).not.toContain('was generated in the device')
    }
    expect(said({ ...KEPT, genuine: false })).not.toMatch(/generated in the device|trust anchor|SubjectPublicKeyInfo/)
    expect(said({ ...KEPT, trustAnchor: { name: 'mine', spkiSha256: '', origin: 'user' } })).not.toContain(
      'manufacturer',
    )
    expect(said(undefined)).not.toMatch(/generated in|manufacturer|certified to|I was present/)
    for (const less of [
      { unattended: true },
      { ended: false },
      { people: [] },
      { people: [{ role: 'witness', name: 'Anna' }] },
    ])
      expect(said(KEPT, { ...CEREMONY, ...less }), JSON.stringify(less)).not.toContain('I was present')
    expect(said(KEPT)).not.toContain('certified to')
  })

  it('name a certification only of the day, and only one that is in force', () => {
    const certification = { status: 'active', standard: '140-3', level: 3, certificate: '4684', detail: '' } as const
    const device = { ...KEPT.device, fips: 'certified', certification } as const
    expect(said({ ...KEPT, device })).toContain('certified to FIPS 140-3 level 3, certificate 4684')
    expect(said({ ...KEPT, device: { ...device, fips: 'historical' } })).not.toContain('certified to')
  })

  it('list what they leave out, and take no markup from outside', () => {
    const facts = letterFacts(
      {
        ...report,
        record: { ...report.record, certificateSubject: `[x](http://e)${HOSTILE}`, certificateSerial: '1' },
      },
      undefined,
    )
    for (const letter of LETTERS) {
      expect(letterMarkdown(letter, facts)).toContain('Not stated, because the record does not show it')
      expect(letterMarkdown(letter, facts)).not.toMatch(/(?<!\\)<script|(?<!\\)\]\(http/)
      expect(letterHtml(letter, facts)).not.toContain('<script')
    }
  })
})
