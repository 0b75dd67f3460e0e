import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { notRun } from '../not-run.ts'
import type { ProgramEnd } from './built-program.ts'
import { runInside } from './run-inside.ts'

let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'one-list-'))
  double = await startYubiHsm2Double()
  rehearsal = await startRehearsal({ directory: folder, device: double, algorithm: 'P-256' })
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

interface Finding {
  readonly area: string
  readonly severity: string
  readonly code?: string
  readonly message: string
}

const program = (...args: string[]): Promise<ProgramEnd> => runInside(args, { env: rehearsal.environment })
const findings = ({ stdout }: ProgramEnd): readonly Finding[] =>
  (JSON.parse(stdout) as { findings: readonly Finding[] }).findings
const doctor = (...args: string[]): Promise<ProgramEnd> => program('doctor', rehearsal.profile, '--json', ...args)
const enroll = (...args: string[]): Promise<ProgramEnd> =>
  program('enroll', rehearsal.profile, '--yes', '--json', ...args)
const keys = (): number => double.device.store.list().filter(({ type }) => type === 3).length
const edit = async (change: (text: string) => string): Promise<void> =>
  writeFile(rehearsal.profile, change(await readFile(rehearsal.profile, 'utf8')))

describe('doctor asks the CA', () => {
  it('and says that it accepts the login, with the balance', async () => {
    const end = await doctor()
    expect(end.code, end.stdout).toBe(0)
    expect(findings(end)).toContainEqual(
      expect.objectContaining({
        area: 'order',
        severity: 'ok',
        message: expect.stringMatching(/accepts the login; the balance is \d/),
      }),
    )
    expect(rehearsal.ca.counters.requests).toEqual({ '!getAccountBalance': 1 })
  })

  it('and finds what enroll is refused by: a login, an address', async () => {
    await writeFile(join(folder, 'secret-login-password'), 'wrong-one')
    const login = await doctor()
    expect(login.code).toBe(1)
    expect(findings(login)).toContainEqual(
      expect.objectContaining({ area: 'order', severity: 'blocker', code: 'sectigo.refused' }),
    )
    await edit((text) => text.replace(/endpoint: .*/, 'endpoint: https://127.0.0.1:1/products/'))
    const address = await doctor()
    expect(findings(address)).toContainEqual(
      expect.objectContaining({ area: 'order', severity: 'blocker', code: 'sectigo.not-sent' }),
    )
    expect(address.code).toBe(1)
  })

  it('not without a login to ask it with', async () => {
    await edit((text) => text.replace(/^ {2}loginName: .*\n/m, ''))
    const end = await doctor()
    expect(end.code).toBe(1)
    expect(findings(end)).toContainEqual(expect.objectContaining({ code: 'order.not-asked' }))
    expect(rehearsal.ca.counters.requests).toEqual({})
  })
})

describe('a balance below the last price', () => {
  it('is warned of by doctor, plan --balance and enroll, before a key', async () => {
    await rehearsal.close()
    await rm(folder, { recursive: true })
    await mkdir(folder)
    double = await startYubiHsm2Double()
    const authority = { account: { credit: '300.00' }, prices: { '1214': '200.00' } }
    rehearsal = await startRehearsal({ directory: folder, device: double, algorithm: 'P-256', authority })
    expect(findings(await doctor()).map(({ code }) => code)).not.toContain('order.funds')
    const first = await enroll('--wait')
    expect(first.code, first.stderr).toBe(0)
    expect(first.stderr).not.toContain('cost last')
    const { amount } = JSON.parse(first.stdout) as { amount: string }
    expect(amount).toBe('200.00')
    const low = expect.objectContaining({
      severity: 'warning',
      code: 'order.funds',
      message: expect.stringContaining(amount),
    })
    expect(findings(await doctor())).toContainEqual(low)
    expect(findings(await program('plan', rehearsal.profile, '--json', '--balance'))).toContainEqual(low)
    const second = await enroll('--new')
    expect(second.stderr).toContain(`less than the ${amount}`)
  })
})

describe('what plan prints', () => {
  it('moves no terminal and turns no line, whatever the profile says', async () => {
    await edit((text) => text.replace(/^ {2}days: .*$/m, '  days: "3\\e[2J65\\u202e"'))
    const shown = await program('plan', rehearsal.profile, '--endpoint', 'https://ca.example/\u001b[2J\u2066')
    expect(shown.stdout).toContain('\\x1b[2J')
    for (const { stdout } of [shown, await program('plan', rehearsal.profile, '--json'), await doctor()])
      expect(stdout).not.toMatch(/(?!\n)[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u)
  })
})

describe('the policy’s own verdict', () => {
  it('policy.fips that is not set is warned of by plan; doctor and enroll refuse the device for it, before a key', async () => {
    await edit((text) => text.replace(/^ {2}fips: .*\n/m, ''))
    const planned = await program('plan', rehearsal.profile, '--json')
    expect(findings(planned)).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        code: 'policy.device.fips',
        message: expect.stringContaining('policy.fips is not set'),
      }),
    )
    const [seen, refused] = [await doctor(), await enroll()]
    expect(findings(seen)).toContainEqual(expect.objectContaining({ severity: 'blocker', code: 'policy.device.fips' }))
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('not of a FIPS-certified series')
    expect(keys()).toBe(0)
  })

  it('a key type that the device does not make is a blocker of doctor', async () => {
    await edit((text) => text.replace(/^ {2}algorithm: .*$/m, '  algorithm: RSA-4096'))
    const uri = await authenticationKeyWithoutRsa()
    const end = await doctor('--device', uri)
    expect(end.code, end.stdout).toBe(1)
    expect(findings(end)).toContainEqual(
      expect.objectContaining({
        area: 'device',
        severity: 'blocker',
        code: 'device.unsupported',
        message: expect.stringContaining('RSA-4096'),
      }),
    )
  })
})

async function authenticationKeyWithoutRsa(): Promise<string> {
  const { capabilities } = await import('../../devices/yubihsm2/capability.ts')
  const factory = double.device.store.find(2, 1)
  if (factory === undefined) throw new Error('no factory key')
  const rights = capabilities(
    'generate-asymmetric-key',
    'sign-ecdsa',
    'sign-attestation-certificate',
    'get-opaque',
    'put-opaque',
  )
  double.device.store.add({ ...factory, id: 5, capabilities: rights, delegated: rights })
  return double.uri.replace('auth-key=1', 'auth-key=5')
}

describe('a key to be replaced', () => {
  it('doctor names what is lost, and refuses what enroll refuses', async () => {
    const paid = await enroll('--wait')
    expect(paid.code, paid.stderr).toBe(0)
    const { keyLocation, id } = JSON.parse(paid.stdout) as { keyLocation: string; id: string }
    const held = await doctor('--replace-key', keyLocation)
    expect(held.code).toBe(1)
    expect(findings(held)).toContainEqual(expect.objectContaining({ severity: 'blocker', code: 'key.held' }))
    const named = await doctor('--replace-key', keyLocation, '--abandon', id)
    expect(findings(named)).toContainEqual(
      expect.objectContaining({ severity: 'warning', code: 'key.replaced', message: expect.stringContaining(id) }),
    )
    const other = await doctor('--replace-key', '0x7777')
    expect(findings(other)).toContainEqual(expect.objectContaining({ severity: 'blocker', code: 'key.not-found' }))
  })
})

describe('a password that was wrong', () => {
  it('is sent by doctor once, and by nobody after that', async () => {
    await writeFile(join(folder, 'secret-password'), 'planted-wrong')
    const logins = (): number => double.device.faults.commands.filter((name) => name === 'create session').length
    const first = await doctor()
    expect(findings(first)).toContainEqual(expect.objectContaining({ code: 'pin.wrong' }))
    const tried = logins()
    for (const end of [await doctor(), await enroll()]) {
      expect(end.code).not.toBe(0)
      expect(end.stdout).toContain('pin.wrong-before')
    }
    expect(logins()).toBe(tried)
    const again = await doctor('--try-pin-again')
    expect(findings(again)).toContainEqual(expect.objectContaining({ code: 'pin.wrong' }))
  })
})

describe.runIf(process.platform !== 'win32')('files that others may read or change', () => {
  it('a secret is warned of by plan, doctor and enroll, and not where its owner alone has it', async () => {
    const secret = join(folder, 'secret-login-password')
    await chmod(secret, 0o600)
    expect(findings(await doctor()).map(({ code }) => code)).not.toContain('config.secret-open')
    await chmod(secret, 0o644)
    const open = expect.objectContaining({
      severity: 'warning',
      code: 'config.secret-open',
      message: expect.stringContaining(`${secret} has mode 0644`),
    })
    expect(findings(await doctor())).toContainEqual(open)
    expect(findings(await program('plan', rehearsal.profile, '--json'))).toContainEqual(open)
    const end = await enroll()
    expect(end.stderr).toContain(`chmod 600 '${secret}'`)
  })

  it('a state directory is warned of by plan, doctor and enroll', async () => {
    await mkdir(rehearsal.stateDirectory, { recursive: true })
    await chmod(rehearsal.stateDirectory, 0o777)
    const open = expect.objectContaining({ severity: 'warning', code: 'program.state-open' })
    expect(findings(await doctor())).toContainEqual(open)
    expect(findings(await program('plan', rehearsal.profile, '--json'))).toContainEqual(open)
    expect((await enroll()).stderr).toContain(`chmod go-w '${rehearsal.stateDirectory}'`)
  })
})

const mounts = (): boolean => spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0

describe('a disk that is full', () => {
  it('is found by doctor', async (context) => {
    if (!mounts()) {
      notRun('unshare -rm (user and mount namespaces)')
      context.skip()
    }
    const program_ = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
    const small = join(folder, 'small')
    await mkdir(small)
    const script = 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"'
    const command = [process.execPath, program_, 'doctor', '--json', '--state-directory', join(small, 'state')]
    const end = spawnSync('unshare', ['-rm', 'sh', '-c', script, small, ...command], { encoding: 'utf8' })
    expect(end.status, end.stderr).toBe(1)
    expect((JSON.parse(end.stdout) as { findings: Finding[] }).findings).toContainEqual(
      expect.objectContaining({
        severity: 'blocker',
        code: 'program.state-directory',
        message: expect.stringContaining('the disk is full'),
      }),
    )
    expect(execFileSync('ls', ['-A', small], { encoding: 'utf8' })).toBe('')
  })
})
