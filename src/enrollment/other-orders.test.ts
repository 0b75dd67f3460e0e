import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { OrderStatus } from '../ledger/fact.ts'
import { FolderLedger } from '../ledger/folder-ledger.ts'
import { otherOrders } from './other-orders.ts'

const ENDPOINT = 'https://ca.example/'
/** Minutes of the ledger's clock at which the run under test meant to order, and asked for the balance again. */
const [OWN, ASKED] = [100, 110]

let folder: string
let minute = 0
let ledger: FolderLedger
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'other-orders-'))
  ledger = new FolderLedger(folder, () => minute * 60_000)
})
afterEach(() => rm(folder, { recursive: true }))

type Step = readonly [minute: number, status: OrderStatus, amount?: string]

async function say(run: string, steps: readonly Step[], over: object = {}): Promise<void> {
  for (const [at, status, amount] of steps) {
    minute = at
    const order = { status, claim: run, endpoint: ENDPOINT, test: false, amount, ...over }
    await ledger.record({ kind: 'order', subject: run, run, entry: `${run} ${at}`, ...order })
  }
}

async function found(other: readonly Step[], over: object = {}, readBy?: number) {
  const all = [...other.map((step) => ({ step, run: 'other' })), { step: [OWN, 'intended'] as Step, run: 'own' }]
  for (const { step, run } of all.toSorted((a, b) => a.step[0] - b.step[0]))
    await say(run, [step], run === 'own' ? {} : over)
  return otherOrders({ id: 'own', ledger }, ASKED * 60_000, readBy === undefined ? undefined : readBy * 60_000)
}

const NOTHING = { charged: '0.00', around: [], open: 0, paidBack: 0 }

// biome-ignore format: a table
test.each<readonly [what: string, other: readonly Step[], expected: object]>([
  ['begun and answered between the readings', [[101, 'intended'], [102, 'ordered', '19.00']], { charged: '19.00' }],
  ['begun before the intent, answered after it', [[99, 'intended'], [102, 'ordered', '19.00']], { around: ['19.00'] }],
  ['answered while the balance was read before', [[90, 'intended'], [95, 'ordered', '19.00']], { around: ['19.00'] }],
  ['answered long before', [[10, 'intended'], [11, 'ordered', '19.00']], {}],
  ['answered after the balance was asked for', [[105, 'intended'], [111, 'ordered', '19.00']], { around: ['19.00'] }],
  ['without an answer', [[105, 'intended']], { open: 1 }],
  ['without an answer for long', [[5, 'intended']], { open: 1 }],
  ['of unknown outcome', [[101, 'intended'], [102, 'unknown']], { open: 1 }],
  ['of an outcome that was unknown long before', [[10, 'intended'], [11, 'unknown']], {}],
  ['of unknown outcome, found since', [[101, 'intended'], [102, 'unknown'], [103, 'ordered']], { open: 1 }],
  ['of unknown outcome, not placed', [[101, 'intended'], [102, 'unknown'], [103, 'not-placed']], {}],
  ['at no known cost', [[101, 'intended'], [102, 'ordered']], { open: 1 }],
  ['refused', [[101, 'intended'], [102, 'rejected']], {}],
  ['refused, then placed', [[101, 'intended'], [102, 'rejected'], [103, 'intended'], [104, 'ordered', '1.50']], { charged: '1.50' }],
  ['placed and given up', [[101, 'intended'], [102, 'ordered', '19.00'], [103, 'abandoned']], { charged: '19.00' }],
  ['rejected by the CA afterwards', [[101, 'intended'], [102, 'ordered', '19.00'], [103, 'order-rejected']], { charged: '19.00', paidBack: 1 }],
  ['placed long before and rejected since', [[1, 'intended'], [2, 'ordered', '19.00'], [103, 'order-rejected']], { paidBack: 1 }],
])('another order %s', async (_, other, expected) => {
  expect(await found(other)).toEqual({ ...NOTHING, ...expected })
})

// biome-ignore format: a table
test.each<readonly [what: string, other: readonly Step[], expected: object]>([
  ['begun after the reading, answered before the intent', [[97, 'intended'], [98, 'ordered', '19.00']], { charged: '19.00' }],
  ['begun after the reading, answered after the intent', [[97, 'intended'], [101, 'ordered', '19.00']], { charged: '19.00' }],
  ['begun before the balance had been read, answered after it', [[95, 'intended'], [97, 'ordered', '19.00']], { around: ['19.00'] }],
  ['answered while it may have been read', [[80, 'intended'], [87, 'ordered', '19.00']], { around: ['19.00'] }],
  ['answered long before', [[80, 'intended'], [85, 'ordered', '19.00']], {}],
])('beside an order that went by a reading for an earlier one, another order %s', async (_, other, expected) => {
  expect(await found(other, {}, 96)).toEqual({ ...NOTHING, ...expected })
})

test.each([{ endpoint: 'https://other.example/' }, { test: true }])(
  'orders of another kind do not count: %j',
  async (over) => {
    expect(
      await found(
        [
          [101, 'intended'],
          [102, 'ordered', '19.00'],
        ],
        over,
      ),
    ).toEqual(NOTHING)
  },
)

test('an order that a refusal may hide is open while its run keeps the key', async () => {
  await ledger.claim('other', 'other', 'other 101')
  expect(
    await found([
      [101, 'intended'],
      [102, 'rejected'],
    ]),
  ).toEqual({ ...NOTHING, open: 1 })
})

test('an order of several keys is one order', async () => {
  await say('own', [[OWN, 'intended']])
  for (const subject of ['other', 'second']) {
    const order = { claim: 'other', otherClaims: ['second'], endpoint: ENDPOINT, test: false }
    for (const [at, status, amount] of [
      [101, 'intended'],
      [102, 'ordered', '19.00'],
    ] as const) {
      minute = at
      await ledger.record({ kind: 'order', subject, run: 'other', entry: `other ${at}`, status, amount, ...order })
    }
  }
  expect(await otherOrders({ id: 'own', ledger }, ASKED * 60_000)).toEqual({ ...NOTHING, charged: '19.00' })
})

test('nothing is known of a run whose order the ledger does not have', async () => {
  expect(await otherOrders({ id: 'own', ledger }, ASKED * 60_000)).toBeUndefined()
})
