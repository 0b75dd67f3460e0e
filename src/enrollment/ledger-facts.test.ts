import { describe, expect, it } from 'vitest'
import type { JournalEntry } from './journal.ts'
import { factsOfJournal } from './ledger-facts.ts'
import type { RunEvent } from './run-event.ts'

const SPKI = 'ab'.repeat(32)
const entry = (event: RunEvent, index: number): JournalEntry =>
  ({ event, time: new Date(index).toISOString(), hash: `h${index}` }) as JournalEntry

describe('the facts of an order that the CA refused', () => {
  it('hold its number and its own words, so that whoever reads the ledger alone can repeat them', () => {
    const events: readonly RunEvent[] = [
      { type: 'planned', settings: {}, test: false, device: false, keyLabel: 'l', keyId: '00' },
      { type: 'submitting', formSha256: 'f', claim: SPKI, spkiSha256: SPKI, endpoint: 'e', test: false },
      {
        type: 'rejected',
        refusal: { code: -40, message: `known ${'x'.repeat(5000)}`, cause: 'c', remedy: 'r', final: true },
        causes: [],
      },
    ]
    const [intended, rejected] = [...factsOfJournal('run', events.map(entry))]
    expect(intended).toMatchObject({ kind: 'order', status: 'intended', refusal: undefined })
    expect(rejected).toMatchObject({ status: 'rejected', refusal: { code: -40 } })
    // A line of the ledger is bounded.
    expect(JSON.stringify(rejected).length).toBeLessThan(2000)
  })
})
