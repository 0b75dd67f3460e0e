import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { Configuration } from '../../src/config/configuration.ts'
import { writeBinding } from '../../src/enrollment/bound-ledger.ts'
import { orderOnce } from '../../src/enrollment/order-once.ts'
import { withNewRun } from '../../src/enrollment/run.ts'
import { listRunIds } from '../../src/enrollment/run-folder.ts'
import { FACT_KINDS } from '../../src/ledger/fact.ts'
import { FolderLedger } from '../../src/ledger/folder-ledger.ts'
import { PostgresqlLedger } from '../../src/ledger/postgresql/postgresql-ledger.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { documented, validatorOf } from '../cli/published-schemas.ts'
import type { ProgramEnd } from '../enrollment/built-program.ts'
import { bareServices, countedOrder } from '../enrollment/order-by-hand.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { allHere } from '../not-run.ts'
import { makeCsr } from '../sectigo/rehearsal-kit.ts'
import { gather } from './conformance.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { hasPrograms, missingServer, PASSWORD, PostgresqlServer } from './postgresql-server.ts'

/** The command line of a host whose ledger is in a database. */
describe.skipIf(!allHere(missingServer()))('a host with its ledger in PostgreSQL', () => {
  let server: PostgresqlServer
  let template: string
  let folder: string
  let double: RunningYubiHsm2Double
  let rehearsal: Rehearsal
  let database: string
  /** What the configuration of the host would say. */
  let env: Record<string, string>
  beforeAll(async () => {
    server = await PostgresqlServer.start()
    template = await server.migrated()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shared-ledger-'))
    double = await startYubiHsm2Double()
    rehearsal = await startRehearsal({ directory: folder, device: double, algorithm: 'P-256' })
    database = await server.database(template)
    env = at(database)
  })
  afterEach(async () => {
    await rehearsal.close()
    await rm(folder, { recursive: true })
  })

  const at = (name: string, port = server.port, login = 'host_a'): Record<string, string> => ({
    HSM_ENROLL_LEDGER_URL: `postgresql://127.0.0.1:${port}/${name}`,
    HSM_ENROLL_LEDGER_USER: login,
    HSM_ENROLL_LEDGER_PASSWORD: 'env:DATABASE_PASSWORD',
    HSM_ENROLL_LEDGER_TLS: 'off',
    DATABASE_PASSWORD: PASSWORD,
  })
  const enroll = (by: Record<string, string> = env, ...more: string[]): Promise<ProgramEnd> =>
    runInside(['enroll', rehearsal.profile, '--yes', '--json', ...more], { env: by })
  /** Held against the schema of what it prints, as docs/json.md has it. */
  const ledger = async (args: readonly string[], by: Record<string, string> = env): Promise<ProgramEnd> => {
    const state = args[0] === 'import' ? [] : ['--state-directory', rehearsal.stateDirectory]
    const end = await runInside(['ledger', ...args, '--json', ...state], { env: by })
    const [schema = ''] = documented.get(`ledger ${args[0]}`)?.schemas ?? []
    const valid = validatorOf(code(end) === undefined ? schema : 'error')
    expect(valid(said(end)), JSON.stringify(valid.errors)).toBe(true)
    return end
  }
  const said = (end: ProgramEnd): Record<string, unknown> => {
    expect(end.stdout, end.stderr).not.toBe('')
    return JSON.parse(end.stdout) as Record<string, unknown>
  }
  const code = (end: ProgramEnd): unknown => (said(end) as { error?: { code: string } }).error?.code
  const runs = (...args: string[]): Promise<ProgramEnd> =>
    runInside(['runs', ...args, '--json', '--state-directory', rehearsal.stateDirectory], { env })
  const onlyRun = async (): Promise<string> => (await listRunIds(rehearsal.stateDirectory)).join(' ')
  const inDatabase = async (kind: string, name = database): Promise<readonly unknown[]> =>
    (
      await server.sql(
        `SELECT body ->> 'status' AS status FROM hsm_enroll.fact WHERE kind = '${kind}' ORDER BY id`,
        name,
      )
    ).map(({ status }) => status)

  it('is told to migrate, migrates, enrols, and knows its ledger again only by the database', async () => {
    const empty = await server.database()
    // Not a superuser: it owns the database, and may not create roles, which are there.
    await server.sql(`CREATE ROLE ledger_owner LOGIN PASSWORD '${PASSWORD}'`)
    await server.sql(`ALTER DATABASE ${empty} OWNER TO ledger_owner`)
    expect(code(await enroll(at(empty)))).toBe('ledger.schema')
    const status = await ledger(['status'], at(empty, server.port, 'ledger_owner'))
    expect([status.code, said(status)]).toMatchObject([1, { schema: { version: 0, usable: false } }])
    const migrated = await ledger(['migrate'], at(empty, server.port, 'ledger_owner'))
    expect([migrated.code, said(migrated)]).toMatchObject([0, { schema: { usable: true }, facts: 0, encrypted: false }])
    const end = await enroll(at(empty), '--wait')
    expect(end.code, end.stderr).toBe(0)
    expect(await inDatabase('order', empty)).toEqual(['intended', 'ordered'])
    const planned = said(await runInside(['plan', rehearsal.profile, '--json'], { env: at(empty) }))
    expect(planned.findings).toContainEqual(
      expect.objectContaining({ area: 'program', severity: 'ok', message: expect.stringContaining(empty) }),
    )
    const check = await ledger(['check'], at(empty))
    expect([check.code, said(check)]).toMatchObject([0, { runs: 1, disagreements: [] }])
    const run = String(said(end).id)
    for (const command of [
      ['runs', 'resume', run],
      ['keys', 'list'],
      ['ledger', 'check'],
      ['ledger', 'rebuild'],
    ])
      expect(
        code(await runInside([...command, '--json', '--state-directory', rehearsal.stateDirectory])),
        command.join(' '),
      ).toBe('ledger.elsewhere')
    for (const command of ['check', 'rebuild', 'sync'])
      expect(code(await ledger([command], at(database))), command).toBe('ledger.elsewhere')
    expect(rehearsal.ca.orders).toHaveLength(1)
  })

  it('whose database is away sends nothing, and creates no key', async () => {
    const proxy = await CuttingProxy.start(server.port)
    const { port } = proxy
    await proxy.stop()
    const end = await enroll(at(database, port))
    expect([end.code, code(end)]).toEqual([2, 'ledger.unreachable'])
    expect(said(await runInside(['plan', rehearsal.profile, '--json'], { env: at(database, port) }))).toMatchObject({
      ready: false,
      findings: expect.arrayContaining([expect.objectContaining({ code: 'ledger.unreachable', severity: 'blocker' })]),
    })
    expect(rehearsal.ca.orders).toHaveLength(0)
    expect(double.device.store.list().filter(({ type }) => type === 3)).toHaveLength(0)
  })

  it.each([
    // The intent goes to the journal first, then to the ledger; only then is anything sent.
    ['before the intent is in the database', '\\"status\\":\\"intended\\"', 0],
    ['after the order, before its outcome is in the database', '\\"status\\":\\"ordered\\"', 1],
  ])('whose database goes away %s orders once, and `ledger sync` brings both to one', async (_, text, orders) => {
    const proxy = await CuttingProxy.start(server.port)
    proxy.goAwayAt(text)
    const away = await enroll(at(database, proxy.port))
    expect(rehearsal.ca.orders).toHaveLength(orders)
    await proxy.stop()
    expect(JSON.stringify(said(away))).not.toContain(PASSWORD)
    const synced = await ledger(['sync'])
    expect([synced.code, said(synced).disagreements], synced.stderr).toEqual([0, []])
    expect(said(await ledger(['check'])).disagreements).toEqual([])
    const twice = said(await ledger(['sync']))
    expect(twice).toMatchObject({ added: 0, released: 0 })
    const again = await runs('resume', await onlyRun(), '--yes', '--wait')
    expect(again.code, again.stderr + again.stdout).toBe(0)
    expect(rehearsal.ca.orders).toHaveLength(1)
    expect((await inDatabase('order')).at(-1)).toBe('ordered')
  })

  const canDump = hasPrograms('pg_dump', 'pg_restore')
  it.skipIf(!canDump)(
    'whose database was restored from an older copy refuses until it was synchronised, and orders nothing twice',
    async () => {
      const dump = join(server.folder, `${database}.dump`)
      const own = ['-h', server.folder, '-p', String(server.port), '-U', 'postgres']
      // A first run, so that the copy knows the host, and a second one that it does not know.
      expect((await enroll(env, '--test', '--wait')).code).toBe(0)
      await server.program('pg_dump', [...own, '-Fc', '-f', dump, database])
      const paid = await enroll(env, '--wait')
      expect(paid.code, paid.stderr).toBe(0)
      const claims = 'SELECT name, run, intent FROM hsm_enroll.claim ORDER BY name'
      const before = await server.sql(claims, database)
      await server.sql(`DROP DATABASE ${database} WITH (FORCE)`)
      await server.sql(`CREATE DATABASE ${database} TEMPLATE template0`)
      await server.program('pg_restore', [...own, '-d', database, dump])
      expect(await server.sql(claims, database)).not.toEqual(before)

      const refused = await enroll(env, '--test')
      expect([refused.code, code(refused)]).toEqual([5, 'ledger.behind'])
      expect(rehearsal.ca.orders.filter(({ test }) => !test)).toHaveLength(1)
      const synced = await ledger(['sync'])
      expect([synced.code, said(synced).disagreements]).toEqual([0, []])
      expect(await server.sql(claims, database)).toEqual(before)
      expect(code(await enroll())).toBe('run.completed')
      expect(rehearsal.ca.orders.filter(({ test }) => !test)).toHaveLength(1)
    },
  )

  it('orders no more than the owner of the ledger allows, which no host can change', async () => {
    const limit = (args: readonly string[], by = at(database, server.port, 'postgres')): Promise<ProgramEnd> =>
      ledger(['limit', ...args, '--endpoint', rehearsal.ca.url], by)
    expect(code(await limit(['--orders-per-day', '9'], env))).toBe('ledger.login')
    expect(said(await limit(['--orders-per-day', '0']))).toMatchObject({
      limits: { ordersPerDay: 0 },
      used: { ordersPerDay: 0 },
    })
    expect((await enroll(env, '--test', '--wait')).code, 'rehearsals do not count').toBe(0)
    const tests = await listRunIds(rehearsal.stateDirectory)
    const refused = await enroll()
    expect([refused.code, code(refused)]).toEqual([1, 'ledger.limit'])
    expect(rehearsal.ca.orders.filter(({ test }) => !test)).toHaveLength(0)
    // However the address of the account is written.
    const written = rehearsal.ca.url.replace('https://', 'HTTPS://').replace(/\/$/, '')
    expect(code(await enroll(env, '--new', '--endpoint', written))).toBe('ledger.limit')
    await limit(['--orders-per-day', 'none', '--amount-per-month', '500'])
    const paid = String((await listRunIds(rehearsal.stateDirectory)).find((id) => !tests.includes(id)))
    const resume = (): Promise<ProgramEnd> => runs('resume', paid, '--yes', '--wait')
    expect(code(await resume()), 'no price is known').toBe('ledger.limit')
    await limit(['--assumed-price', '500.01'])
    expect(code(await resume())).toBe('ledger.limit')
    await limit(['--assumed-price', '400'])
    const resumed = await resume()
    expect(resumed.code, resumed.stderr).toBe(0)
    const { amount } = said(resumed)
    expect(said(await limit([], env))).toMatchObject({ used: { ordersPerMonth: 1, amountPerMonth: amount }, open: 0 })
    expect(rehearsal.ca.orders.filter(({ test }) => !test)).toHaveLength(1)
  })

  it('moves its folder into the database, every fact and claim, and twice is once', async () => {
    expect((await enroll({}, '--wait')).code).toBe(0)
    for (const end of [await ledger(['check']), await enroll(env, '--test')])
      expect(code(end)).toBe('ledger.not-imported')
    const folderLedger = new FolderLedger(join(rehearsal.stateDirectory, 'ledger'))
    await folderLedger.record({ kind: 'attempt', subject: 'd', run: 'no-run', outcome: 'sent' })
    await folderLedger.record({ kind: 'attempt', subject: 'd', run: 'no-run', outcome: 'wrong' })
    const moved = await ledger(['import', rehearsal.stateDirectory])
    expect([moved.code, said(moved)], moved.stderr).toMatchObject([
      0,
      { runs: 1, disagreements: [], added: 0, released: 0 },
    ])
    const there = new PostgresqlLedger(server.options(database, 'host_a'))
    let facts = 0
    for (const kind of FACT_KINDS)
      for await (const history of folderLedger.histories(kind)) {
        facts += history.length
        expect(await there.history(kind, history[0]?.subject ?? '')).toEqual(history)
      }
    expect(said(moved).imported).toBe(facts)
    expect(facts).toBeGreaterThan(6)
    for await (const { name, run, intent } of folderLedger.claims())
      expect(await there.claimOf(name)).toMatchObject({ run, intent })
    const run = (await gather(folderLedger.all('order')))[0]?.run ?? ''
    expect(await there.saidBy(run)).toEqual(await folderLedger.saidBy(run))
    await there.close()
    const twice = await ledger(['import', rehearsal.stateDirectory])
    expect([twice.code, said(twice)]).toMatchObject([0, { imported: 0, added: 0, disagreements: [] }])
    expect(code(await enroll())).toBe('run.completed')
  })

  it('takes over from a folder under a command that is at work, which then sends no order', async () => {
    const { stateDirectory } = rehearsal
    // Before the run claims its key, and after it has found it free.
    const order = countedOrder(rehearsal.ca.url, async () => {
      expect((await ledger(['import', stateDirectory])).code).toBe(0)
      return { amount: '1' }
    })
    const plan = { configuration: new Configuration(new Map()), test: false, device: false }
    const atWork = withNewRun(plan, bareServices(stateDirectory), (run) => orderOnce(run, order))
    await expect(atWork).rejects.toMatchObject({ code: 'ledger.elsewhere' })
    expect(order.sent()).toBe(0)
    const there = new PostgresqlLedger(server.options(database, 'host_a'))
    expect(await there.claimOf(order.spkiSha256)).toBeUndefined()
    await there.close()
    expect(said(await runs('show', await onlyRun()))).toMatchObject({ state: 'checked' })
  })

  it('is not used before all of a folder is in it, nor the folder any more; an import that fails leaves the folder', async () => {
    expect((await enroll({}, '--wait')).code).toBe(0)
    const before = await readdir(rehearsal.stateDirectory)
    await server.sql('ALTER TABLE hsm_enroll.claim RENAME TO away', database)
    expect(code(await ledger(['import', rehearsal.stateDirectory]))).toBeDefined()
    expect(await readdir(rehearsal.stateDirectory)).toEqual(before)
    expect(said(await ledger(['check'], {}))).toMatchObject({ runs: 1, disagreements: [] })
    await server.sql('ALTER TABLE hsm_enroll.away RENAME TO claim', database)
    // What a process that was killed while it imported leaves behind.
    const there = new PostgresqlLedger(server.options(database, 'host_a'))
    const binding = { ledger: await there.id(), address: there.address, importing: true } as const
    await there.close()
    await writeBinding(rehearsal.stateDirectory, binding)
    for (const end of [await enroll(env, '--test'), await enroll({}, '--test'), await ledger(['sync'])])
      expect(code(end)).toBe('ledger.not-imported')
    expect(said(await ledger(['import', rehearsal.stateDirectory]))).toMatchObject({ disagreements: [] })
    expect(said(await ledger(['check']))).toMatchObject({ runs: 1, disagreements: [] })
    expect((await enroll(env, '--test')).code).toBe(0)
  })

  it('refuses what another host has ordered with the same key', async () => {
    const form = join(folder, 'form.yaml')
    const personal = { days: 365, product: 506, appRepEmailAddress: 'a@example.org' }
    await writeFile(form, stringify({ ...personal, csr: makeCsr('CN=Ada Example', testKeyPair('P-256')) }))
    const submit = (state: string): Promise<ProgramEnd> =>
      runInside(
        [
          'order',
          'submit',
          form,
          '--profile',
          rehearsal.profile,
          '--state-directory',
          join(folder, state),
          '--yes',
          '--json',
        ],
        {
          env,
        },
      )
    const first = await submit('host-1')
    expect(first.code, first.stderr).toBe(0)
    const second = await submit('host-2')
    expect([second.code, code(second)]).toEqual([1, 'order.duplicate'])
    expect(rehearsal.ca.orders).toHaveLength(1)
    const listed = await runInside(['keys', 'list', '--json', '--state-directory', join(folder, 'host-2')], { env })
    expect(listed.code, listed.stderr).toBe(0)
  })
})
