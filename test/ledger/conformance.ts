import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Fact } from '../../src/ledger/fact.ts'
import { HISTORY_LIMIT, type Ledger, lastFact } from '../../src/ledger/ledger.ts'

/** A ledger under test: `again` opens the same one from elsewhere, as another process would. */
export interface LedgerUnderTest {
  readonly ledger: Ledger
  readonly again: () => Ledger
  readonly close: () => Promise<void>
}

const SPKI = 'ab'.repeat(32)
const PLACE = 'YUBIKEY 15732500 9c'

const ordered = (run: string, more: Partial<Fact<'order'>> = {}): Fact<'order'> => ({
  kind: 'order',
  subject: SPKI,
  run,
  status: 'ordered',
  test: false,
  claim: SPKI,
  ...more,
})

export async function gather<T>(each: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const one of each) all.push(one)
  return all
}

/** What every ledger keeps, whatever stands behind it. */
export function describeLedger(name: string, open: () => Promise<LedgerUnderTest>): void {
  describe(`${name} as a ledger`, () => {
    let under: LedgerUnderTest
    let ledger: Ledger
    beforeEach(async () => {
      under = await open()
      ledger = under.ledger
    })
    afterEach(() => under.close())

    describe('facts', () => {
      it('are none of what nobody spoke of', async () => {
        expect(await ledger.history('order', SPKI)).toEqual([])
        expect(await ledger.saidBy('2026-11-29-aaaaaa')).toEqual([])
        expect(await lastFact(ledger, 'key', SPKI)).toBeUndefined()
      })

      it('come back whole, oldest first, each with its run, its evidence and its time, also to another process', async () => {
        const first = ordered('2026-11-29-aaaaaa', { status: 'intended', entry: 'e1', formSha256: 'f' })
        const second = ordered('2026-11-29-bbbbbb', { entry: 'e2', orderNumber: '77', amount: '19.00' })
        await ledger.record(first)
        await ledger.record(second)
        const read = await under.again().history('order', SPKI)
        expect(read).toMatchObject([first, second])
        for (const { time } of read) expect(new Date(time).toISOString()).toBe(time)
        expect(await lastFact(ledger, 'order', SPKI)).toMatchObject(second)
      })

      it('and claims are looked at together as one by one, and nothing passes for what was not asked', async () => {
        for (const status of ['intended', 'ordered'] as const)
          await ledger.record(ordered('2026-11-29-aaaaaa', { status }))
        await ledger.record({ kind: 'key', subject: SPKI, run: 'a', status: 'alive', test: false })
        await ledger.claim(PLACE, 'b', 'i')
        const seen = await under.again().look({
          facts: [
            ['key', SPKI],
            ['order', SPKI],
            ['key', 'another'],
          ],
          claims: [SPKI, PLACE],
        })
        expect(seen.history('order', SPKI)).toEqual(await ledger.history('order', SPKI))
        expect(seen.last('key', SPKI)).toEqual(await lastFact(ledger, 'key', SPKI))
        expect(seen.history('key', 'another')).toEqual([])
        expect(seen.claimOf(PLACE)).toEqual(await ledger.claimOf(PLACE))
        expect(seen.claimOf(SPKI)).toBeUndefined()
        expect(() => seen.history('place', SPKI)).toThrow('not asked')
        expect(() => seen.claimOf('another')).toThrow('not asked')
      })

      it('are kept apart by kind and subject, whatever characters a subject has', async () => {
        const subjects = [
          PLACE,
          'yubikey 15732500 9c',
          'a/b',
          'a_b',
          '../a',
          '',
          'ü\n',
          'x'.repeat(300),
          `${'x'.repeat(300)}y`,
        ]
        for (const [index, subject] of subjects.entries())
          await ledger.record({
            kind: 'place',
            subject,
            run: `run-${index}`,
            status: 'holds',
            device: 'd',
            location: 'l',
            test: false,
          })
        for (const [index, subject] of subjects.entries())
          expect((await ledger.history('place', subject)).map(({ run }) => run)).toEqual([`run-${index}`])
        expect(await ledger.history('key', PLACE)).toEqual([])
      })

      it('are found by the run that said them, of every kind', async () => {
        const run = '2026-11-29-aaaaaa'
        await ledger.record({
          kind: 'place',
          subject: PLACE,
          run,
          status: 'requested',
          device: 'd',
          location: '9c',
          test: false,
        })
        await ledger.record(ordered(run))
        await ledger.record(ordered('2026-11-29-bbbbbb'))
        expect((await ledger.saidBy(run)).map(({ kind, subject }) => [kind, subject])).toEqual([
          ['place', PLACE],
          ['order', SPKI],
        ])
      })

      it('are listed by kind with the last word on each subject', async () => {
        await ledger.record({ kind: 'key', subject: 'k1', run: 'a', status: 'alive', test: false })
        await ledger.record({ kind: 'key', subject: 'k2', run: 'a', status: 'alive', test: false })
        await ledger.record({ kind: 'key', subject: 'k1', run: 'b', status: 'replaced', test: false })
        const listed = await gather(ledger.all('key'))
        expect(Object.fromEntries(listed.map(({ subject, status }) => [subject, status]))).toEqual({
          k1: 'replaced',
          k2: 'alive',
        })
        expect(await gather(ledger.all('certificate'))).toEqual([])
      })

      it('of many processes at once are all there, whole', async () => {
        const ledgers = Array.from({ length: 8 }, () => under.again())
        await Promise.all(
          ledgers.flatMap((each, index) =>
            Array.from({ length: 10 }, (_, step) => each.record(ordered(`run-${index}`, { orderNumber: `${step}` }))),
          ),
        )
        const all = await ledger.history('order', SPKI)
        expect(new Set(all.map(({ run, orderNumber }) => `${run} ${orderNumber}`)).size).toBe(80)
        expect((await ledger.saidBy('run-3')).length).toBe(10)
      })

      it(`are shown from the last ${HISTORY_LIMIT} on`, async () => {
        for (let count = 0; count < HISTORY_LIMIT + 2; count++)
          await ledger.record({ kind: 'attempt', subject: 'd', run: `${count}`, outcome: 'sent' })
        const read = await ledger.history('attempt', 'd')
        expect([read.length, read.at(0)?.run, read.at(-1)?.run]).toEqual([HISTORY_LIMIT, '2', `${HISTORY_LIMIT + 1}`])
      })
    })

    describe('claims', () => {
      it('are granted to the first run, and name it to every other', async () => {
        expect(await ledger.claimOf(SPKI)).toBeUndefined()
        const mine = await ledger.claim(SPKI, 'a', 'intent-1')
        expect(mine).toMatchObject({ name: SPKI, run: 'a', intent: 'intent-1' })
        expect(await under.again().claim(SPKI, 'b', 'intent-2')).toEqual(mine)
        expect(await under.again().claimOf(SPKI)).toEqual(mine)
      })

      it('are taken together with what is said of them, or it is not said', async () => {
        const wish = (claim: string, run: string) => ({ name: claim, run, intent: 'i' })
        const first = ordered('a', { status: 'intended', entry: 'e1' })
        const both = [wish(SPKI, 'a'), wish(PLACE, 'host')]
        const claims = await ledger.take(both, [
          first,
          ordered('a', { subject: PLACE, status: 'intended', entry: 'e1' }),
        ])
        expect(claims).toMatchObject(both)
        expect(await ledger.take(both, [])).toEqual(claims)
        expect(await under.again().history('order', SPKI)).toMatchObject([first])
        expect(await ledger.history('order', PLACE)).toHaveLength(1)
        // One of the names is another's: the free one is taken all the same, and nothing is said.
        const late = await under.again().take([wish('free', 'b'), wish(SPKI, 'b')], [ordered('b', { entry: 'e2' })])
        expect(late).toMatchObject([{ name: 'free', run: 'b' }, claims[0]])
        expect(await ledger.history('order', SPKI)).toHaveLength(1)
        expect(await ledger.claimOf('free')).toEqual(late[0])
        // Nothing is wanted: it is said.
        expect(await ledger.take([], [ordered('a', { entry: 'e3' })])).toEqual([])
        expect(await ledger.history('order', SPKI)).toHaveLength(2)
      })

      it('are taken by many at one moment, each as if it had been alone', async () => {
        const names = Array.from({ length: 12 }, (_, index) => `key-${index}`)
        await ledger.claim('key-3', 'another', 'i')
        const taken = await Promise.all(
          names.map((name, index) =>
            ledger.take(
              // Two each want the same number, as orders of one host do.
              [name, `number-${index >> 1}`].map((wish) => ({ name: wish, run: `run-${index}`, intent: 'i' })),
              [ordered(`run-${index}`, { subject: name, entry: `e${index}` })],
            ),
          ),
        )
        const known = await ledger.look({ facts: names.map((name) => ['order', name] as const), claims: names })
        for (const [index, name] of names.entries()) {
          const [key, number] = taken[index] ?? []
          expect(key).toEqual(known.claimOf(name))
          expect(key?.run).toBe(index === 3 ? 'another' : `run-${index}`)
          expect(number).toEqual(await ledger.claimOf(`number-${index >> 1}`))
          const isHeld = [key, number].every((claim) => claim?.run === `run-${index}`)
          expect(known.history('order', name).map(({ run }) => run)).toEqual(isHeld ? [`run-${index}`] : [])
        }
        expect(new Set(taken.map(([, number]) => number?.run)).size).toBe(6)
      })

      it('are dated by the clock of the ledger', async () => {
        const { now: before } = await ledger.look({ facts: [], claims: [] })
        const { time } = await ledger.claim(SPKI, 'a', 'i')
        const { now: after } = await under.again().look({ facts: [], claims: [] })
        expect(Date.parse(time)).toBeGreaterThanOrEqual(before)
        expect(Date.parse(time)).toBeLessThanOrEqual(after)
      })

      it('keep their intent: the same run that means something else finds its own claim', async () => {
        const first = await ledger.claim(SPKI, 'a', 'intent-1')
        expect(await ledger.claim(SPKI, 'a', 'intent-1')).toEqual(first)
        expect(await ledger.claim(SPKI, 'a', 'intent-2')).toEqual(first)
      })

      it('are given back by their holder alone', async () => {
        await ledger.claim(SPKI, 'a', 'i')
        await ledger.release(SPKI, 'b')
        expect(await ledger.claimOf(SPKI)).toMatchObject({ run: 'a' })
        await ledger.release(SPKI, 'a')
        await ledger.release(SPKI, 'a')
        expect(await ledger.claimOf(SPKI)).toBeUndefined()
        expect(await ledger.claim(SPKI, 'b', 'i')).toMatchObject({ run: 'b' })
      })

      it('have a fence of their own each time, and with one only that grant is given back', async () => {
        const first = await ledger.claim(SPKI, 'a', 'i')
        await ledger.release(SPKI, 'a')
        const second = await under.again().claim(SPKI, 'a', 'i')
        expect(second.fence).not.toBe(first.fence)
        await ledger.release(SPKI, 'a', first.fence)
        expect(await ledger.claimOf(SPKI)).toEqual(second)
        await ledger.release(SPKI, 'a', second.fence)
        expect(await ledger.claimOf(SPKI)).toBeUndefined()
      })

      it('are exclusive among many that ask at once', async () => {
        for (let round = 0; round < 20; round++) {
          const name = `${PLACE} ${round}`
          const answers = await Promise.all(
            Array.from({ length: 16 }, (_, index) => under.again().claim(name, `run-${index}`, 'i')),
          )
          expect(new Set(answers.map(({ run }) => run)).size, name).toBe(1)
        }
      })
    })
  })
}
