import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databasePollSchedule } from '../../src/enrollment/database-poll-schedule.ts'
import type { Fact } from '../../src/ledger/fact.ts'
import { accountState, setLimits } from '../../src/ledger/postgresql/account-limits.ts'
import { withDatabaseLock } from '../../src/ledger/postgresql/lock.ts'
import { migrate } from '../../src/ledger/postgresql/migrate.ts'
import { MIGRATIONS } from '../../src/ledger/postgresql/migrations.ts'
import { PostgresqlLedger } from '../../src/ledger/postgresql/postgresql-ledger.ts'
import { Transactions } from '../../src/ledger/postgresql/transactions.ts'
import { allHere } from '../not-run.ts'
import { describeLedger } from './conformance.ts'
import { missingServer, PostgresqlServer } from './postgresql-server.ts'

const fact = (run: string, more: Partial<Fact<'order'>> = {}): Fact<'order'> => ({
  kind: 'order',
  subject: 'k',
  run,
  status: 'ordered',
  test: false,
  claim: 'k',
  ...more,
})

describe.skipIf(!allHere(missingServer()))('with a real server', () => {
  let server: PostgresqlServer
  let template: string
  beforeAll(async () => {
    server = await PostgresqlServer.start()
    template = await server.migrated()
  })
  afterAll(() => server.stop())

  describe('emptied before each test', () => {
    let database: string
    // As many hosts as connect at once; each has connections of its own.
    let hosts: readonly PostgresqlLedger[]
    beforeAll(async () => {
      database = await server.database(template)
      const options = { ...server.options(database, 'host_a'), connections: 2 }
      hosts = Array.from({ length: 8 }, () => new PostgresqlLedger(options))
    })
    afterAll(async () => {
      await Promise.all(hosts.map((host) => host.close()))
    })

    describeLedger('PostgreSQL', async () => {
      await server.sql('TRUNCATE hsm_enroll.fact, hsm_enroll.claim, hsm_enroll.attempt', database)
      let next = 0
      const again = (): PostgresqlLedger => {
        const host = hosts[next++ % hosts.length]
        if (host === undefined) throw new Error('no host')
        return host
      }
      return { ledger: again(), again, close: async () => undefined }
    })
  })

  describe('the rights of a host', () => {
    let database: string
    let host: PostgresqlLedger
    beforeAll(async () => {
      database = await server.database(template)
      host = new PostgresqlLedger(server.options(database, 'host_a'))
      await host.record(fact('a'))
      await host.claim('k', 'a', 'i')
    })
    afterAll(() => host.close())

    it.each([
      ['change a fact', "UPDATE hsm_enroll.fact SET body = '{}'"],
      ['remove a fact', 'DELETE FROM hsm_enroll.fact'],
      ['empty the facts', 'TRUNCATE hsm_enroll.fact'],
      [
        'date a fact back',
        "INSERT INTO hsm_enroll.fact (kind, subject, run, body, time) VALUES ('k', 's', 'r', '{}', '2020-01-01')",
      ],
      [
        'speak as another',
        "INSERT INTO hsm_enroll.fact (kind, subject, run, body, recorded_by) VALUES ('k', 's', 'r', '{}', 'b')",
      ],
      ['change a claim', "UPDATE hsm_enroll.claim SET run = 'b'"],
      ['choose a fence', "INSERT INTO hsm_enroll.claim (name, run, intent, fence) VALUES ('x', 'r', 'i', 1)"],
      [
        'claim as another',
        "INSERT INTO hsm_enroll.claim (name, run, intent, granted_to) VALUES ('x', 'r', 'i', 'host_b')",
      ],
      [
        'forge what happened to claims',
        "INSERT INTO hsm_enroll.claim_event (event, name, run, intent, fence) VALUES ('g', 'x', 'r', 'i', 1)",
      ],
      ['remove what happened to claims', 'DELETE FROM hsm_enroll.claim_event'],
      ['forget an attempt', 'DELETE FROM hsm_enroll.attempt'],
      ...['decision', 'known', 'owner', 'spent'].map((what) => [
        `claim what a broker claims (${what})`,
        `INSERT INTO hsm_enroll.claim (name, run, intent) VALUES ('${what}-x', 'alice', 'approve')`,
      ]),
      ...['host', 'request', 'delivery', 'price'].map((kind) => [
        `say what a broker says (${kind})`,
        `INSERT INTO hsm_enroll.fact (kind, subject, run, body) VALUES ('${kind}', 's', 'r', '{}')`,
      ]),
      ['change the schema', 'ALTER TABLE hsm_enroll.fact ADD COLUMN x text'],
      ['say that it was migrated', "INSERT INTO hsm_enroll.schema_version (version, least, what) VALUES (99, 99, 'x')"],
    ])('do not let it %s', async (_, sql) => {
      await expect(host.transactions.run((statements) => statements.query(sql))).rejects.toMatchObject({
        code: 'ledger.login',
      })
    })

    it('are less than a broker’s, which decides and says what it was asked for', async () => {
      const broker = new PostgresqlLedger(server.options(database, 'broker'))
      expect(await broker.claim('decision-x', 'alice', 'approve')).toMatchObject({ run: 'alice' })
      await broker.record({ kind: 'price', subject: '1214 365', run: 'r', hundredths: 24_500 })
      expect(await broker.history('price', '1214 365')).toHaveLength(1)
      await broker.release('decision-x', 'alice')
      await broker.close()
    })

    it('let it give back its own claims alone; a broker gives back any, and the database keeps what happened', async () => {
      const [other, broker] = ['host_b', 'broker'].map((login) => new PostgresqlLedger(server.options(database, login)))
      if (other === undefined || broker === undefined) throw new Error('no ledger')
      await expect(other.release('k', 'a')).rejects.toMatchObject({ code: 'ledger.login' })
      expect(await other.claimOf('k')).toMatchObject({ run: 'a' })
      await broker.release('k', 'a')
      expect(await other.claimOf('k')).toBeUndefined()
      expect(
        await server.sql(
          "SELECT event, name, by_login FROM hsm_enroll.claim_event WHERE name = 'k' ORDER BY id",
          database,
        ),
      ).toEqual([
        { event: 'granted', name: 'k', by_login: 'host_a' },
        { event: 'given-back', name: 'k', by_login: 'broker' },
      ])
      await Promise.all([other.close(), broker.close()])
    })
  })

  describe('a fact', () => {
    let ledger: PostgresqlLedger
    beforeAll(async () => {
      ledger = new PostgresqlLedger(server.options(await server.database(template), 'host_a'))
    })
    afterAll(() => ledger.close())

    it('that one entry of a journal says is there once, however often it is recorded', async () => {
      for (let count = 0; count < 3; count++) await ledger.record(fact('a', { subject: 'once', entry: 'e1' }))
      expect(await ledger.history('order', 'once')).toHaveLength(1)
    })

    it('may contain whatever a CA writes into a name', async () => {
      const certificate: Fact = {
        kind: 'certificate',
        subject: 'odd',
        run: 'a',
        serialNumber: '1',
        subjectName: 'a\0b\ud800 ü',
        issuerName: '',
        notAfter: '2030-01-01T00:00:00.000Z',
      }
      await ledger.record(certificate)
      expect(await ledger.history('certificate', 'odd')).toMatchObject([certificate])
    })

    it('that was changed in the database is damage, and never "none"', async () => {
      await ledger.record(fact('a', { subject: 'changed' }))
      const name = new URL(ledger.address).pathname.slice(1)
      await server.sql("UPDATE hsm_enroll.fact SET body = '{}' WHERE subject = 'changed'", name)
      await expect(ledger.history('order', 'changed')).rejects.toMatchObject({ code: 'ledger.damaged', exitCode: 5 })
      // Who asks for something else in the same moment is answered.
      const asked = ['whole', 'changed', 'none'].map((subject) =>
        ledger.look({ facts: [['order', subject]], claims: [] }).then((answers) => answers.last('order', subject)?.run),
      )
      await ledger.record(fact('a', { subject: 'whole' }))
      expect(await Promise.allSettled(asked)).toMatchObject([
        { status: 'fulfilled' },
        { status: 'rejected', reason: { code: 'ledger.damaged' } },
        { status: 'fulfilled', value: undefined },
      ])
    })

    it('is found by an index, also once the table is not as small as when the first question was asked', async () => {
      const database = await server.database(template)
      const host = new PostgresqlLedger(server.options(database, 'host_a'))
      const order = (name: string) => ({
        take: () => host.take([{ name, run: name, intent: 'i' }], [fact(name, { subject: name, entry: 'e' })]),
        look: () => host.look({ facts: [['order', name]], claims: [name] }),
      })
      for (let index = 0; index < 9; index++) {
        const { take, look } = order(`early-${index}`)
        await take()
        await look()
        // From then on the server knows how small the tables are; it makes the plan that it keeps for the sixth call.
        if (index === 2) await server.sql('ANALYZE hsm_enroll.attempt, hsm_enroll.claim, hsm_enroll.fact', database)
      }
      // What a session has counted is known when it ends.
      await host.close()
      const scans = await server.sql(
        "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname IN ('fact', 'claim', 'attempt') ORDER BY relname",
        database,
      )
      expect(scans.map(({ relname, seq_scan }) => [relname, Number(seq_scan)])).toEqual([
        ['attempt', 0],
        ['claim', 0],
        ['fact', 0],
      ])
    })
  })

  describe('the schema', () => {
    it('is refused where it is missing, and made by eight that migrate at once, one step each', async () => {
      const database = await server.database()
      const ledger = new PostgresqlLedger(server.options(database))
      await expect(ledger.claimOf('k')).rejects.toMatchObject({ code: 'ledger.schema' })
      const all = Array.from({ length: 8 }, () => new Transactions({ ...server.options(database), connections: 1 }))
      const made = await Promise.all(all.map((each) => migrate(each)))
      expect(
        made
          .flat()
          .map(({ version }) => version)
          .sort(),
      ).toEqual(MIGRATIONS.map(({ version }) => version))
      expect(await ledger.claimOf('k')).toBeUndefined()
      await Promise.all([ledger.close(), ...all.map((each) => each.close())])
    })

    it('that a later version of hsm-enroll made is refused where that one says so, and else used', async () => {
      const database = await server.database(template)
      const claimOf = async (): Promise<unknown> => {
        const ledger = new PostgresqlLedger(server.options(database, 'host_a'))
        return ledger.claimOf('k').finally(() => ledger.close())
      }
      await server.sql("INSERT INTO hsm_enroll.schema_version (version, least, what) VALUES (98, 1, 'x')", database)
      expect(await claimOf()).toBeUndefined()
      await server.sql("INSERT INTO hsm_enroll.schema_version (version, least, what) VALUES (99, 99, 'x')", database)
      await expect(claimOf()).rejects.toMatchObject({
        code: 'ledger.schema',
        remedy: 'Update hsm-enroll on this host.',
      })
    })
  })

  describe('the limits of an account', () => {
    const intend = (run: string, more: Partial<Fact<'order'>> = {}): Fact<'order'> =>
      fact(run, { subject: run, status: 'intended', endpoint: 'ca', entry: `intent of ${run}`, ...more })
    const hostsOf = (database: string): readonly PostgresqlLedger[] =>
      Array.from({ length: 6 }, () => new PostgresqlLedger({ ...server.options(database, 'host_a'), connections: 2 }))
    const close = (hosts: readonly PostgresqlLedger[]) => Promise.all(hosts.map((host) => host.close()))

    it('hold for all hosts that intend an order at one moment', async () => {
      const database = await server.database(template)
      const hosts = hostsOf(database)
      const owner = new PostgresqlLedger(server.options(database))
      await setLimits(owner.transactions, 'ca', { ordersPerDay: 7 })
      const ends = await Promise.allSettled(
        hosts.flatMap((host, index) => Array.from({ length: 5 }, (_, step) => host.record(intend(`${index}-${step}`)))),
      )
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(7)
      for (const end of ends)
        if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'ledger.limit', exitCode: 1 })
      expect(await accountState(owner.transactions, 'ca')).toMatchObject({ used: { ordersPerDay: 7 }, open: 7 })
      await close([...hosts, owner])
    })

    it('refuse of those that one host intends at one moment only what goes beyond', async () => {
      const database = await server.database(template)
      const host = new PostgresqlLedger(server.options(database, 'host_a'))
      const owner = new PostgresqlLedger(server.options(database))
      await setLimits(owner.transactions, 'ca', { ordersPerDay: 7 })
      const ends = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) =>
          host.take([{ name: `key-${index}`, run: `r${index}`, intent: 'i' }], [intend(`r${index}`)]),
        ),
      )
      for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'ledger.limit' })
      const placed = ends.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
      expect(placed).toHaveLength(7)
      // A claim without its intent is none.
      for (let index = 0; index < 20; index++)
        expect((await host.claimOf(`key-${index}`)) !== undefined).toBe(placed.includes(index))
      expect(await accountState(owner.transactions, 'ca')).toMatchObject({ used: { ordersPerDay: 7 }, open: 7 })
      await Promise.all([host.close(), owner.close()])
    })

    it('count an order once, whatever its items; what was not ordered not at all; what is unknown at the assumed price', async () => {
      const database = await server.database(template)
      const [host] = hostsOf(database)
      if (host === undefined) throw new Error('no host')
      const owner = new PostgresqlLedger(server.options(database))
      await setLimits(owner.transactions, 'ca', { amountPerMonth: '300.00', assumedPrice: '100' })
      const said = (run: string, status: Fact<'order'>['status'], more: Partial<Fact<'order'>> = {}) =>
        host.record(fact(run, { subject: run, status, endpoint: 'ca', entry: `${status} of ${run}`, ...more }))
      await host.record(intend('items'))
      await host.record(intend('items', { subject: 'second item' }))
      await said('items', 'ordered', { amount: '150.00' })
      await host.record(intend('unknown'))
      await said('unknown', 'unknown')
      await expect(host.record(intend('too much'))).rejects.toMatchObject({ code: 'ledger.limit' })
      await setLimits(owner.transactions, 'ca', { amountPerMonth: '350' })
      for (const status of ['rejected', 'not-sent', 'not-placed'] as const) {
        await host.record(intend(status))
        await said(status, status)
      }
      expect(await accountState(owner.transactions, 'ca')).toMatchObject({
        used: { ordersPerMonth: 2, amountPerMonth: '250.00', amountPerDay: '250.00' },
        limits: { amountPerMonth: '350.00', assumedPrice: '100.00' },
        open: 1,
      })
      await close([host, owner])
    })

    it('do not keep out what has happened: an order that is only recorded now', async () => {
      const database = await server.database(template)
      const [host] = hostsOf(database)
      if (host === undefined) throw new Error('no host')
      const owner = new PostgresqlLedger(server.options(database))
      await setLimits(owner.transactions, 'ca', { ordersPerDay: 0 })
      await expect(host.record(intend('new'))).rejects.toMatchObject({ code: 'ledger.limit' })
      await host.record(intend('past'), true)
      expect(await host.importFact({ ...intend('old'), time: new Date().toISOString() }, 'folder 1')).toBe(true)
      expect(await accountState(owner.transactions, 'ca')).toMatchObject({ used: { ordersPerDay: 2 } })
      await close([host, owner])
    })
  })

  describe('the schedule that hosts share', () => {
    let database: string
    let hosts: readonly PostgresqlLedger[]
    beforeAll(async () => {
      database = await server.database(template)
      hosts = ['host_a', 'host_b'].map((login) => new PostgresqlLedger(server.options(database, login)))
    })
    afterAll(async () => {
      await Promise.all(hosts.map((host) => host.close()))
    })
    const schedules = (clocks: readonly number[] = [0, 0]) =>
      hosts.map(({ transactions }, index) =>
        databasePollSchedule(transactions, 'ca', () => Date.now() + (clocks[index] ?? 0)),
      )

    it('has the last question of every host, whatever their clocks say', async () => {
      // An hour apart.
      const [one, other] = schedules([-1_800_000, 1_800_000])
      expect(await other?.lastCall('1')).toBeUndefined()
      await one?.record('1', Date.now() - 1_800_000 - 60_000)
      const last = (await other?.lastCall('1')) ?? 0
      // Only now: whatever the question took counts, too.
      const seen = Date.now() + 1_800_000 - last
      expect(seen).toBeGreaterThanOrEqual(60_000)
      expect(seen).toBeLessThan(120_000)
      await other?.record('1', 0)
      expect(await one?.lastCall('1')).toBeLessThan(Date.now() - 10 * 365 * 86_400_000)
    })

    it('lets one question through at a time, of all hosts and all their runs', async () => {
      let under = 0
      let most = 0
      const ask = async (): Promise<void> => {
        most = Math.max(most, ++under)
        await server.sql('SELECT pg_sleep(0.02)')
        under--
      }
      await Promise.all(schedules().flatMap((schedule) => Array.from({ length: 6 }, () => schedule.exclusive(ask))))
      expect([most, under]).toEqual([1, 0])
    })

    it('is free again when a host dies with a question, and a wait ends with its signal', async () => {
      const [one, other] = hosts
      if (one === undefined || other === undefined) throw new Error('no host')
      const stop = new AbortController()
      const lost = withDatabaseLock(
        one.transactions,
        'q',
        'it',
        async () => {
          const waiting = withDatabaseLock(other.transactions, 'q', 'it', async () => undefined, {
            wait: 60_000,
            signal: stop.signal,
          })
          stop.abort()
          await expect(waiting).rejects.toMatchObject({ code: 'lock.held' })
          // As if the host had gone: the database ends its connection.
          await server.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'", database)
          return withDatabaseLock(other.transactions, 'q', 'it', async () => 'taken', { wait: 60_000 })
        },
        { wait: 0 },
      )
      expect(await lost).toBe('taken')
    })
  })
})
