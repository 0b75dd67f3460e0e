import { describe, expect, test } from 'vitest'
import { parseScenario } from './scenario.ts'
import { scenarioClock } from './scenario-clock.ts'

const TEXT = `
account: { credit: 500.00, paymentRequired: false, loginName: someone }
prices: { 1214: 245.50, other: 10 }
flow:
  - do: validate-organization
  - { after: 3h, do: callback }
  - { after: 2d, do: reject, reason: documents missing }
faults:
  - { endpoint: '!AutoApplyOrder', kind: lost-reply, times: 2 }
  - { kind: error, code: -14, message: later }
  - { kind: slow, delay: 90s, accepts: false }
push: { url: 'http://127.0.0.1:8080/hook', user: a, password: b, withCertificate: true }
clock: { start: 2026-01-05T09:00Z, speed: 3600 }
`

describe('a scenario', () => {
  test('is read into what the rehearsal CA plays', () => {
    const { now, ...scenario } = parseScenario(TEXT)
    expect(scenario).toEqual({
      account: { credit: '500', paymentRequired: false, loginName: 'someone' },
      prices: { '1214': '245.5', other: '10' },
      flow: [
        { after: 0, action: 'validate-organization' },
        { after: 3 * 3_600_000, action: 'callback' },
        { after: 2 * 86_400_000, action: 'reject', reason: 'documents missing' },
      ],
      faults: [
        { endpoint: '!AutoApplyOrder', kind: 'lost-reply', times: 2 },
        { kind: 'error', code: -14, message: 'later' },
        { kind: 'slow', delay: 90_000, accepts: false },
      ],
      push: { url: 'http://127.0.0.1:8080/hook', user: 'a', password: 'b', withCertificate: true },
    })
    expect(Math.abs((now?.() ?? 0) - Date.UTC(2026, 0, 5, 9))).toBeLessThan(3_600_000)
  })

  test.each([
    ['scenario: not a map', '- 1'],
    ['scenario.flows: unknown', 'flows: []'],
    ['scenario.flow[0].do: not one of', 'flow: [{ do: dance }]'],
    ['scenario.flow[0]: it says not what', 'flow: [{ after: 3h }]'],
    ['scenario.flow[0].after: not a duration', 'flow: [{ do: issue, after: soon }]'],
    ['scenario.faults[0].kind', 'faults: [{ kind: 7 }]'],
    ['scenario.faults[0].endpoint', "faults: [{ kind: slow, endpoint: '!Nothing' }]"],
    ['scenario.faults[0].times', 'faults: [{ kind: slow, times: 0 }]'],
    ['scenario.account.credit: not an amount', 'account: { credit: much }'],
    ['scenario.account.testOrders', 'account: { testOrders: maybe }'],
    ['scenario.push.url: not an address on loopback', 'push: { url: https://example.org/ }'],
    ['scenario.push.url: not an address on loopback', 'push: { url: "http://127.0.0.1.example.org/" }'],
    ['scenario.clock.start', 'clock: { start: yesterday }'],
    ['file: ', 'a: 1\na: 2'],
    ['file: ', 'account: &a { credit: 1 }\nprices: *a'],
    ['file: ', '['.repeat(60_000)],
    ['file: longer', `# ${'x'.repeat(70_000)}`],
  ])('%s', (message, text) => {
    expect(() => parseScenario(text)).toThrowError(
      expect.objectContaining({ code: 'sandbox.scenario', exitCode: 2, message: expect.stringContaining(message) }),
    )
  })

  test('its clock runs as fast as it is told', () => {
    let real = 1000
    const clock = scenarioClock(50_000, 3600, () => real)
    real += 2000
    expect(clock()).toBe(50_000 + 2000 * 3600)
  })
})
