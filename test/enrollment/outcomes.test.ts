import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { readByStranger, STRANGERS } from '../requests/strangers.ts'
import type { ProgramEnd } from './built-program.ts'
import { runInside } from './run-inside.ts'

let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outcome-'))
  double = await startYubiHsm2Double()
  rehearsal = await startRehearsal({ directory: folder, device: double })
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

/** Asymmetric keys on the device. */
const keys = (): number => double.device.store.list().filter(({ type }) => type === 3).length

const state = ['--state-directory']
const enroll = (...more: string[]): Promise<ProgramEnd> =>
  runInside(['enroll', rehearsal.profile, '--yes', '--json', ...more])
const runs = (...args: string[]): Promise<ProgramEnd> =>
  runInside(['runs', ...args, '--json', ...state, rehearsal.stateDirectory])

interface Shown {
  readonly id: string
  readonly state: string
  readonly folder: string
  readonly orderNumber?: string
  readonly certificateLocation?: string
  readonly keyLocation?: string
}
const shown = (end: ProgramEnd): Shown => JSON.parse(end.stdout) as Shown

describe('an enrolment', () => {
  it('ends with a certificate that openssl chains to the CA, on the key that openssl sees in the request', async () => {
    const end = await enroll('--wait')
    expect(end.code, end.stderr).toBe(0)
    const run = shown(end)
    expect(run.state).toBe('installed')
    const file = (name: string): string => join(run.folder, name)
    await writeFile(file('root.pem'), rehearsal.ca.rootPem)
    const openssl = (...args: string[]): string =>
      execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    expect(
      openssl('verify', '-CAfile', file('root.pem'), '-untrusted', file('chain.pem'), file('certificate.pem')),
    ).toContain(': OK')
    const request = await readFile(file('request.csr.pem'), 'utf8')
    for (const stranger of STRANGERS) expect(readByStranger(stranger, request)).toContain('Example Signing GmbH')
    const keyOfRequest = openssl('req', '-in', file('request.csr.pem'), '-pubkey', '-noout')
    expect(openssl('x509', '-in', file('certificate.pem'), '-pubkey', '-noout')).toBe(keyOfRequest)
    expect(await readFile(file('public-key.pem'), 'utf8')).toBe(keyOfRequest)
  })

  it('checks what the run kept, refuses it under the built-in anchors, and finds the report intact', async () => {
    const run = shown(await enroll('--wait'))
    const files = ['--attestation', join(run.folder, 'attestation.pem'), '--csr', join(run.folder, 'request.csr.pem')]
    const trusted = await runInside([
      'check',
      ...files,
      '--fips',
      'warn',
      '--trust-anchors',
      join(folder, 'trust-anchors.json'),
      '--json',
    ])
    expect(trusted.code, trusted.stderr).toBe(0)
    expect(JSON.parse(trusted.stdout)).toMatchObject({
      genuine: true,
      acceptable: true,
      trustAnchor: { origin: 'user' },
    })
    const untrusted = await runInside(['check', ...files, '--json'])
    expect(untrusted.code).toBe(1)
    expect(JSON.parse(untrusted.stdout)).toMatchObject({ genuine: false, acceptable: false })
    const report = JSON.parse((await runs('report', run.id)).stdout) as { artefacts: { intact: boolean }[] }
    expect(report.artefacts.length).toBeGreaterThan(4)
    expect(report.artefacts.every(({ intact }) => intact)).toBe(true)
  })

  it.each([
    'drop-before-accept',
    'lost-reply',
    'garbage',
    'html',
    'server-error',
    'truncated',
    'empty',
    'redirect',
  ] as const)('is unknown, exit 5, and never sent again when the answer is lost (%s)', async (kind) => {
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind })
    const end = await enroll()
    expect(end.code, end.stderr).toBe(5)
    const run = shown(end)
    expect(run.state).toBe('unknown')
    expect((await runs('resume', run.id, '--yes')).code).toBe(5)
    expect((await runs('resume', run.id, '--yes')).code).toBe(5)
    expect(postsTo('!AutoApplyOrder')).toBe(1)
    expect((await runs('show', run.id)).stdout).toContain('"unknown"')
  })

  it('goes on with the order number that the operator found', async () => {
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    const run = shown(await enroll())
    const [order] = rehearsal.ca.orders
    const wrong = await runs('resolve', run.id, '--not-placed')
    expect(wrong.code, 'the balance speaks against it').toBe(5)
    expect((await runs('resolve', run.id, '--order-number', order?.orderNumber ?? '')).code).toBe(0)
    const end = await runs('resume', run.id, '--wait', '--yes')
    expect(end.code, end.stderr).toBe(0)
    expect(postsTo('!AutoApplyOrder')).toBe(1)
  })

  it('is refused before anything is sent when the evidence does not hold', async () => {
    const end = await enroll('--trust-anchors', '/dev/null')
    expect([1, 2]).toContain(end.code)
    expect(postsTo('!AutoApplyOrder')).toBe(0)
  })

  it('goes on with a corrected profile after a refusal, and keeps the correction', async () => {
    rehearsal.ca.fail({
      endpoint: '!AutoApplyOrder',
      kind: 'error',
      code: -4,
      message: "The value of the 'x' argument is invalid!",
    })
    const refused = await enroll()
    expect(refused.code, refused.stderr).toBe(4)
    const { id, folder: run } = shown(refused)
    const corrected = join(folder, 'corrected.yaml')
    const text = await readFile(rehearsal.profile, 'utf8')
    await writeFile(corrected, text.replace('Oudegracht 1', 'Oudegracht 2'))
    const end = await runs('resume', id, '--yes', '--wait', '--order-again', '--profile', corrected)
    expect(end.code, end.stderr).toBe(0)
    expect(JSON.parse(end.stdout)).toMatchObject({
      state: 'installed',
      settings: { 'order.streetAddress1': 'Oudegracht 2' },
    })
    expect(await readFile(join(run, 'journal.jsonl'), 'utf8')).toContain('settings-changed')
    expect(double.device.store.list().filter(({ type }) => type === 3)).toHaveLength(1)
  })

  it.each([
    ['a bad order form', (text: string) => text.replace('countryName: NL', 'countryName: XX'), [], 1, 'order.form'],
    ['no login and nobody to ask', (text: string) => text.replace(/loginName: .*/, ''), [], 2, 'config.missing'],
  ] as const)('does not cost a key: %s', async (_what, change, more, code, says) => {
    const faulty = join(folder, 'faulty.yaml')
    await writeFile(faulty, change(await readFile(rehearsal.profile, 'utf8')))
    const end = await runInside(['enroll', faulty, '--yes', ...more])
    expect(end.code, end.stderr).toBe(code)
    expect(end.stderr).toContain(says)
    expect(double.device.store.list().filter(({ type }) => type === 3)).toHaveLength(0)
  })

  it('does not cost a key: a paid order without a yes', async () => {
    const end = await runInside(['enroll', rehearsal.profile])
    expect(end.code).toBe(2)
    expect(end.stderr).toContain('order.unconfirmed')
    expect(double.device.store.list().filter(({ type }) => type === 3)).toHaveLength(0)
  })

  it('a profile whose certificate is good is not ordered again without a word', async () => {
    const run = shown(await enroll('--wait'))
    const second = await enroll('--wait')
    expect(second.code).toBe(2)
    expect(second.stdout).toContain('run.completed')
    expect(second.stdout).toContain(run.id)
    expect(postsTo('!AutoApplyOrder')).toBe(1)
    expect((await enroll('--wait', '--new')).code).toBe(0)
    expect(postsTo('!AutoApplyOrder')).toBe(2)
  })

  it('nothing is ordered beside a run whose journal cannot be trusted, until a person says so', async () => {
    const run = shown(await enroll('--wait'))
    const journal = join(run.folder, 'journal.jsonl')
    await writeFile(journal, (await readFile(journal, 'utf8')).replace('"planned"', '"Planned"'))
    const second = await enroll('--wait')
    expect(second.code).toBe(5)
    expect(second.stdout).toContain('run.damaged')
    expect(postsTo('!AutoApplyOrder')).toBe(1)
    expect(keys()).toBe(1)
    expect((await enroll('--test', '--wait')).code).toBe(0)
    expect((await enroll('--wait', '--new')).code).toBe(0)
  })

  it('--new pays for nothing beside an order that the CA may have, until that one is given up', async () => {
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    const lost = shown(await enroll('--wait'))
    expect(lost.state).toBe('unknown')
    const second = await enroll('--wait', '--new')
    expect([second.code, second.stdout]).toEqual([
      2,
      expect.stringContaining(`runs abandon ${lost.id} --despite-order`),
    ])
    expect([postsTo('!AutoApplyOrder'), keys()]).toEqual([1, 1])
    expect((await enroll('--test', '--new', '--wait')).code).toBe(0)
    const given = await runInside([
      'runs',
      'abandon',
      lost.id,
      '--despite-order',
      '--yes',
      ...state,
      rehearsal.stateDirectory,
    ])
    expect(given.code, given.stderr).toBe(0)
    expect((await enroll('--wait', '--new')).code).toBe(0)
  })

  it('a profile is one profile by a link too', async () => {
    await symlink(rehearsal.profile, join(folder, 'other-name.yaml'))
    expect((await enroll('--wait')).code).toBe(0)
    const second = await runInside(['enroll', join(folder, 'other-name.yaml'), '--yes'])
    expect(second.stderr).toContain('run.completed')
    expect(postsTo('!AutoApplyOrder')).toBe(1)
  })

  it('a batch refuses a form that the CA would refuse before it costs a key', async () => {
    const profile = await readFile(rehearsal.profile, 'utf8')
    await writeFile(join(folder, 'bad.yaml'), profile.replace('countryName: NL', 'countryName: Netherlands'))
    await writeFile(join(folder, 'jobs'), 'bad.yaml\n')
    const end = await runInside(['batch', join(folder, 'jobs'), '--yes', '--json'])
    expect(end.code, end.stderr).toBe(1)
    expect(JSON.parse(end.stdout)).toMatchObject({ profile: 'bad.yaml', error: { code: 'order.form' } })
    expect(keys()).toBe(0)
  })

  it('runs are listed in the order in which they began', async () => {
    const begun: string[] = []
    for (let i = 0; i < 4; i++) begun.push(shown(await enroll('--test', '--new', '--wait')).id)
    const { runs: listed } = JSON.parse((await runs('list')).stdout) as { runs: { id: string }[] }
    expect(listed.map(({ id }) => id)).toEqual(begun)
  })

  it('a run that made nothing stands in nobody’s way', async () => {
    const password = await readFile(join(folder, 'secret-password'), 'utf8')
    await writeFile(join(folder, 'secret-password'), 'wrong-password')
    expect((await enroll()).code).toBe(3)
    await writeFile(join(folder, 'secret-password'), password)
    const end = await enroll('--wait', '--try-pin-again')
    expect(end.code, end.stderr).toBe(0)
  })

  it('a run that made nothing is given up, and orders nothing, once another of its profile has ordered', async () => {
    const password = await readFile(join(folder, 'secret-password'), 'utf8')
    await writeFile(join(folder, 'secret-password'), 'wrong-password')
    for (const _ of [1, 2]) expect((await enroll('--try-pin-again')).code).toBe(3)
    await writeFile(join(folder, 'secret-password'), password)
    const { id } = shown(await enroll('--wait', '--try-pin-again'))
    const { runs: all } = JSON.parse((await runs('list')).stdout) as { runs: readonly Shown[] }
    const [first = '', second = ''] = all.map((run) => run.id).filter((run) => run !== id)
    const one = await runs('resume', first, '--yes')
    expect(one.code, one.stderr).toBe(2)
    expect(one.stdout).toContain('run.completed')
    expect(one.stderr).toContain(`The run ${first} was given up.`)
    const left = await runs('resume', '--all', '--yes')
    expect(left.code, left.stderr).toBe(0)
    expect(JSON.parse(left.stdout)).toMatchObject({ run: second, state: 'abandoned' })
    expect((await runs('resume', '--all', '--yes')).stdout).toBe('')
    expect(rehearsal.ca.counters.ordersPlaced).toBe(1)
    expect(keys()).toBe(1)
  })

  it('a run that was wanted beside another goes on beside that one, and beside no other', async () => {
    expect((await enroll('--wait')).code).toBe(0)
    const password = await readFile(join(folder, 'secret-password'), 'utf8')
    await writeFile(join(folder, 'secret-password'), 'wrong-password')
    const begun: string[] = []
    for (const _ of [1, 2]) {
      const end = await enroll('--new', '--try-pin-again')
      begun.push(/runs resume (\S+)/.exec(end.stderr)?.[1] ?? end.stderr)
    }
    await writeFile(join(folder, 'secret-password'), password)
    const resume = (id = '') => runs('resume', id, '--yes', '--wait', '--try-pin-again')
    const first = await resume(begun[0])
    expect(first.code, first.stderr).toBe(0)
    const second = await resume(begun[1])
    expect([second.code, second.stdout], second.stderr).toEqual([2, expect.stringContaining('run.completed')])
    expect(rehearsal.ca.counters.ordersPlaced).toBe(2)
  })

  it('a profile is not enrolled twice side by side', async () => {
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    const run = shown(await enroll())
    const second = await enroll()
    expect(second.code).toBe(2)
    expect(second.stdout).toContain(run.id)
    expect(double.device.store.list().filter(({ type }) => type === 3)).toHaveLength(1)
  })

  it('a profile that is enrolled twice at one moment makes one key and one order', async () => {
    const ends = await Promise.all([enroll('--wait'), enroll('--wait'), enroll('--wait')])
    expect(ends.map(({ code }) => code).sort()).toEqual([0, 2, 2])
    expect(rehearsal.ca.counters.ordersPlaced).toBe(1)
    expect(double.device.store.list().filter(({ type }) => type === 3)).toHaveLength(1)
  })

  it('with a wrong device password ends with exit 3, names the device, and tries once', async () => {
    await writeFile(join(folder, 'secret-password'), 'planted-wrong-password\n')
    const logins = countLogins()
    const end = await runInside(['enroll', rehearsal.profile, '--yes', '--trace'])
    expect(end.code, end.stderr).toBe(3)
    expect(end.stderr).toMatch(/YubiHSM 2/)
    expect(end.stderr.match(/authentication failed|password/i)).not.toBeNull()
    expect(logins.count).toBe(1)
    await expectNowhere('planted-wrong-password')
  })

  it('leaves no secret in output, journal, artefacts or trace', async () => {
    const end = await runInside(['enroll', rehearsal.profile, '--yes', '--wait', '--trace'])
    expect(end.code, end.stderr).toBe(0)
    const { loginName, loginPassword } = rehearsal.ca.login
    for (const secret of [loginPassword, double.secrets.password ?? '']) {
      // The word "password" is the factory password of the device and an English word: look for it as a value only.
      const pattern = secret === 'password' ? '"password"' : secret
      expect(end.stdout + end.stderr).not.toContain(pattern)
      await expectNowhere(pattern)
    }
    expect(end.stderr).not.toContain(`loginName=${loginName}`)
  })
})

const postsTo = (endpoint: string): number => rehearsal.ca.counters.requests[endpoint] ?? 0

/** Counts the sessions that the device is asked for: the host notices a wrong password by the device's first answer. */
function countLogins(): { count: number } {
  const CREATE_SESSION = 0x03
  const logins = { count: 0 }
  const exchange = double.device.exchange.bind(double.device)
  double.device.exchange = (bytes) => {
    if (bytes[0] === CREATE_SESSION) logins.count++
    return exchange(bytes)
  }
  return logins
}

/** Searches every file of the state directory. */
async function expectNowhere(text: string): Promise<void> {
  for (const entry of await readdir(rehearsal.stateDirectory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile())
      expect(await readFile(join(entry.parentPath, entry.name), 'latin1'), entry.name).not.toContain(text)
  }
}
