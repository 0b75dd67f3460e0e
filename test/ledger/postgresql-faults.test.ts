import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bindLedger, rememberLast } from '../../src/enrollment/bound-ledger.ts'
import { PostgresqlLedger } from '../../src/ledger/postgresql/postgresql-ledger.ts'
import { setEnvironment } from '../enrollment/run-inside.ts'
import { allHere } from '../not-run.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { missingServer, PASSWORD, PostgresqlServer } from './postgresql-server.ts'

/** Message of the frontend that ends what is asked at once. */
const SYNC = 'S\0\0\0\x04'

describe.skipIf(!allHere(missingServer()))('PostgreSQL that fails', () => {
  let server: PostgresqlServer
  let database: string
  let proxy: CuttingProxy
  let ledger: PostgresqlLedger
  let name: string
  let count = 0
  beforeAll(async () => {
    server = await PostgresqlServer.start()
    database = await server.migrated()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    name = `claim-${++count}`
    await server.sql('TRUNCATE hsm_enroll.attempt', database)
    proxy = await CuttingProxy.start(server.port)
    ledger = through(proxy.port)
    // Connected, and the schema looked at: what is cut is the claim.
    await ledger.claimOf(name)
  })
  afterEach(async () => {
    await ledger.close()
    await proxy.stop()
  })

  const through = (port: number): PostgresqlLedger => {
    const options = server.options(database, 'host_a')
    return new PostgresqlLedger({ ...options, address: { ...options.address, port } })
  }
  const granted = (): Promise<readonly Record<string, unknown>[]> =>
    server.sql(`SELECT run FROM hsm_enroll.claim_event WHERE event = 'granted' AND name = '${name}'`, database)
  const waiting = async (): Promise<void> => {
    await expect
      .poll(() => server.sql(`SELECT 1 FROM pg_locks WHERE NOT granted`, database).then(({ length }) => length))
      .toBe(1)
  }

  /** A claim is one statement; what takes several ends with COMMIT. */
  const inStatements = async (): Promise<void> => {
    await ledger.transactions.run((statements) =>
      statements.query('INSERT INTO hsm_enroll.claim (name, run, intent) VALUES ($1, $2, $3)', [name, 'a', 'i']),
    )
  }
  const WAYS: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['one statement', () => ledger.claim(name, 'a', 'i')],
    ['several statements', inStatements],
  ]
  const said = () => ({ kind: 'key', subject: name, run: 'a', entry: 'e', status: 'alive', test: false }) as const

  it.each(['lose-answer', 'lose-commit'] as const)(
    '(%s) has a claim and what was said with it, each once',
    async (cut) => {
      proxy.cutNext(cut)
      expect(await ledger.take([{ name, run: 'a', intent: 'i' }], [said()])).toMatchObject([{ run: 'a' }])
      expect(await granted()).toEqual([{ run: 'a' }])
      expect(await ledger.history('key', name)).toHaveLength(1)
    },
  )

  it('grants what is given back while it is asked for, and records with it', async () => {
    const other = new pg.Client({ host: server.folder, port: server.port, user: 'postgres', database, password: '' })
    await other.connect()
    await ledger.claim(name, 'b', 'i')
    await other.query(`BEGIN; DELETE FROM hsm_enroll.claim WHERE name = '${name}'`)
    const taking = ledger.take([{ name, run: 'a', intent: 'i' }], [said()])
    await waiting()
    await other.query('COMMIT')
    await other.end()
    expect(await taking).toMatchObject([{ name, run: 'a' }])
    expect(await ledger.history('key', name)).toHaveLength(1)
  })

  it('that another one takes the place of is noticed by the first connection to it; until then it is not asked', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bound-'))
    const bound = await bindLedger(ledger, folder)
    await bound.claim(name, 'a', 'i')
    const before = proxy.sent.length
    expect(await bindLedger(ledger, folder)).toBe(bound)
    expect(proxy.sent.slice(before)).toBe('')
    // As an older copy: it lacks what this host was told.
    await server.sql('TRUNCATE hsm_enroll.attempt', database)
    proxy.drop()
    await expect(bound.claimOf(name)).rejects.toMatchObject({ code: 'ledger.behind' })
    await rm(folder, { recursive: true })
  })

  it('that is replaced by an older copy under its connections grants nothing, until it was synchronized', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bound-'))
    const bound = await bindLedger(ledger, folder)
    await bound.claim(`${name}-before`, 'a', 'i')
    const take = () => bound.take([{ name, run: 'a', intent: 'i' }], [said()])
    await server.sql('TRUNCATE hsm_enroll.attempt', database)
    for (const _ of [1, 2]) await expect(take()).rejects.toMatchObject({ code: 'ledger.behind' })
    expect(await granted()).toEqual([])
    // As `ledger sync` of this host does.
    const sync = new PostgresqlLedger(server.options(database, 'host_a'))
    await sync.transactions.run(async () => undefined)
    await rememberLast(sync, folder, await sync.id())
    await sync.close()
    expect(await take()).toMatchObject([{ name, run: 'a' }])
    expect(await granted()).toEqual([{ run: 'a' }])
    await rm(folder, { recursive: true })
  })

  it('and another one are not both bound to one state folder, though they are at one moment', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bound-'))
    const elsewhere = new PostgresqlLedger(server.options(await server.migrated(), 'host_a'))
    const ends = await Promise.allSettled([ledger, elsewhere].map((one) => bindLedger(one, folder)))
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(ends.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'ledger.elsewhere' } })
    await elsewhere.close()
    await rm(folder, { recursive: true })
  })

  it.each(WAYS)('that lost the answer to the commit of %s granted the claim, once', async (_, claim) => {
    proxy.cutNext('lose-answer')
    await claim()
    expect(await ledger.claimOf(name)).toMatchObject({ run: 'a', intent: 'i' })
    expect(await granted()).toEqual([{ run: 'a' }])
  })

  it.each(WAYS)('that never got the commit of %s is asked again, and grants the claim once', async (_, claim) => {
    proxy.cutNext('lose-commit')
    await claim()
    expect(await ledger.claimOf(name)).toMatchObject({ run: 'a', intent: 'i' })
    expect(await granted()).toEqual([{ run: 'a' }])
  })

  it('that gets COMMIT long after its client has gone is waited for: what was under way is not taken for nothing', async () => {
    proxy.cutNext('delay-commit')
    const claim = inStatements()
    await proxy.cut
    await waiting()
    proxy.deliver()
    await claim
    expect(await granted()).toEqual([{ run: 'a' }])
    expect(await server.sql('SELECT 1 FROM hsm_enroll.attempt WHERE void', database)).toEqual([])
  })

  it('that gets a statement long after its client has settled that it never came refuses it', async () => {
    proxy.cutNext('delay-commit')
    expect(await ledger.claim(name, 'a', 'i')).toMatchObject({ run: 'a', intent: 'i' })
    await ledger.release(name, 'a')
    await proxy.deliver()
    expect(await server.sql('SELECT 1 FROM hsm_enroll.attempt WHERE void', database)).toHaveLength(1)
    expect(await granted()).toEqual([{ run: 'a' }])
    expect(await ledger.claimOf(name)).toBeUndefined()
  })

  it('that is still at a statement whose client has gone is not believed to have done nothing', async () => {
    // Another session has the name, and neither commits nor gives up: the statement waits in the server.
    const other = new pg.Client({ host: server.folder, port: server.port, user: 'postgres', database, password: '' })
    await other.connect()
    await other.query('BEGIN')
    await other.query(`INSERT INTO hsm_enroll.claim (name, run, intent) VALUES ('${name}', 'b', 'i')`)
    const claim = ledger.claim(name, 'a', 'i')
    await waiting()
    proxy.drop()
    await expect
      .poll(() => server.sql('SELECT 1 FROM hsm_enroll.attempt WHERE void', database).then(({ length }) => length))
      .toBe(1)
    await other.query('ROLLBACK')
    await other.end()
    expect(await claim).toMatchObject({ run: 'a', intent: 'i' })
    expect(await granted()).toEqual([{ run: 'a' }])
  })

  it.each(WAYS)(
    'whose postmaster is killed at the commit of %s, and started again, grants the claim once',
    async (_, claim) => {
      proxy.onCommit = () => void server.kill('SIGKILL').then(() => server.resume())
      proxy.cutNext('hand-over')
      await claim()
      expect(await granted()).toEqual([{ run: 'a' }])
      expect(await through(server.port).claim(name, 'b', 'i')).toMatchObject({ run: 'a' })
    },
  )

  it.each<readonly [string, (name: string) => Promise<unknown>]>([
    ['a claim', (claim) => ledger.claim(claim, 'a', 'i')],
    ['a claim and the fact of it', (claim) => ledger.take([{ name: claim, run: 'a', intent: 'i' }], [said()])],
    ['a fact', (run) => ledger.record({ kind: 'key', subject: 'k', run, status: 'alive', test: false })],
    [
      'what is known of several',
      (claim) =>
        ledger.look({
          facts: [
            ['key', 'k'],
            ['order', 'k'],
          ],
          claims: [claim, 'k'],
        }),
    ],
  ])('is asked once for %s', async (_, ask) => {
    await ask(`${name}-first`)
    const before = proxy.sent.length
    await ask(name)
    const asked = proxy.sent.slice(before)
    expect([asked.split(SYNC).length - 1, asked.split('COMMIT').length - 1]).toEqual([1, 0])
  })

  it('and restarts between two questions is connected to again', async () => {
    await server.kill('SIGINT')
    await server.resume()
    expect(await ledger.claimOf(name)).toBeUndefined()
    expect(await ledger.claim(name, 'a', 'i')).toMatchObject({ run: 'a' })
  })

  it.each(['40001', '40P01'])('with SQLSTATE %s is asked again from BEGIN', async (state) => {
    let begun = 0
    const done = await ledger.transactions.run(async (statements) => {
      await statements.query('INSERT INTO hsm_enroll.claim (name, run, intent) VALUES ($1, $2, $3)', [name, 'a', 'i'])
      if (++begun < 3) await statements.query(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '${state}'; END $$`)
      return begun
    })
    expect(done).toBe(3)
    expect(await granted()).toHaveLength(1)
  })

  it('that answers COMMIT with ROLLBACK has written nothing, and that is an error', async () => {
    const silent = ledger.transactions.run(async (statements) => {
      await statements.query('INSERT INTO hsm_enroll.claim (name, run, intent) VALUES ($1, $2, $3)', [name, 'a', 'i'])
      await statements.query('SELECT 1 / 0').catch(() => undefined)
    })
    await expect(silent).rejects.toMatchObject({
      code: 'ledger.unreachable',
      message: expect.stringContaining('ROLLBACK'),
    })
    expect(await ledger.claimOf(name)).toBeUndefined()
  })

  it('that is not there is unreachable, and never an empty ledger', async () => {
    const { port } = proxy
    await proxy.stop()
    const gone = through(port)
    const asked = [
      gone.claimOf(name),
      gone.history('key', 'k'),
      gone.saidBy('a'),
      gone.all('key')[Symbol.asyncIterator]().next(),
    ]
    for (const answer of await Promise.allSettled(asked))
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'ledger.unreachable' } })
    proxy = await CuttingProxy.start(server.port)
  })

  it('that refuses the password says so, and nobody repeats the password', async () => {
    const options = server.options(database, 'host_a')
    const wrong = new PostgresqlLedger({ ...options, password: async () => 'wrong horse' })
    const error = await wrong.claimOf(name).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ledger.login', exitCode: 2 })
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('horse')
  })

  it('is not chosen by the environment of other clients', async () => {
    const restore = setEnvironment({
      PGHOST: 'nowhere.invalid',
      PGUSER: 'postgres',
      PGPASSWORD: 'x',
      PGOPTIONS: '-c x.y=z',
      PGSSLMODE: 'require',
    })
    try {
      const fresh = through(server.port)
      const [row] = await fresh.transactions.read<{ login: string; y: string | null }>(
        "SELECT session_user AS login, current_setting('x.y', true) AS y",
      )
      expect(row).toEqual({ login: 'host_a', y: null })
      await fresh.close()
    } finally {
      restore()
    }
  })

  it('sees no password in what is sent: SCRAM proves it', () => {
    expect(proxy.sent).toContain('SCRAM-SHA-256')
    expect(proxy.sent).not.toContain(PASSWORD)
  })
})
