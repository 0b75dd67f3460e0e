import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FolderLedger } from '../../src/ledger/folder-ledger.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { BrokerKit, LOGIN, newIdentity } from './broker-kit.ts'

let kit: BrokerKit
let profile: string
let url: string
const web = newIdentity()
const stranger = newIdentity()
const hosts = () => `
hosts:
  - { name: web1, pins: ['${web.pin}'], expect: { serials: ['${kit.serial}'] } }
`

const hostProfile = (name: string, at: string, identity = web) => kit.hostProfile(name, at, identity)

beforeAll(async () => {
  kit = await BrokerKit.start()
  url = await kit.broker(hosts())
  profile = await hostProfile('web1', url)
})
afterAll(() => kit.close())

const run = (...args: string[]) => runInside([...args, '--json', '--no-input'], { env: kit.rehearsal.environment })

interface Shown {
  readonly id: string
  readonly state: string
  readonly spkiSha256: string
}
const shown = ({ stdout }: { readonly stdout: string }): Shown => JSON.parse(stdout) as Shown

/** Every file below a folder. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

describe('a host with a broker', () => {
  it('enrols as far as the installed certificate, and never holds the login of the CA', async () => {
    const before = kit.orders
    const gate = await kit.gate(url, web)
    const { passed } = gate
    const tapped = await hostProfile('tapped', gate.url)
    const end = await run('enroll', tapped, '--yes', '--wait')
    expect(end.code, end.stderr).toBe(0)
    expect(shown(end)).toMatchObject({ state: 'installed' })
    expect(kit.orders - before).toBe(1)
    const files = [tapped, ...(await filesIn(join(kit.folder, 'tapped')))]
    expect(files.length).toBeGreaterThan(8)
    const held = await Promise.all(files.map((file) => readFile(file, 'latin1')))
    // What was sent has the request in it, so that something was looked at.
    expect(passed.join()).toContain('keyAttestation')
    const environment = JSON.stringify(kit.rehearsal.environment)
    for (const text of [...held, ...passed, end.stdout, end.stderr, environment])
      for (const secret of Object.values(LOGIN)) expect(text.includes(secret), text.slice(0, 200)).toBe(false)
    // The broker's own journals do not have it either.
    for (const file of await filesIn(join(kit.folder, 'broker-state')))
      expect((await readFile(file, 'latin1')).includes(LOGIN.loginPassword), file).toBe(false)
  })

  it('is refused before it generates a key where the broker does not know it', async () => {
    const other = await hostProfile('stranger', url, stranger)
    const end = await run('enroll', other, '--yes')
    expect(end.stderr).toContain('is not pinned')
    expect(end.code).toBe(1)
    expect(await filesIn(join(kit.folder, 'stranger')).catch(() => [])).not.toContainEqual(
      expect.stringContaining('journal.jsonl'),
    )
  })

  it('that also has a login of the CA is refused, whichever layer it comes from', async () => {
    const end = await runInside(['plan', profile], { env: { HSM_ENROLL_SECTIGO_LOGIN_NAME: 'env:NAME' } })
    expect(end.stderr).toContain('"broker.url"')
    expect(end.stderr).toContain('exclude each other')
    expect(end.code).toBe(2)
  })

  it.each([
    ['answer', 1],
    ['request', 0],
  ] as const)('whose %s was lost asks the broker when it goes on, and has one order', async (loses, sent) => {
    const before = kit.orders
    const gate = await kit.gate(url, web)
    const through = await hostProfile(`lost-${loses}`, gate.url)
    gate.loses = loses
    const first = await run('enroll', through, '--yes')
    expect(first.code, first.stderr).toBe(5)
    expect(kit.orders - before).toBe(sent)
    // A host cannot look at the account: it is sent to the broker, not to the CA.
    for (const said of [first, await run('enroll', through, '--yes')]) {
      expect(said.stdout).toContain('ask the broker again with `hsm-enroll runs resume')
      expect(said.stdout).not.toContain('runs resolve')
    }
    gate.loses = 'nothing'
    // Nobody has to resolve it, and a timer goes on with it too.
    const second = await run('runs', 'resume', '--all', '--yes', '--state-directory', join(kit.folder, `lost-${loses}`))
    expect(second.code, second.stdout + second.stderr).toBe(0)
    expect(second.stdout).toContain('"state":"installed"')
    expect(kit.orders - before).toBe(1)
  })

  it('whose order is with a broker that is lost for good gives it up, and has one for another key', async () => {
    const gate = await kit.gate(url, web)
    const bereft = await hostProfile('bereft', gate.url)
    gate.loses = 'request'
    const { id, spkiSha256 } = shown(await run('enroll', bereft, '--yes'))
    gate.loses = 'nothing'
    // What that broker left: it was about to send.
    const lost = { run: '2026-11-29-aaaaaa', intent: 'e1' }
    const order = { claim: spkiSha256, spkiSha256, test: false }
    const device = { hsmType: 'YUBIHSM2', model: 'YubiHSM 2' }
    const asked = { host: 'web1', test: false, attempt: 'a', hostRun: id, requestedBy: 'operator', formSha256: 'f' }
    await new FolderLedger(join(kit.folder, 'broker-state', 'ledger')).take(
      [
        { name: `owner-${spkiSha256}`, run: 'web1', intent: 'a' },
        { name: spkiSha256, ...lost },
      ],
      [
        {
          kind: 'request',
          subject: spkiSha256,
          run: 'broker.web1',
          status: 'received',
          subjectName: 's',
          device,
          ...asked,
        },
        { kind: 'order', subject: spkiSha256, run: lost.run, entry: lost.intent, status: 'intended', ...order },
      ],
    )
    const before = kit.orders
    const state = ['--state-directory', join(kit.folder, 'bereft')]
    expect((await run('runs', 'resume', id, '--yes', ...state)).code).toBe(5)
    const given = await run('runs', 'abandon', id, '--despite-order', '--yes', ...state)
    expect(given.code, given.stderr).toBe(0)
    const end = await run('enroll', bereft, '--yes', '--wait')
    expect(end.code, end.stdout + end.stderr).toBe(0)
    expect(shown(end).spkiSha256).not.toBe(spkiSha256)
    expect(kit.orders - before).toBe(1)
  })

  it('that cannot reach the broker is told so before it generates a key', async () => {
    const away = await hostProfile('away', 'https://127.0.0.1:9')
    const end = await run('enroll', away, '--yes')
    expect(end.stderr).toContain('Could not reach the broker')
    expect(end.code).toBe(4)
    expect(await filesIn(join(kit.folder, 'away')).catch(() => [])).not.toContainEqual(
      expect.stringContaining('journal.jsonl'),
    )
  })

  it('is not sent to look for a login that it may not have, but to the broker', async () => {
    const end = await run('balance', '--profile', profile)
    expect(JSON.parse(end.stdout)).toMatchObject({
      error: { code: 'broker.refused', remedy: expect.stringContaining('machine of the broker') },
    })
  })

  it('is told of a plan without a login, and by which name the broker knows it', async () => {
    const end = await run('plan', profile, '--balance')
    const { findings, order } = JSON.parse(end.stdout)
    expect(findings).toContainEqual(
      expect.objectContaining({ severity: 'ok', message: 'the broker knows this host as web1' }),
    )
    expect(order.endpoint).toBe(url)
    expect((await runInside(['plan', profile])).stdout).toContain(` days, through the broker ${url}`)
  })

  it('plans without using up its key, and is told once that it has none', async () => {
    const ran = join(kit.folder, 'key-was-asked-for')
    const script = await kit.write('print-key.sh', `#!/bin/sh\ntouch '${ran}'\ncat '${join(kit.folder, 'web1.key')}'\n`)
    const text = await readFile(profile, 'utf8')
    const asking = await kit.write('asking.yaml', text.replace(/clientKey: .*/, `clientKey: "exec:sh ${script}"`))
    const planned = await run('plan', asking)
    expect(planned.code, planned.stdout).toBe(0)
    await expect(readFile(ran)).rejects.toThrow('ENOENT')
    const without = await kit.write('without.yaml', text.replace(/ *clientKey: .*\n/, ''))
    const { findings } = JSON.parse((await run('plan', without)).stdout) as { findings: { code?: string }[] }
    expect(findings.filter(({ code }) => code === 'config.missing')).toHaveLength(1)
  })
})

describe('a host of whose order the answer was lost', () => {
  let strict: BrokerKit
  beforeAll(async () => {
    strict = await BrokerKit.start({ flow: [{ after: 0, action: 'reject', reason: 'documents missing' }] })
  })
  afterAll(() => strict.close())

  it('and which the CA has rejected since hears that there was one, and orders again on a word alone', async () => {
    const gate = await strict.gate(await strict.broker(hosts()), web)
    const lost = await strict.hostProfile('web1', gate.url, web)
    const go = (...args: string[]) =>
      runInside([...args, '--yes', '--json', '--no-input'], { env: strict.rehearsal.environment })
    gate.loses = 'answer'
    const begun = await go('enroll', lost)
    expect(begun.code, begun.stderr).toBe(5)
    const { id } = shown(begun)
    gate.loses = 'nothing'
    const resume = (...more: string[]) =>
      go('runs', 'resume', id, '--state-directory', join(strict.folder, 'web1'), ...more)
    const { orderNumber } = strict.rehearsal.ca.orders[0] ?? {}
    for (let times = 0; times < 2; times++) {
      const end = await resume()
      expect(end.code, end.stdout + end.stderr).toBe(4)
      expect(JSON.parse(end.stdout)).toMatchObject({ state: 'rejected', orderNumber })
    }
    expect(await readFile(join(strict.folder, 'web1', 'runs', id, 'journal.jsonl'), 'utf8')).not.toContain('not-sent')
    expect(strict.orders).toBe(1)
    expect((await resume('--order-again')).code).toBe(4)
    expect(strict.orders).toBe(2)
  })
})
