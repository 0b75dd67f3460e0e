import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CeremonyLog } from '../../src/ceremony/ceremony-log.ts'
import { Configuration } from '../../src/config/configuration.ts'
import { chargeOnce } from '../../src/enrollment/charge-once.ts'
import { Journal } from '../../src/enrollment/journal.ts'
import { intendOrder, orderOnce } from '../../src/enrollment/order-once.ts'
import { withNewRun, withRun } from '../../src/enrollment/run.ts'
import { listRunIds, RunFolder } from '../../src/enrollment/run-folder.ts'
import type { EnrollError } from '../../src/errors.ts'
import { LinkedLocks } from '../../src/files/linked-locks.ts'
import { syncTogether } from '../../src/files/sync-directory.ts'
import { FolderLedger } from '../../src/ledger/folder-ledger.ts'
import type { OrderOutcome } from '../../src/sectigo/certificate-authority.ts'
import { failSync } from '../failing-sync.ts'
import { bareServices, countedOrder } from './order-by-hand.ts'
import { runInside } from './run-inside.ts'

let folder: string
let heal = (): void => undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unconfirmed-'))
})
afterEach(async () => {
  heal()
  heal = () => undefined
  await rm(folder, { recursive: true })
})

const REFUSAL = { message: 'm', cause: 'c', remedy: 'R.', final: false } as const
const PLAN = { type: 'planned', settings: {}, test: false, device: true, keyLabel: 'l', keyId: '00' } as const
const failed = (message: string) => ({ type: 'failed', code: 'x', message }) as const

describe('a disk that does not confirm what was written', () => {
  it('to a journal: whoever writes next has the same entries as whoever opens it', async () => {
    const file = join(folder, 'journal.jsonl')
    const journal = await Journal.begin(file, Date.now, PLAN)
    heal = failSync(file, 2)
    for (const message of ['one', 'two']) await expect(journal.append(failed(message))).rejects.toThrow('EIO')
    await journal.append(failed('three'))
    const { entries } = await Journal.open(file, Date.now)
    expect(entries).toEqual(journal.entries)
    expect(entries.map(({ event }) => (event.type === 'failed' ? event.message : event.type))).toEqual([
      'planned',
      'one',
      'two',
      'three',
    ])
  })

  it('to a journal: what another process wrote after it is still not overwritten', async () => {
    const file = join(folder, 'journal.jsonl')
    const journal = await Journal.begin(file, Date.now, PLAN)
    heal = failSync(file, 1)
    await expect(journal.append(failed('one'))).rejects.toThrow('EIO')
    await (await Journal.open(file, Date.now)).append(failed('another’s'))
    await expect(journal.append(failed('two'))).rejects.toMatchObject({ code: 'journal.damaged' })
  })

  it('to the claims: the name is free for the next who asks', async () => {
    const ledger = new FolderLedger(folder)
    await mkdir(join(folder, 'claims'))
    heal = failSync(join(folder, 'claims'), 1)
    await expect(ledger.claim('k', 'a', 'i')).rejects.toThrow('EIO')
    expect(await readdir(join(folder, 'claims'))).toEqual([])
    expect(await ledger.claim('k', 'b', 'i')).toMatchObject({ run: 'b' })
  })

  it('to the folder of runs: no run is left that nobody goes on with', async () => {
    await mkdir(join(folder, 'runs'))
    heal = failSync(join(folder, 'runs'), 1)
    await expect(RunFolder.create(folder, Date.now(), async () => undefined)).rejects.toThrow('EIO')
    expect(await readdir(join(folder, 'runs'))).toEqual([])
  })

  it('to a folder of many: whoever waited for it at that moment is told, and nobody after', async () => {
    heal = failSync(folder, 1)
    const ends = await Promise.allSettled([syncTogether(folder), syncTogether(folder), syncTogether(folder)])
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await syncTogether(folder)
  })

  it('to the note of a refund that was about to be asked for: the next one may ask, for nothing was sent', async () => {
    let sent = 0
    const charge = {
      kind: 'refund',
      orderNumber: '7',
      again: false,
      send: async () => {
        sent++
        return { kind: 'done' } as const
      },
    } as const
    // The first line of a file appears with it: its folder has to be confirmed.
    await mkdir(join(folder, 'orders'))
    heal = failSync(join(folder, 'orders'), 1)
    await expect(chargeOnce(folder, charge)).rejects.toThrow('EIO')
    expect(sent).toBe(0)
    await chargeOnce(folder, charge)
    expect(sent).toBe(1)
  })

  it('to the log of a ceremony: the next entry takes its place', () => {
    const file = join(folder, 'ceremony.jsonl')
    const log = CeremonyLog.open(file, Date.now)
    log.append({ type: 'resumed' })
    heal = failSync(file, 1)
    expect(() => log.append({ type: 'ended' })).toThrow('EIO')
    log.append({ type: 'stopped', step: 's', why: 'EIO' })
    expect(CeremonyLog.open(file, Date.now).events).toEqual(log.events)
  })

  let order: ReturnType<typeof countedOrder>
  beforeEach(() => {
    order = countedOrder('https://ca.example')
  })

  it('nor takes that the intent to order came to nothing: then it is said that nothing was sent', async () => {
    /** As it is called, the disk takes nothing more, of the journal neither. */
    class Away extends FolderLedger {
      override async take(): Promise<never> {
        const [id = ''] = await listRunIds(folder)
        const { journalFile } = RunFolder.at(folder, id)
        await rename(journalFile, `${journalFile}.away`)
        await mkdir(journalFile)
        throw new Error('EROFS')
      }
    }
    const plan = { configuration: new Configuration(new Map()), test: false, device: false }
    const all = { ...bareServices(folder), ledger: new Away(join(folder, 'ledger')) }
    const ordering = withNewRun(plan, all, (run) => orderOnce(run, order))
    await expect(ordering).rejects.toMatchObject({
      code: 'order.unrecorded',
      message: expect.stringContaining('Nothing was sent'),
      remedy: expect.stringMatching(/runs resolve \S+ --not-placed/),
    })
    expect(order.sent()).toBe(0)
  })

  it('of the intent to order: nothing is sent, and another run may order for the key', async () => {
    const configuration = new Configuration(new Map())
    const begin = (fails: boolean) =>
      withNewRun({ configuration, test: false, device: false }, bareServices(folder), (run) => {
        if (fails) heal = failSync(run.folder.journalFile, 1)
        return orderOnce(run, order)
      })
    await expect(begin(true)).rejects.toThrow('EIO')
    expect(order.sent()).toBe(0)
    const [first = ''] = await listRunIds(folder)
    expect(await withRun(first, bareServices(folder), async ({ record }) => record.state)).not.toBe('submitting')
    await begin(false)
    expect(order.sent()).toBe(1)
  })

  it('of a run that begins with its intent to order: no run is left, nothing is sent, and the key is free', async () => {
    const home = RunFolder.home(folder)
    await mkdir(home)
    const locks = new LinkedLocks(home)
    const services = { ...bareServices(folder), ledger: new FolderLedger(join(folder, 'ledger')) }
    const intent = await intendOrder(order, { services, ledger: services.ledger, test: false })
    const plan = { configuration: new Configuration(new Map()), test: false, device: false, opening: intent.event }
    const begin = () => withNewRun({ ...plan, locks }, services, (run) => orderOnce(run, order, intent))
    try {
      heal = failSync(home, 1)
      await expect(begin()).rejects.toThrow('EIO')
      expect(await listRunIds(folder)).toEqual([])
      expect(order.sent()).toBe(0)
      expect(await services.ledger.claimOf(order.spkiSha256)).toBeUndefined()
      await begin()
      expect(order.sent()).toBe(1)
    } finally {
      await locks.close()
    }
  })

  it.each<readonly [string, OrderOutcome, string, number]>([
    ['an order', { kind: 'ordered', orderNumber: '7', paymentRequired: false }, 'ordered', 0],
    ['a refusal', { kind: 'rejected', refusal: { ...REFUSAL, code: -40 } }, 'rejected', 0],
    ['nothing that was sent', { kind: 'not-sent', reason: 'r', remedy: 'R.' }, 'checked', 0],
    ['a refusal in doubt', { kind: 'rejected', refusal: { ...REFUSAL, code: -14, doubtful: true } }, 'rejected', 4],
    ['no answer', { kind: 'unknown', reason: 'r' }, 'unknown', 5],
  ])(
    'of the outcome of an order, %s: what is suggested works as it is printed',
    async (_what, outcome, state, code) => {
      const configuration = new Configuration(new Map())
      const services = { ...bareServices(folder), ledger: new FolderLedger(join(folder, 'ledger')) }
      const ordering = withNewRun({ configuration, test: false, device: false }, services, (run) =>
        orderOnce(run, {
          ...order,
          send: async () => {
            heal = failSync(run.folder.journalFile, 1)
            return outcome
          },
        }),
      )
      const { remedy } = await ordering.then(
        () => expect.unreachable(),
        (error: EnrollError) => error,
      )
      const [, words = ''] = /`hsm-enroll (.*)`/.exec(remedy) ?? []
      const end = await runInside([...words.split(' '), '--json', '--state-directory', folder])
      expect(end.code, end.stderr).toBe(code)
      expect(JSON.parse(end.stdout)).toMatchObject({ state })
      const mayBe = await services.ledger.claimOf(order.spkiSha256)
      expect(mayBe === undefined, 'the key is free').toBe(outcome.kind === 'not-sent' || words.endsWith('--not-placed'))
    },
  )
})
