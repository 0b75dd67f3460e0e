import { statSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { noteSyncs } from '../../test/failing-sync.ts'
import { Configuration } from '../config/configuration.ts'
import { LinkedLocks } from '../files/linked-locks.ts'
import { FolderLedger } from '../ledger/folder-ledger.ts'
import type { OrderOutcome } from '../sectigo/certificate-authority.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { Journal } from './journal.ts'
import { deleteUnclaimed } from './order-claims.ts'
import { intendOrder, type OrderToPlace, orderOnce } from './order-once.ts'
import { rebuildLedger } from './rebuild-ledger.ts'
import { resolveRun } from './resolve-run.ts'
import { withNewRun, withRun } from './run.ts'
import { RunFolder } from './run-folder.ts'
import type { EnrollmentServices } from './services.ts'

const KEY = { publicKey: Buffer.from('a public key') }
const SPKI = sha256Hex(KEY.publicKey)
const REFUSED: OrderOutcome = {
  kind: 'rejected',
  refusal: { code: -40, message: 'no', cause: 'c', remedy: 'r', final: true },
}
const ORDERED: OrderOutcome = { kind: 'ordered', orderNumber: '1', paymentRequired: false }

let stateDirectory: string
let ledger: FolderLedger
beforeEach(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'order-once-'))
  ledger = new FolderLedger(join(stateDirectory, 'ledger'))
})
afterEach(() => rm(stateDirectory, { recursive: true }))

const never = (): never => {
  throw new Error('not asked for here')
}

const balance = async () => ({ amount: '1' })
const calls = {
  validateOrder: never,
  applyOrder: never,
  orderProgress: never,
  orderProgressIfDue: never,
  collect: never,
}

const servicesOf = (): EnrollmentServices => ({
  stateDirectory,
  ledger,
  now: Date.now,
  monotonic: () => performance.now(),
  sleep: never,
  reading: { env: {} },
  openDevice: never,
  certificateAuthority: async () => ({ ...calls, balance }),
  observer: { step: () => undefined },
})

/** A run that orders for the key, which it has just seen to be free. */
async function order(
  send: () => Promise<OrderOutcome>,
  onRun: (id: string) => void = () => undefined,
  more: Partial<OrderToPlace> = {},
): Promise<void> {
  const plan = { configuration: new Configuration(new Map()), test: false, device: false }
  const money = { faults: [], balance, endpoint: 'https://ca.example' }
  await withNewRun(plan, servicesOf(), async (run) => {
    onRun(run.id)
    await orderOnce(run, { form: { days: '365' }, spkiSha256: SPKI, isFree: true, send, ...money, ...more })
  })
}

it('of a run that came second the ledger says, as its journal does, first what it meant and then that it was not sent', async () => {
  let second = ''
  await order(async () => {
    await expect(order(never, (id) => (second = id))).rejects.toMatchObject({ code: 'order.duplicate' })
    return REFUSED
  })
  expect(await ledger.claimOf(SPKI)).toBeUndefined()
  await rebuildLedger(ledger, stateDirectory)
  const said = await ledger.history('order', SPKI)
  expect(said.filter(({ run }) => run === second).map(({ status }) => status)).toEqual(['intended', 'not-sent'])
})

it('a key is free again where the ledger could not take what was meant with it, and nothing was sent', async () => {
  const file = join(stateDirectory, 'ledger', 'order', `${SPKI}.${sha256Hex(SPKI).slice(0, 16)}`)
  await order(async () => REFUSED)
  await writeFile(file, '')
  await expect(order(never)).rejects.toMatchObject({ code: 'ledger.damaged' })
  await rm(file)
  await order(async () => ORDERED)
  expect((await ledger.history('order', SPKI)).at(-1)).toMatchObject({ status: 'ordered', orderNumber: '1' })
})

it('nobody orders for a key while it is deleted, nor after that; only one that is still there is free again', async () => {
  const refused = () => expect(order(never)).rejects.toMatchObject({ code: 'order.key-gone' })
  const fail = async (): Promise<void> => {
    await refused()
    throw new Error('the device does not')
  }
  await expect(deleteUnclaimed(ledger, SPKI, fail, async () => KEY)).rejects.toThrow('the device does not')
  await order(async () => REFUSED)
  await expect(deleteUnclaimed(ledger, SPKI, fail, async () => undefined)).rejects.toThrow('the device does not')
  await refused()
  await ledger.release(SPKI, 'key-deletion')
  await deleteUnclaimed(ledger, SPKI, refused, never)
  await refused()
})

it.each(['deleted', 'replaced'] as const)(
  'nothing is ordered for a key that the ledger knows as %s',
  async (status) => {
    await ledger.record({ kind: 'key', subject: SPKI, run: 'another', status: 'alive', test: false })
    await order(async () => REFUSED, undefined, { isFree: false })
    await ledger.record({ kind: 'key', subject: SPKI, run: 'another', status, test: false })
    await expect(order(never, undefined, { isFree: false })).rejects.toMatchObject({ code: 'order.key-gone' })
  },
)

it('nobody takes back that there is no order where another run orders for the key at that moment', async () => {
  let id = ''
  await order(
    async () => ({ kind: 'unknown', reason: 'no answer' }),
    (one) => (id = one),
  )
  await withRun(id, servicesOf(), (run) => resolveRun(run, { kind: 'not-placed', despiteBalance: false }, 'operator'))
  ledger.take = async (...taking) => {
    await ledger.claim(SPKI, 'another', 'intent')
    return FolderLedger.prototype.take.apply(ledger, taking)
  }
  const taking = withRun(id, servicesOf(), (run) => resolveRun(run, { kind: 'placed', orderNumber: '1' }, 'operator'))
  await expect(taking).rejects.toMatchObject({ code: 'order.duplicate' })
  expect(await ledger.claimOf(SPKI)).toMatchObject({ run: 'another' })
})

it('what the balance was before an order may be known from another question; what it is after one, from none but its own', async () => {
  let run = ''
  const lost: OrderOutcome = { kind: 'unknown', reason: 'no answer' }
  await order(
    async () => lost,
    (id) => (run = id),
    { balanceBefore: async () => ({ balance: { amount: '2' }, readBy: '2026-11-30T12:00:00.000Z' }) },
  )
  await withRun(run, servicesOf(), async ({ record }) => {
    expect(record.submission).toMatchObject({
      balanceBefore: { amount: '2' },
      balanceReadBy: '2026-11-30T12:00:00.000Z',
    })
    expect(record.balanceAfter).toEqual({ amount: '1' })
  })
})

it.each([
  ['that holds its lock before it can be seen', true, { journal: 2, folder: 1, runs: 1 }],
  ['that is locked once it can be seen', false, { journal: 3, folder: 1, runs: 1 }],
])(
  'a run %s begins with its intent, says it once, and waits for the disk no more than it has to',
  async (_how, linked, waits) => {
    const home = RunFolder.home(stateDirectory)
    await mkdir(home)
    const locks = new LinkedLocks(home)
    const money = { faults: [], balance, endpoint: 'https://ca.example' }
    const wanted: OrderToPlace = { form: { days: '365' }, spkiSha256: SPKI, send: async () => ORDERED, ...money }
    const services = servicesOf()
    const intent = await intendOrder(wanted, { services, ledger, test: false })
    const plan = { configuration: new Configuration(new Map()), test: false, device: false, opening: intent.event }
    const { inodes, stop } = noteSyncs()
    try {
      await withNewRun({ ...plan, ...(linked ? { locks } : {}) }, services, async (run) => {
        const begun = await Journal.open(run.folder.journalFile, Date.now)
        expect(begun.entries.map(({ event }) => event.type)).toEqual(linked ? ['planned', 'submitting'] : ['planned'])
        await orderOnce(run, wanted, intent)
        const { entries } = await Journal.open(run.folder.journalFile, Date.now)
        expect(entries.map(({ event }) => event.type)).toEqual(['planned', 'submitting', 'ordered'])
        expect(await ledger.claimOf(SPKI)).toMatchObject({ run: run.id, intent: entries[1]?.hash })
        const said = await ledger.saidBy(run.id)
        expect(said.map(({ entry }) => entry)).toEqual(entries.slice(1).map(({ hash }) => hash))
        const syncsOf = (path: string): number => inodes.filter((inode) => inode === statSync(path).ino).length
        const { folder } = run
        const counted = { journal: syncsOf(folder.journalFile), folder: syncsOf(folder.path), runs: syncsOf(home) }
        expect(counted).toEqual(waits)
      })
    } finally {
      stop()
      await locks.close()
    }
  },
)
