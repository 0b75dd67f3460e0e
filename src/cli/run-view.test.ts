import { describe, expect, it } from 'vitest'
import type { JournalEntry } from '../enrollment/journal.ts'
import type { RunEvent } from '../enrollment/run-event.ts'
import { recordOf } from '../enrollment/run-record.ts'
import { runToText, withProfile } from './run-view.ts'

const PLANNED: RunEvent = {
  type: 'planned',
  settings: {},
  test: false,
  keyLabel: 'hsm-enroll-x',
  keyId: '00',
  device: true,
}
const FAILED: RunEvent = { type: 'failed', code: 'device.gone', message: 'The token was pulled.' }
const GENERATED: RunEvent = {
  type: 'key-generated',
  location: '9c',
  spkiSha256: 'ab',
  publicKey: { file: 'public-key.pem', sha256: 'cd' },
  found: true,
}

function show(...events: readonly RunEvent[]): string {
  const entries = [PLANNED, ...events].map(
    (event, index): JournalEntry => ({
      seq: index + 1,
      time: `2026-11-22T10:00:0${index}.000Z`,
      event,
      previous: '',
      hash: '',
    }),
  )
  return runToText({ id: '2026-11-22-k7f3qa', folder: '/runs/x', record: recordOf(entries) })
}

it('lists files that were deleted as missing, not among those that are there', () => {
  const entries = [PLANNED, GENERATED].map(
    (event, index): JournalEntry => ({
      seq: index + 1,
      time: '2026-11-22T10:00:00.000Z',
      event,
      previous: '',
      hash: '',
    }),
  )
  const summary = { id: 'x', folder: '/x', record: recordOf(entries) }
  expect(runToText(summary)).toMatch(/^ {2}files +public-key\.pem$/m)
  const shown = runToText(summary, new Set(['public-key.pem']))
  expect(shown).toMatch(/^ {2}missing +public-key\.pem$/m)
  expect(shown).not.toMatch(/^ {2}files/m)
})

describe('a run as it is shown', () => {
  it('names the failure that it stopped with, also when only its settings were changed since', () => {
    expect(show(FAILED)).toContain('failed    device.gone: The token was pulled.')
    expect(show(FAILED, { type: 'settings-changed', settings: { 'device.uri': 'yubikey:' } })).toContain('device.gone')
  })

  it('does not name a failure that it has got over', () => {
    expect(show(FAILED, GENERATED)).not.toContain('failed')
    expect(show(FAILED, GENERATED, { type: 'failed', code: 'ca.collect', message: 'No.' })).toContain('ca.collect')
  })

  it.each(['Not enough credit!', 'Not enough credit', 'Not enough credit.'])('ends "%s" once', (message) => {
    const refusal = { code: -15, message, cause: 'credit', remedy: 'Top up.', final: false }
    const shown = show({ type: 'rejected', refusal, causes: [] })
    expect(shown).toMatch(/-15: Not enough credit[!.] Try: Top up\.\n/)
  })

  it.each([
    ['/etc/a+b/signing.yaml', '--profile /etc/a+b/signing.yaml'],
    ["/home/zoë/it's mine.yaml", `--profile '/home/zoë/it'\\''s mine.yaml'`],
    [undefined, '--profile PROFILE'],
  ])('says how the corrected profile %s is named again, ready for a shell', (profile, flag) => {
    expect(withProfile(profile === undefined ? {} : { profile })).toBe(flag)
  })

  it('names the profile again where the CA refused what it said', () => {
    const refusal = { code: -15, message: 'No.', cause: 'credit', remedy: 'Top up.', final: false }
    expect(show({ type: 'rejected', refusal, causes: [] })).toContain(
      'runs resume 2026-11-22-k7f3qa --order-again --profile PROFILE`',
    )
  })
})
