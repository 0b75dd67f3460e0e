import { describe, expect, it } from 'vitest'
import type { EvidenceReport } from './evidence-report.ts'
import { evidenceReportHtml } from './evidence-report-html.ts'

const HOSTILE = `<script>alert(1)</script>"'&`

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

  it('fetches nothing and says so to the browser', () => {
    expect(evidenceReportHtml(report)).toContain("default-src 'none'")
  })

  it('does not hide a file that was changed', () => {
    expect(evidenceReportHtml(report)).toContain('<td class="fail">NO</td>')
  })
})
