import { describe, expect, it } from 'vitest'
import type { EvidenceReport } from './evidence-report.ts'
import { evidenceReportHtml } from './evidence-report-html.ts'

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
    checks: [{ id: HOSTILE, group: 'attestation', status: 'fail', detail: HOSTILE, source: HOSTILE }],
  },
}

describe('the HTML report', () => {
  it('escapes everything that comes from outside', () => {
    const html = evidenceReportHtml(report)
    expect(html).not.toContain('<script')
    expect(html.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(8)
  })

  it('shows what would turn a line, and control characters, as what they are', () => {
    const html = evidenceReportHtml(report)
    expect(html).not.toMatch(MISLEADING)
    expect(html).toContain('\\u202egpj\\u2066\\u61c\\x9b2J\\x1b[2J')
  })

  it('fetches nothing and says so to the browser', () => {
    expect(evidenceReportHtml(report)).toContain("default-src 'none'")
  })

  it('does not hide a file that was changed', () => {
    expect(evidenceReportHtml(report)).toContain('<td class="fail">NO</td>')
  })

  it('shows device, key and claims, and what was relaxed', () => {
    const html = evidenceReportHtml({
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
    expect(evidenceReportHtml(unjudged)).toContain('was not judged in this run')
    const changed = { file: 'check.json', sha256: 'ab' }
    expect(
      evidenceReportHtml({
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
    const html = evidenceReportHtml({ ...report, record })
    expect(html).toContain('the reply was lost')
    expect(html).toContain('-15: Not enough credit!')
  })
})
