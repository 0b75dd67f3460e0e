import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FolderLedger } from '../ledger/folder-ledger.ts'
import type { OrderLimits } from './broker-settings.ts'
import { SpendingLog, turningClaims } from './spending.ts'

let folder: string
let now: number
let ledger: FolderLedger
let counted: number
/** Was the ledger asked beforehand whether the next month has begun? */
let isAskedBefore: boolean
beforeEach(async () => {
  isAskedBefore = true
  folder = await mkdtemp(join(tmpdir(), 'spending-'))
  ledger = new FolderLedger(folder, () => now)
  at('2026-11-30T12:00:00Z')
  counted = 0
})
afterEach(() => rm(folder, { recursive: true }))

const at = (time: string): void => {
  now = Date.parse(time)
}

/** Counts one more order in a process of its own: "counted", or what it was refused by. `expected`: hundredths. */
async function order(limits: OrderLimits, expected: number | 'unknown' = 24_500, test = false): Promise<string> {
  counted += 1
  const price = expected === 'unknown' ? undefined : expected
  const names = isAskedBefore ? turningClaims('web1', test, now) : []
  const known = new Map(await Promise.all(names.map(async (name) => [name, await ledger.claimOf(name)] as const)))
  const spending = { host: 'web1', claim: `key-${counted}`, test, expected: price, before: [], now, known }
  const counting = new SpendingLog(ledger).counting(spending, limits)
  const count = async (): Promise<string> => {
    for (;;) {
      const wish = await counting.next()
      if (wish === undefined) return 'counted'
      counting.learn(await ledger.claim(wish.name, wish.run, wish.intent))
    }
  }
  return count().catch(
    (error: { readonly code: string; readonly message: string }) => `${error.code}: ${error.message}`,
  )
}

const beyond = (limit: string): string =>
  `broker.limit: The broker refused the request: web1 may not go beyond ${limit}.`

describe('what a host may order', () => {
  it('in a day begins anew with the day of UTC', async () => {
    at('2026-11-15T23:59:59.999Z')
    expect(await order({ perDay: 1 })).toBe('counted')
    expect(await order({ perDay: 1 })).toBe(beyond('1 orders a day'))
    at('2026-11-16T00:00:00.000Z')
    expect(await order({ perDay: 1 })).toBe('counted')
    expect(await order({ perDay: 1 })).toBe(beyond('1 orders a day'))
  })

  it('in a month begins anew with the month of UTC', async () => {
    at('2026-11-30T23:59:59.999Z')
    const limits = { perMonth: 2, amountPerMonth: 49_000 }
    expect(await order(limits)).toBe('counted')
    expect(await order(limits)).toBe('counted')
    expect(await order(limits)).toBe(beyond('2 orders a month'))
    at('2026-12-01T00:00:00.000Z')
    expect(await order(limits)).toBe('counted')
    expect(await order(limits)).toBe('counted')
    expect(await order(limits)).toBe(beyond('2 orders a month'))
  })

  it('by amount includes the last hundredth, and nothing beyond it', async () => {
    const limits = { amountPerMonth: 50_000 }
    expect(await order(limits, 24_500)).toBe('counted')
    expect(await order(limits, 25_501)).toBe(beyond('500.00 a month'))
    expect(await order(limits, 25_500)).toBe('counted')
    expect(await order(limits, 1)).toBe(beyond('500.00 a month'))
  })

  it('by amount does not include what nobody knows the price of, nor rehearsals', async () => {
    expect(await order({ amountPerMonth: 50_000 }, 'unknown')).toContain('what the order costs is not known')
    for (let each = 0; each < 3; each++)
      expect(await order({ amountPerMonth: 1, perMonth: 3 }, 0, true)).toBe('counted')
    expect(await order({ amountPerMonth: 1, perMonth: 3 }, 0, true)).toBe(beyond('3 orders a month'))
    expect(await order({ amountPerMonth: 50_000 })).toBe('counted')
  })

  it('by amount says so where an order of the month has no known price', async () => {
    expect(await order({ perMonth: 9 }, 'unknown')).toBe('counted')
    expect(await order({ amountPerMonth: 50_000 })).toContain('an order of this month has no known price')
  })

  it('in a day is as much after a clock was ahead, and what was counted then is of each day until its own', async () => {
    at('2026-11-28T12:00:00Z')
    expect(await order({ perDay: 3 })).toBe('counted')
    for (const day of ['15', '16']) {
      at(`2026-11-${day}T12:00:00Z`)
      for (let each = 0; each < 2; each++) expect(await order({ perDay: 3 })).toBe('counted')
      expect(await order({ perDay: 3 })).toBe(beyond('3 orders a day'))
    }
  })

  it('in a month is not more where the ledger was not asked beforehand whether the next one has begun', async () => {
    isAskedBefore = false
    at('2026-12-01T00:30:00Z')
    expect(await order({ perMonth: 1 })).toBe('counted')
    now -= 25 * 3_600_000
    expect(await order({ perMonth: 1 })).toBe(beyond('1 orders a month'))
  })

  it.each([
    ['a day', '2026-11-16T00:30:00Z', { perDay: 1 }, '1 orders a day'],
    ['a month', '2026-12-01T00:30:00Z', { perMonth: 1 }, '1 orders a month'],
    ['a month, by amount,', '2026-12-01T00:30:00Z', { amountPerMonth: 24_500 }, '245.00 a month'],
  ])('in %s is not more after a clock was set back by 25 hours', async (_what, time, limits, said) => {
    at(time)
    expect(await order(limits)).toBe('counted')
    now -= 25 * 3_600_000
    expect(await order(limits)).toBe(beyond(said))
  })
})
