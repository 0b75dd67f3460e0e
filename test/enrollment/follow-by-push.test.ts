import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writePem } from '../../src/asn1/pem.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import type { ProgramEnd } from './built-program.ts'
import { runInside } from './run-inside.ts'
import { type RunningProgram, startProgram } from './running-program.ts'

const BASIC = { user: 'planted-push-user', password: 'planted-push-password' }

let folder: string
let stateDirectory: string
let listener: RunningProgram
let address: string
let rehearsal: Rehearsal
let push: { url: string; withCertificate: boolean } & typeof BASIC
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'push-'))
  stateDirectory = join(folder, 'state')
  listener = startProgram(
    [
      ...['listen', '--port', '0', '--path', '/hook', '--source', '127.0.0.1', '--state-directory', stateDirectory],
      ...['--basic-user', 'env:PUSH_USER', '--basic-password', 'env:PUSH_PASSWORD', '--json'],
    ],
    { PUSH_USER: BASIC.user, PUSH_PASSWORD: BASIC.password },
  )
  address = (await listener.until(/Listening on (\S+);/))[1] ?? ''
  push = { url: address, ...BASIC, withCertificate: true }
  rehearsal = await startRehearsal({
    directory: folder,
    device: 'yubihsm2',
    algorithm: 'P-256',
    authority: { flow: [], push, account: { credit: '100000.00' } },
  })
})
afterEach(async () => {
  await listener.stop()
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const program = (...args: string[]): Promise<ProgramEnd> => runInside([...args, '--state-directory', stateDirectory])

interface Shown {
  readonly id: string
  readonly state: string
  readonly folder: string
  readonly orderNumber: string
}
const shown = (end: ProgramEnd): Shown => JSON.parse(end.stdout) as Shown
const show = async ({ id }: Shown): Promise<Shown> => shown(await program('runs', 'show', id, '--json'))

/** A run whose order waits at the CA. */
async function order(): Promise<Shown> {
  const end = await runInside(['enroll', rehearsal.profile, '--yes', '--new', '--json'])
  expect(end.code, end.stderr).toBe(6)
  return shown(end)
}

/** Lets the CA take the steps, one push each, and waits until every one was answered. */
async function take(run: Shown, ...actions: Parameters<Rehearsal['ca']['perform']>[1][]): Promise<void> {
  for (const action of actions) expect(rehearsal.ca.perform(run.orderNumber, action), action).toBe(true)
  for (const { answers } of await rehearsal.ca.pushes()) expect(answers).toEqual([200])
}

const certificatesOf = ({ orderNumber }: Shown): readonly Uint8Array[] =>
  rehearsal.ca.orders.find((placed) => placed.orderNumber === orderNumber)?.certificates ?? []

/** As the CA pushes an issued certificate. */
const issuedForm = (orderNumber: string, [own, ...chain]: readonly Uint8Array[]): URLSearchParams =>
  new URLSearchParams({
    orderNumber,
    certificateID: '1',
    status: 'issued',
    statusCode: '6',
    statusDesc: 'Valid',
    certificate: writePem('CERTIFICATE', own ?? new Uint8Array()),
    caCertificate: chain.map((der) => writePem('CERTIFICATE', der)).join(''),
  })

const authorization = `Basic ${Buffer.from(`${BASIC.user}:${BASIC.password}`).toString('base64')}`
const send = async (
  body: URLSearchParams | string,
  headers: Record<string, string> = { authorization },
  to = address,
) =>
  (
    await fetch(to, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: String(body),
    })
  ).status

/** Name and content of everything in a folder, as one digest. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  const entries = (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  for (const file of entries.map((entry) => join(entry.parentPath, entry.name)).sort())
    hash.update(file).update(await readFile(file))
  return hash.digest('hex')
}

/** What `listen` printed, one JSON line for each push that it took. */
const told = (): readonly {
  orderNumber: string
  event: string
  run?: string
  link?: string
  outcome: string
  error?: { code: string }
}[] =>
  listener.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

describe('listen', () => {
  it('takes the pushes of an order, GET and POST, up to the certificate; `certificate install` finishes', async () => {
    const run = await order()
    push.withCertificate = false
    await take(run, 'validate-organization', 'start-callback', 'callback', 'send-agreement', 'agreement')
    expect((await show(run)).state).toBe('ordered')
    expect(told().map(({ event }) => event)).toContain('callback-verified')
    expect(told().find(({ event }) => event === 'agreement-sent')?.link).toMatch(/^https:\/\/.*orderNumber=/)
    push.withCertificate = true
    const asked = rehearsal.ca.counters.requests['download/CollectSSL']
    await take(run, 'issue')
    expect(told().at(-1)).toMatchObject({ event: 'issued', run: run.id })
    expect((await show(run)).state).toBe('issued')
    expect(rehearsal.ca.counters.requests['download/CollectSSL'], 'the push carried it').toBe(asked)
    const end = await program('certificate', 'install', run.id, '--json')
    expect(end.code, end.stderr).toBe(0)
    expect(shown(end).state).toBe('installed')
  })

  it('takes a push without certificate for a hint, and collects', async () => {
    const run = await order()
    push.withCertificate = false
    // The rehearsal's pause between two questions is a second.
    await new Promise((done) => setTimeout(done, 1100))
    for (const action of ['validate-organization', 'callback', 'agreement'] as const) {
      const found = rehearsal.ca.orders.find(({ orderNumber }) => orderNumber === run.orderNumber)
      if (found !== undefined) found.steps[action === 'validate-organization' ? 'organizationValidation' : action] = 1
    }
    await take(run, 'issue')
    expect((await show(run)).state).toBe('issued')
  })

  it('changes nothing for somebody else’s certificate, and nothing for a repeated push', async () => {
    const [mine, theirs] = [await order(), await order()]
    await take(theirs, 'validate-organization', 'callback', 'agreement', 'issue')
    const before = await digestOf(mine.folder)
    expect(await send(issuedForm(mine.orderNumber, certificatesOf(theirs)))).toBe(200)
    expect(told().at(-1)).toMatchObject({ outcome: 'failed', error: { code: 'certificate.other-key' } })
    expect(await digestOf(mine.folder)).toBe(before)
    expect((await show(mine)).state).toBe('ordered')

    await take(mine, 'validate-organization', 'callback', 'agreement', 'issue')
    expect((await show(mine)).state).toBe('issued')
    const settled = await digestOf(stateDirectory)
    const lines = told().length
    const requests = JSON.stringify(rehearsal.ca.counters.requests)
    const { orderNumber, certificateId } =
      rehearsal.ca.orders.find((placed) => placed.orderNumber === mine.orderNumber) ?? {}
    const replay = issuedForm(orderNumber ?? '', certificatesOf(mine))
    replay.set('certificateID', certificateId ?? '')
    expect(await send(replay)).toBe(200)
    expect(told()).toHaveLength(lines)
    expect(await digestOf(stateDirectory)).toBe(settled)
    expect(JSON.stringify(rehearsal.ca.counters.requests)).toBe(requests)
    // For an order that nobody waits for, too.
    expect(await send(issuedForm('1', certificatesOf(mine)))).toBe(200)
    expect(told().at(-1)?.outcome).toBe('no-run')
    expect(await digestOf(stateDirectory)).toBe(settled)
  })

  it('outlasts a flood of pushes: the journal holds what is new, the CA is asked once, and the last push counts', async () => {
    const end = await runInside(['enroll', rehearsal.profile, '--yes', '--new', '--json'], {
      env: { HSM_ENROLL_SECTIGO_POLL_SECONDS: '10800' },
    })
    const run = shown(end)
    const flooded = startProgram([
      ...['listen', '--port', '0', '--source', '127.0.0.1', '--state-directory', stateDirectory, '--json'],
    ])
    const [, to = ''] = await flooded.until(/Listening on (\S+);/)
    const size = async (): Promise<number> => (await readFile(join(run.folder, 'journal.jsonl'))).length
    const questions = (): number => Object.values(rehearsal.ca.counters.requests).reduce((sum, count) => sum + count, 0)
    const hint = (description: string): URLSearchParams =>
      new URLSearchParams({ orderNumber: run.orderNumber, status: 'awaiting validation', statusDesc: description })
    const outcomes = (): readonly string[] =>
      flooded.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { outcome: string }).outcome)

    expect(await send(hint('first'), {}, to)).toBe(200)
    const [before, asked] = [await size(), questions()]
    for (let i = 0; i < 300; i++) expect(await send(hint(`flood ${i}`), {}, to)).toBe(200)
    const passed = outcomes().filter((outcome) => outcome !== 'later').length
    // A pause is a minute: as many as fit into the time that this machine took, at most.
    expect(passed).toBeLessThan(10)
    expect(questions() - asked).toBeLessThan(10)
    expect(await size()).toBe(before)
    await flooded.stop()
    expect(outcomes().at(-1)).toBe('woken')
    expect(await size()).toBe(before)
  })

  it('wakes `enroll --wait`, long before the CA may be asked again', async () => {
    const theirs = await order()
    await take(theirs, 'validate-organization', 'callback', 'agreement', 'issue')
    const placed = rehearsal.ca.orders.length
    const waiting = startProgram(['enroll', rehearsal.profile, '--yes', '--new', '--wait', '--json'], {
      HSM_ENROLL_SECTIGO_POLL_SECONDS: '10800',
    })
    await waiting.until(/may be asked for the certificate again at/)
    const asked = rehearsal.ca.counters.requests['download/CollectSSL']
    const orderNumber = rehearsal.ca.orders[placed]?.orderNumber ?? ''
    for (const action of ['validate-organization', 'callback', 'agreement'] as const)
      rehearsal.ca.perform(orderNumber, action)
    // Somebody else's certificate does not wake it.
    expect(await send(issuedForm(orderNumber, certificatesOf(theirs)))).toBe(200)
    expect(told().at(-1)?.outcome).toBe('busy')
    rehearsal.ca.perform(orderNumber, 'issue')
    const end = await waiting.ended
    expect(end.code, end.stderr).toBe(0)
    expect(shown(end).state).toBe('installed')
    expect((await rehearsal.ca.pushes()).at(-1)?.answers).toEqual([200])
    expect(rehearsal.ca.counters.requests['download/CollectSSL']).toBe(asked)
    expect(await readdir(shown(end).folder)).not.toContain('pushed.pem')
  })

  it('refuses a wrong login, a wrong source, an oversize body, a wrong path and nonsense', async () => {
    const run = await order()
    const before = await digestOf(stateDirectory)
    const form = issuedForm(run.orderNumber, certificatesOf(run))
    const wrong = `Basic ${Buffer.from(`${BASIC.user}:wrong`).toString('base64')}`
    expect(await send(form, {})).toBe(401)
    expect(await send(form, { authorization: wrong })).toBe(401)
    expect(await send('x'.repeat(200_000)).catch(() => 413)).toBe(413)
    expect(await send(form, { authorization }, address.replace('/hook', '/other'))).toBe(404)
    expect(await send('orderNumber=%1b%5b31m')).toBe(400)
    const strict = startProgram(['listen', '--port', '0', '--state-directory', stateDirectory])
    const [, other = ''] = await strict.until(/Listening on (\S+);/)
    expect(await send(form, {}, other)).toBe(403)
    const end = await strict.stop()
    expect(end.code).toBe(0)
    expect(end.stderr).toContain('403')
    expect(end.stderr).toMatch(/warning: no notification can arrive: .*--source 127\.0\.0\.1/)
    expect(listener.stderr).not.toContain('no notification can arrive')
    expect(await digestOf(stateDirectory)).toBe(before)
    expect(listener.stderr).not.toContain('\u001b')
  })

  it.each([
    [['--basic-user', 'env:X'], /basic-password is missing/],
    [['--tls-key', '/dev/null'], /tls-certificate is missing/],
    [['--source', 'nowhere'], /source address "nowhere"/],
    [['--tls-key', '/nonexistent/key.pem', '--tls-certificate', '/dev/null'], /no such file/],
  ])('does not open a door by half: %j', async (more, says) => {
    const end = await program('listen', '--port', '0', ...more)
    expect(end.code).toBe(2)
    expect(end.stderr).toMatch(says)
  })

  it('never shows its credentials', async () => {
    const run = await order()
    await take(run, 'validate-organization', 'callback', 'agreement', 'issue')
    expect(await send(issuedForm(run.orderNumber, certificatesOf(run)), {})).toBe(401)
    const files = await readdir(stateDirectory, { recursive: true, withFileTypes: true })
    const texts = await Promise.all(
      files.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')),
    )
    for (const text of [listener.stdout, listener.stderr, ...texts])
      for (const secret of [BASIC.user, BASIC.password, authorization.slice(6)]) expect(text).not.toContain(secret)
  })
})

describe('certificate import', () => {
  it('takes PEM, DER, PKCS#7 and ZIP as openssl and zip make them; of another key it takes nothing', async () => {
    const [run, other] = [await order(), await order()]
    // The CA pushes nobody: the file comes by mail.
    push.url = 'http://127.0.0.1:9/'
    for (const { orderNumber } of [run, other])
      for (const action of ['validate-organization', 'callback', 'agreement', 'issue'] as const)
        rehearsal.ca.perform(orderNumber, action)
    await rehearsal.ca.pushes()
    push.url = address
    const mail = join(folder, 'mail')
    await mkdir(mail)
    const at = (name: string): string => join(mail, name)
    const pem = certificatesOf(run).map((der) => writePem('CERTIFICATE', der))
    await writeFile(at('bundle.pem'), pem.join(''))
    await writeFile(at('own.pem'), pem[0] ?? '')
    await writeFile(
      at('other.pem'),
      certificatesOf(other)
        .map((der) => writePem('CERTIFICATE', der))
        .join(''),
    )
    await writeFile(at('broken.pem'), (pem[0] ?? '').slice(0, 300))
    execFileSync('openssl', ['x509', '-in', at('own.pem'), '-outform', 'DER', '-out', at('own.der')])
    for (const [form, file] of [
      ['PEM', 'bundle.p7b'],
      ['DER', 'bundle.p7c'],
    ] as const)
      execFileSync('openssl', [
        'crl2pkcs7',
        '-nocrl',
        '-certfile',
        at('bundle.pem'),
        '-outform',
        form,
        '-out',
        at(file),
      ])
    execFileSync('zip', ['-q', '-j', at('mailed.zip'), at('bundle.pem')])

    const before = await digestOf(run.folder)
    for (const [file, code] of [
      ['other.pem', 4],
      ['broken.pem', 2],
      ['nosuch.pem', 2],
    ] as const) {
      const end = await program('certificate', 'import', run.id, at(file))
      expect(end.code, `${file}: ${end.stderr}`).toBe(code)
      expect(end.stderr).toMatch(/^error: [\s\S]*^Try: /m)
    }
    expect(await digestOf(run.folder)).toBe(before)

    for (const file of ['bundle.pem', 'own.der', 'bundle.p7b', 'bundle.p7c', 'mailed.zip']) {
      // Each into a copy of the state, since a run takes one certificate.
      const copy = join(folder, `state-${file}`)
      await cp(stateDirectory, copy, { recursive: true })
      const end = await runInside(['certificate', 'import', run.id, at(file), '--json', '--state-directory', copy])
      expect(end.code, `${file}: ${end.stderr}`).toBe(0)
      const stored = shown(end)
      expect(stored.state).toBe('issued')
      expect(await readFile(join(stored.folder, 'certificate.pem'), 'utf8')).toBe(pem[0])
      if (file !== 'own.der')
        expect(await readFile(join(stored.folder, 'chain.pem'), 'utf8')).toBe(pem.slice(1).join(''))
    }
    const end = await program('certificate', 'import', run.id, at('mailed.zip'))
    expect(end.code, end.stderr).toBe(0)
    const installed = await program('certificate', 'install', run.id, '--json')
    expect(installed.code, installed.stderr).toBe(0)
    expect(shown(installed).state).toBe('installed')
    expect((await program('certificate', 'import', run.id, at('mailed.zip'))).code).toBe(2)
  })
})
