import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { writePem } from '../../src/asn1/pem.ts'
import { builtInKnowledge } from '../../src/knowledge/built-in-knowledge.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { startTimeStampAuthority } from '../../src/sandbox/time-stamp-authority/time-stamp-authority.ts'
import { runProgram } from '../enrollment/built-program.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { startProgram } from '../enrollment/running-program.ts'
import { tokenOrderForm } from '../sectigo/rehearsal-kit.ts'
import { signedKnowledge } from '../signed-knowledge.ts'
import {
  expectForm,
  FLEET_COMMANDS,
  failure,
  form,
  held,
  type Json,
  linesOf,
  type Run,
  result,
  results,
  valuesOf,
} from './json-kit.ts'
import { commandNames } from './published-schemas.ts'

let folder: string
let rehearsal: Rehearsal
beforeAll(async () => {
  held.clear()
  folder = await mkdtemp(join(tmpdir(), 'json-'))
  rehearsal = await startRehearsal({
    directory: join(folder, 'r'),
    device: 'yubihsm2',
    algorithm: 'P-256',
    authority: { flow: [], account: { credit: '100000.00' } },
  })
})
afterAll(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const state = (): string[] => ['--state-directory', rehearsal.stateDirectory]
const profile = (): string[] => ['--profile', rehearsal.profile]

const order = async (): Promise<Run> =>
  (await result('enroll', [rehearsal.profile, '--yes', '--new'], 6)) as unknown as Run

function issue({ orderNumber }: Run): readonly Uint8Array[] {
  for (const action of ['validate-organization', 'callback', 'agreement', 'issue'] as const)
    expect(rehearsal.ca.perform(orderNumber, action), action).toBe(true)
  return rehearsal.ca.orders.find((placed) => placed.orderNumber === orderNumber)?.certificates ?? []
}

describe('--json prints what docs/json.md says, and nothing else on stdout', () => {
  it('keygen, csr, attest, runs resume: the steps of one run', async () => {
    const { id } = (await result('keygen', [rehearsal.profile], 0)) as unknown as Run
    expect(await result('csr', ['--run', id, ...state()], 0)).toMatchObject({ id, state: 'csr-signed' })
    expect(await result('attest', ['--run', id, ...state()], 0)).toMatchObject({ id, state: 'attested' })
    const ordered = await result('runs resume', [id, '--yes', ...state()], 6)
    expect(ordered).toMatchObject({ id, state: 'ordered', test: false, paymentRequired: false })
    expect(ordered.submission).not.toHaveProperty('claim')
  })

  it('an order from waiting to installed: status, collect, watch, install, show, list, report', async () => {
    const run = await order()
    const status = await result('order status', [run.orderNumber, ...profile()], 6)
    expect(status.progress).toMatchObject({ state: 'pending' })
    expect(await result('certificate collect', [run.id, ...state()], 6)).toMatchObject({ state: 'ordered' })
    issue(run)
    const watched = await result('runs watch', [run.id, ...state()], 0)
    expect(watched).toMatchObject({ state: 'installed', certificateLocation: expect.stringMatching(/^0x/) })
    expect(await result('certificate install', [run.id, ...state()], 0)).toEqual(watched)
    expect(await result('sign-check', [run.id, ...state()], 0)).toMatchObject({ run: run.id, verified: true })
    for (const program of ['pyhanko', 'jsign', 'jarsigner', 'openssl', 'osslsigncode', 'acrobat', 'nss'])
      expect(await result('signing-config', [run.id, '--for', program, ...state()], 0)).toMatchObject({ program })
    expect(await result('runs show', [run.id.slice(-6), ...state()], 0)).toEqual(watched)
    const page = join(folder, 'page.html')
    const report = await result('runs report', [run.id, '--html', '-o', page, ...state()], 0)
    expect(report).toMatchObject({ run: run.id, verdict: { acceptable: true } })
    expect(await readFile(page, 'utf8')).toMatch(/^<!doctype html>/)
    expect(await failure(['runs', 'report', run.id, '--html', ...state()], 2)).toMatchObject({ code: 'usage' })
    const file = (name: string) => join(run.folder, name)
    const evidence = ['--attestation', file('attestation.pem'), '--csr', file('request.csr.pem')]
    const anchors = ['--trust-anchors', join(folder, 'r/trust-anchors.json')]
    await result('check', [...evidence, ...anchors, '--fips', 'warn'], 0)
    expect(await result('check', evidence, 1)).toMatchObject({ genuine: false, acceptable: false })
    const many = [file('attestation.pem'), join(folder, 'page.html'), ...anchors, '--fips', 'warn']
    expect(await results('check-many', many, 2, undefined, runProgram)).toMatchObject([
      { name: file('attestation.pem'), result: { acceptable: true } },
      { error: { code: 'evidence.unreadable' } },
    ])
    await result('inspect', [file('attestation.pem'), ...anchors], 0)
    const several = await runInside(['inspect', file('request.csr.pem'), file('chain.pem'), '--json'])
    expect(linesOf(several.stdout).map((line) => expectForm(line, 'explanation').kind)).toEqual([
      'certificate-request',
      'certificates',
    ])
    const broken = await runInside(['inspect', file('request.csr.pem'), file('nosuch'), '--json'])
    expect(expectForm(linesOf(broken.stdout)[1], 'error')).toMatchObject({ error: { code: 'input.unreadable' } })
  })

  it('runs list has a run that cannot be read, too', async () => {
    const damaged = join(folder, 'damaged')
    for (const id of ['2026-01-01-aaaaaa', '2026-01-02-bbbbbb'])
      await mkdir(join(damaged, 'runs', id), { recursive: true })
    await writeFile(join(damaged, 'runs/2026-01-02-bbbbbb/journal.jsonl'), 'no journal\n')
    const { runs } = await result('runs list', ['--state-directory', damaged], 0)
    expect(runs).toMatchObject([{ fault: { code: 'journal.damaged' } }, { fault: { code: 'journal.damaged' } }])
    const { id } = await order()
    const all = await result('runs list', state(), 0)
    expect((all.runs as Run[]).map((run) => run.id)).toContain(id)
  })

  it('certificate import; runs resolve', async () => {
    const run = await order()
    const file = join(folder, 'mailed.pem')
    await writeFile(
      file,
      issue(run)
        .map((der) => writePem('CERTIFICATE', der))
        .join(''),
    )
    expect(await result('certificate import', [run.id, file, ...state()], 0)).toMatchObject({ state: 'issued' })
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    const lost = (await result('enroll', [rehearsal.profile, '--yes', '--new'], 5)) as unknown as Run
    expect(lost).toMatchObject({ state: 'unknown', unknownReason: expect.any(String) })
    const placed = rehearsal.ca.orders.at(-1)?.orderNumber ?? ''
    const resolved = await result('runs resolve', [lost.id, '--order-number', placed, ...state()], 0)
    expect(resolved).toMatchObject({ state: 'ordered', orderNumber: placed })
  })

  it('runs abandon, repair and prune; keys list and delete; ledger check and rebuild', async () => {
    const run = (await result('keygen', [rehearsal.profile], 0)) as unknown as Run
    expect(await result('runs repair', [run.id, ...state()], 0)).toMatchObject({ state: 'key-generated' })
    const abandoned = await result('runs abandon', [run.id, '--yes', ...state()], 0)
    expect(abandoned).toMatchObject({ state: 'abandoned', abandonedAs: 'key-generated' })
    expect(await result('runs prune', ['--dry-run', ...state()], 0)).toMatchObject({ dryRun: true })
    const { keyLocation } = run as unknown as { keyLocation: string }
    const listed = await result('keys list', [rehearsal.profile], 0, 'device-keys')
    expect(listed.keys).toContainEqual(
      expect.objectContaining({ location: keyLocation, run: run.id, state: 'abandoned', inUse: false }),
    )
    const deleted = await result('keys delete', [keyLocation, rehearsal.profile, '--yes'], 0)
    expect(deleted).toMatchObject({ deleted: { location: keyLocation } })
    const known = await result('keys list', state(), 0, 'inventory')
    expect(known.keys).toContainEqual(
      expect.objectContaining({ run: run.id, keyStatus: 'deleted', next: 'nothing: the key is gone' }),
    )
    const certified = await order()
    issue(certified)
    await result('runs watch', [certified.id, ...state()], 0)
    const certificates = await result('certificate list', state(), 0)
    expect(certificates.keys).toContainEqual(expect.objectContaining({ state: 'installed', algorithm: 'P-256' }))
    expect(await result('inventory scan', [rehearsal.profile], 0)).toMatchObject({ scans: [{ complete: true }] })
    expect(await result('metrics', state(), 0)).toMatchObject({ metrics: expect.any(Array) })
    expect(await result('ledger check', state(), 0)).toMatchObject({ disagreements: [] })
    expect(await result('ledger rebuild', state(), 0)).toMatchObject({ added: 0, damaged: [] })
  })

  it('renew, runs switch and retire', async () => {
    const aside = ['--state-directory', join(folder, 'renewals')]
    const old = (await result('enroll', [rehearsal.profile, '--yes', ...aside], 6)) as unknown as Run
    issue(old)
    await result('runs watch', [old.id, ...aside], 0)
    expect(await result('renew', [rehearsal.profile, ...aside], 0)).toMatchObject({ outcome: 'nothing' })
    const every = await runInside(['runs', 'resume', '--all', '--json', ...aside])
    expect(every).toMatchObject({ code: 0, stdout: '' })
    const begun = await result('renew', [rehearsal.profile, '--yes', '--before', '60w', ...aside], 7)
    expect(begun).toMatchObject({ outcome: 'begun', current: old.id })
    const run = String(begun.run)
    const { orderNumber } = (await result('runs show', [run, ...aside], 0)) as unknown as Run
    issue({ ...old, orderNumber })
    expect(await result('runs watch', [run, ...aside], 0)).toMatchObject({ renews: { run: old.id } })
    expect(await result('renew', [rehearsal.profile, ...aside], 8)).toMatchObject({ outcome: 'person' })
    expect(await result('runs switch', [run, ...aside], 0)).toHaveProperty('switchedAt')
    expect(await result('runs retire', [old.id, '--yes', ...aside], 0)).toMatchObject({ keyDeleted: true })
  })

  it('order submit, place-order, their --dry-run and --url; authorize, refund, revoke, balance', async () => {
    const { folder: run } = (await result('attest', [rehearsal.profile], 0)) as unknown as Run
    const { order: kept } = parse(await readFile(rehearsal.profile, 'utf8')) as { order: Json }
    const csr = { file: join(run, 'request.csr.pem') }
    const keyAttestation = { 'base64-of': join(run, 'attestation.pem') }
    const good = await form(folder, 'good', { ...kept, hsmType: 'YUBIHSM2', csr, keyAttestation })
    const poor = await form(folder, 'poor', { product: '1214' })
    expect(await result('order submit', [good, '--dry-run', ...profile()], 0, 'findings')).toMatchObject({
      ready: true,
    })
    const untrusted = await result('order submit', [good, '--dry-run'], 1, 'findings')
    expect(untrusted.findings).toContainEqual(expect.objectContaining({ area: 'evidence', severity: 'blocker' }))
    const anyway = await result('order submit', [good, '--dry-run', '--send-anyway'], 0, 'findings')
    expect(anyway.findings).toContainEqual(expect.objectContaining({ area: 'evidence', severity: 'warning' }))
    const missing = await result('order submit', [poor, '--dry-run', ...profile()], 1, 'findings')
    expect(missing.findings).toContainEqual(expect.objectContaining({ parameter: 'days', severity: 'blocker' }))
    const submitted = await result('order submit', [good, '--yes', ...profile()], 0)
    expect(submitted).toMatchObject({ state: 'ordered', device: false })

    const token = await form(folder, 'token', tokenOrderForm('Ada Example'))
    expect(await result('place-order', [token, '--dry-run'], 0, 'findings')).toMatchObject({ ready: true })
    const { url } = await result('place-order', [token, '--url', ...profile()], 0, 'ordering-url')
    expect(url).toContain('PlaceOrder')
    const placed = (await result('place-order', [token, '--yes', ...profile()], 0)) as unknown as Run
    await result('order authorize', [placed.orderNumber, '--yes', ...profile()], 0)
    await result('order refund', [placed.orderNumber, '--reason-code', '1', '--yes', ...profile()], 4)
    const revoke = ['--order-number', String(submitted.orderNumber), '--yes', ...profile()]
    expect(await result('order revoke', revoke, 0)).toMatchObject({ kind: 'done' })
    rehearsal.ca.fail({ endpoint: '!AutoRefund', kind: 'lost-reply' })
    const refund = [placed.orderNumber, '--reason-code', '1', '--yes', ...profile()]
    expect(await result('order refund', refund, 5)).toMatchObject({ kind: 'unknown' })
    expect(await result('balance', profile(), 0)).toMatchObject({ amount: expect.any(String), currency: 'EUR' })
  })

  it('batch: a line for each profile, with the error of the one that fails', async () => {
    const jobs = join(folder, 'r/jobs')
    await writeFile(jobs, 'nosuch.yaml\nprofile.yaml\n')
    expect(await results('batch', [jobs, '--test', '--keep-going'], 2)).toMatchObject([
      { profile: 'nosuch.yaml', exitCode: 2, error: { code: 'config.no-profile', exitCode: 2 } },
      { profile: 'profile.yaml', exitCode: 6, state: 'ordered' },
    ])
  })

  it('listen: a line for each push', async () => {
    const run = await order()
    const [own, ...chain] = issue(run)
    const options = ['--port', '0', '--source', '127.0.0.1', ...state()]
    const listener = startProgram(['listen', ...options, '--json'])
    const address = (await listener.until(/Listening on (\S+);/))[1] ?? ''
    const push = (orderNumber: string) =>
      fetch(address, {
        method: 'POST',
        body: new URLSearchParams({
          ...{ orderNumber, certificateID: '1', status: 'issued', statusCode: '6', statusDesc: 'Valid' },
          certificate: writePem('CERTIFICATE', own ?? new Uint8Array()),
          caCertificate: chain.map((der) => writePem('CERTIFICATE', der)).join(''),
        }),
      })
    for (const orderNumber of ['1', run.orderNumber]) expect((await push(orderNumber)).status).toBe(200)
    const end = await listener.stop()
    expect(end.code, end.stderr).toBe(0)
    expect(valuesOf(end, true).map((line) => expectForm(line, 'push'))).toMatchObject([
      { orderNumber: '1', event: 'issued', outcome: 'no-run' },
      { orderNumber: run.orderNumber, event: 'issued', outcome: 'woken', run: run.id, state: 'issued' },
    ])
    held.add('listen')
  })

  it('agent: a line for each profile, and for each run that goes on', async () => {
    const aside = ['--state-directory', join(folder, 'agent')]
    const run = (await result('enroll', [rehearsal.profile, '--yes', ...aside], 6)) as unknown as Run
    const agent = startProgram(['agent', rehearsal.profile, 'nosuch', ...aside, '--json'])
    await agent.until(new RegExp(`"run":"${run.id}","state":"ordered"`))
    const end = await agent.stop()
    expect(end.code, end.stderr).toBe(0)
    const [first, second, third] = valuesOf(end, true)
    expect(expectForm(first, 'renewal')).toMatchObject({ outcome: 'waiting', exitCode: 6, run: run.id })
    expectForm(second, 'error')
    expect(expectForm(third, 'resumed-run')).toMatchObject({ run: run.id, state: 'ordered', exitCode: 6 })
    held.add('agent')
  })

  it('sandbox: one line that can be waited for; demo: the run', async () => {
    const sandbox = startProgram(['sandbox', '--directory', join(folder, 'sandbox'), '--json'])
    await sandbox.until(/^\{.*\}$/m)
    const end = await sandbox.stop()
    expect(end.code, end.stderr).toBe(0)
    expect(valuesOf(end, true).map((line) => expectForm(line, 'sandbox'))).toHaveLength(1)
    held.add('sandbox')
    expect(await result('demo', ['--directory', join(folder, 'demo')], 0, undefined, runProgram)).toMatchObject({
      state: 'installed',
    })
  })

  it('devices, doctor, plan', async () => {
    await order()
    const found = await result('devices', [rehearsal.profile, '--hsm-type', 'YUBIHSM2'], 0)
    expect(found).toMatchObject({ devices: [{ hsmType: 'YUBIHSM2' }], givenUp: [] })
    expect(await result('doctor', [rehearsal.profile], 0)).toMatchObject({ ready: true })
    const unreachable = await result(
      'doctor',
      [rehearsal.profile, '--device', 'yubihsm2:connector=http://127.0.0.1:9'],
      1,
    )
    expect(unreachable.findings).toContainEqual(
      expect.objectContaining({ area: 'device', severity: 'blocker', code: 'device.unreachable' }),
    )
    const before = JSON.stringify(rehearsal.ca.counters)
    const planned = await result('plan', [rehearsal.profile], 0)
    expect(planned).toMatchObject({ ready: true, order: { product: '1214', test: false } })
    expect((planned.openRuns as string[]).length).toBeGreaterThan(0)
    expect(planned.findings).toContainEqual(expect.objectContaining({ code: 'run.open', severity: 'warning' }))
    expect(JSON.stringify(rehearsal.ca.counters)).toBe(before)
    const { order: asked } = await result('plan', [rehearsal.profile, '--test', '--balance'], 0)
    expect(asked).toMatchObject({ test: true, balance: { currency: 'EUR', amount: rehearsal.ca.credit } })
    const poor = await form(folder, 'poor-profile', { device: { uri: 'yubihsm2:connector=http://127.0.0.1:9' } })
    expect((await result('plan', [poor, ...state()], 1)).findings).toContainEqual(
      expect.objectContaining({ code: 'order.form', parameter: 'days', severity: 'blocker' }),
    )
  })

  it('init', async () => {
    const file = join(folder, 'init.yaml')
    expect(await result('init', [file, '--hsm-type', 'LUNA', '--device', 'luna:token=Signing'], 0)).toEqual({
      file,
      hsmType: 'LUNA',
      device: 'luna:token=Signing',
    })
  })

  it('trust list, config check', async () => {
    const { trustAnchors } = await result('trust list', [], 0)
    expect((trustAnchors as unknown[]).length).toBeGreaterThan(10)
    expect(await result('knowledge list', state(), 0)).toMatchObject({ knowledge: { origin: 'built-in' } })
    const newer = await signedKnowledge(join(folder, 'newer.json'), { ...builtInKnowledge(), serial: 2 })
    const pinned: typeof runInside = (args) => runInside(args, { env: { HSM_ENROLL_KNOWLEDGE_KEYS: newer.publicKey } })
    const taken = await result(
      'knowledge update',
      [newer.file, '--state-directory', join(folder, 'tables')],
      0,
      undefined,
      pinned,
    )
    expect(taken).toMatchObject({ knowledge: { origin: 'update', serial: 2 } })
    const { settings } = await result('config check', [rehearsal.profile], 0)
    const setting = (path: string) => (settings as { path: string }[]).find((each) => each.path === path)
    expect(setting('device.uri')).toMatchObject({ origin: rehearsal.profile })
    expect(setting('sectigo.timeoutSeconds')).toMatchObject({ origin: 'default' })
    expect(setting('trustAnchors')).toMatchObject({ value: [join(folder, 'r/trust-anchors.json')] })
  })

  it('ceremony: a script; stopped at an order that waits; resumed', async () => {
    const { script } = await result('ceremony template', ['yubihsm2'], 0)
    const file = await form(folder, 'answers', { people: { leader: ['L'], operator: ['O'], witness: ['W'] } })
    await writeFile(join(folder, 'script.yaml'), String(script))
    // Another name for the same profile would be the same profile: a copy with another subject is another one.
    const own = parse(await readFile(rehearsal.profile, 'utf8'))
    const anew = join(folder, 'r/ceremony.yaml')
    await writeFile(anew, stringify({ ...own, request: { subject: 'CN=Ceremony,O=Example Signing GmbH,C=NL' } }))
    const args = ['--profile', anew, '--answers', file, '--yes', '-o', join(folder, 'c.zip')]
    const stopped = await result('ceremony run', [join(folder, 'script.yaml'), ...args], 6, 'run')
    issue(stopped as unknown as Run)
    const [id = ''] = await readdir(join(rehearsal.stateDirectory, 'ceremonies'))
    const verdict = await result('ceremony resume', [id, ...args, '--wait'], 0)
    expect(verdict).toMatchObject({ sound: true, run: stopped.id, ceremony: { ended: true, unattended: true } })
  })

  it('bundle: created, signed elsewhere, time-stamped, verified', async () => {
    const { id } = await order()
    const own = ['--trust-anchors', join(folder, 'r/trust-anchors.json')]
    const bundle = join(folder, 'b.zip')
    expect(await result('bundle create', [id, ...state(), ...own, '-o', bundle], 0)).toMatchObject({
      sound: true,
      run: id,
    })
    const statement = join(folder, 'statement.pae')
    await result('bundle statement', [bundle, ...own, '-o', statement], 0)
    const key = join(folder, 'witness')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key])
    execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'bundle@hsm-enroll', '-f', key, statement], {
      stdio: 'ignore',
    })
    await result('bundle sign', [bundle, ...own, '--signature', `${statement}.sig`], 0)
    const authority = await startTimeStampAuthority()
    await result('bundle timestamp', [bundle, ...own, '--tsa', authority.url], 0)
    await authority.close()
    const verdict = await result('bundle verify', [bundle, ...own], 0)
    expect(verdict).toMatchObject({ signatures: [{ kind: 'ssh' }], timestamps: [{ trusted: false }] })
    // Under the built-in anchors the rehearsal's evidence is not genuine.
    expect(await result('bundle verify', [bundle], 1)).toMatchObject({ sound: false })
  })

  // Whatever order they ran in; of tests that were picked out, nobody expects it.
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads it to see which fixtures are wanted
  afterAll(({}, { tasks }) => {
    if (tasks.every(({ result: end }) => end?.state === 'pass'))
      expect(
        commandNames.filter((name) => !held.has(name)),
        'held against its schema',
        // Those of a database are held in test/ledger/shared-ledger.test.ts, those of a fleet in json-fleet.test.ts.
      ).toEqual([
        ...['ledger status', 'ledger migrate', 'ledger sync', 'ledger import', 'ledger limit'],
        ...FLEET_COMMANDS,
        'completion',
      ])
  })
})
