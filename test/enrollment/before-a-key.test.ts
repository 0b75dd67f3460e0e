import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CapabilityName, capabilities } from '../../devices/yubihsm2/capability.ts'
import { OBJECT_TYPES } from '../../devices/yubihsm2/object-type.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { type ProgramEnd, runProgram } from './built-program.ts'
import { runInside } from './run-inside.ts'

/** What can be known before a key is made must not cost one; nor leave a run behind that did nothing. */
let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'before-'))
  double = await startYubiHsm2Double()
  rehearsal = await startRehearsal({ directory: folder, device: double })
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

type Environment = Readonly<Record<string, string>>
const program = (command: string, env: Environment = {}, ...more: string[]): Promise<ProgramEnd> =>
  runInside([command, rehearsal.profile, '--json', ...more], { env })
const enroll = (env: Environment = {}, ...more: string[]): Promise<ProgramEnd> =>
  program('enroll', env, '--yes', ...more)

const keys = (): number =>
  double.device.store.list().filter(({ type }) => type === OBJECT_TYPES['asymmetric-key']).length
const commands = (): readonly string[] => double.device.faults.commands
const runsKept = async (): Promise<readonly string[]> =>
  existsSync(join(rehearsal.stateDirectory, 'runs')) ? await readdir(join(rehearsal.stateDirectory, 'runs')) : []

interface ShownError {
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string }
}
const errorOf = ({ stdout }: ProgramEnd): ShownError['error'] => (JSON.parse(stdout) as ShownError).error

const PASSWORD = 'HSM_ENROLL_DEVICE_SECRETS_PASSWORD'
const LOGIN = 'HSM_ENROLL_SECTIGO_LOGIN_PASSWORD'

describe('a secret that cannot be had', () => {
  const cases: readonly [string, string, (at: (name: string) => string) => Environment, RegExp][] = [
    ['a variable that is not set', PASSWORD, () => ({ [PASSWORD]: 'env:NOT_THERE' }), /NOT_THERE is not set/],
    ['a variable that is empty', LOGIN, () => ({ [LOGIN]: 'env:EMPTY', EMPTY: '' }), /returned nothing/],
    ['a file that is not there', LOGIN, (at) => ({ [LOGIN]: `file:${at('none')}` }), /no such file/],
    ['a folder', PASSWORD, (at) => ({ [PASSWORD]: `file:${at('folder')}` }), /it is a folder/],
    ['a file that is no secret', PASSWORD, (at) => ({ [PASSWORD]: `file:${at('large')}` }), /more than 65536 bytes/],
    ['an empty file', PASSWORD, (at) => ({ [PASSWORD]: `file:${at('empty')}` }), /returned nothing/],
    ['a credential without systemd', LOGIN, () => ({ [LOGIN]: 'credential:x' }), /CREDENTIALS_DIRECTORY/],
    [
      'a credential that is not there',
      PASSWORD,
      (at) => ({ [PASSWORD]: 'credential:x', CREDENTIALS_DIRECTORY: at('folder') }),
      /no such file/,
    ],
  ]
  it.each(cases)('%s is told before the run exists, and by `plan`', async (_what, name, envOf, says) => {
    await mkdir(join(folder, 'folder'))
    await writeFile(join(folder, 'large'), Buffer.alloc(65_537, 0x61))
    await writeFile(join(folder, 'empty'), '\n')
    const env = envOf((file) => join(folder, file))
    const setting = name === LOGIN ? 'sectigo.loginPassword' : 'device.secrets.password'
    const end = await enroll(env)
    expect(end.code, end.stderr).toBe(2)
    expect(errorOf(end)).toMatchObject({ code: 'config.secret', message: expect.stringMatching(says) })
    expect(errorOf(end).message).toContain(setting)
    expect(errorOf(end).remedy).not.toBe('')
    expect(await runsKept()).toEqual([])
    expect(commands()).toEqual([])
    const planned = await program('plan', env)
    expect(planned.code).toBe(1)
    const { findings } = JSON.parse(planned.stdout) as { findings: object[] }
    const { code, message, remedy } = errorOf(end)
    expect(findings).toContainEqual({ area: 'profile', severity: 'blocker', code, message, remedy })
    // The account's login is none of keygen's business.
    const made = await program('keygen', env)
    expect(made.code, made.stderr).toBe(name === LOGIN ? 0 : 2)
    expect(keys()).toBe(name === LOGIN ? 1 : 0)
  })

  it('a prompt and nobody to ask: `enroll` is refused, `plan` and its profile are not', async () => {
    const env = { [PASSWORD]: 'prompt' }
    const end = await enroll(env)
    expect(end.code, end.stderr).toBe(2)
    expect(errorOf(end)).toMatchObject({ code: 'config.secret', message: expect.stringContaining('not interactive') })
    expect(await runsKept()).toEqual([])
    expect(commands()).toEqual([])
    const planned = await program('plan', env)
    expect(planned.code, planned.stdout).toBe(0)
    expect((JSON.parse(planned.stdout) as { findings: object[] }).findings).toContainEqual({
      area: 'profile',
      severity: 'warning',
      code: 'config.secret',
      message: 'device.secrets.password: asked for at a terminal, and this session has none',
      remedy: expect.stringContaining('Enrol in a terminal, or'),
    })
    expect((await program('doctor', env)).code, 'which would open the device').toBe(1)
  })

  it('a command is not run, and a descriptor not read, to find out', async () => {
    const mark = join(folder, 'was-run')
    const env = { [PASSWORD]: `exec:touch ${mark}`, [LOGIN]: 'fd:9' }
    const end = await program('plan', env)
    expect(end.code, end.stdout).toBe(0)
    expect(existsSync(mark)).toBe(false)
  })
})

/** Puts an authentication key of these capabilities beside the factory one (the same password); the URI that logs in with it. */
function authenticationKey(...names: readonly CapabilityName[]): string {
  const factory = double.device.store.find(OBJECT_TYPES['authentication-key'], 1)
  if (factory === undefined) throw new Error('no factory key')
  const rights = capabilities(...names)
  double.device.store.add({ ...factory, id: 5, capabilities: rights, delegated: rights })
  return double.uri.replace('auth-key=1', 'auth-key=5')
}

const logins = (): number => commands().filter((name) => name === 'create session').length

describe('an obstacle of the device', () => {
  it('that stops the attestation stops the run before a key, in one login', async () => {
    const uri = authenticationKey('generate-asymmetric-key', 'sign-ecdsa', 'get-opaque', 'put-opaque')
    const end = await enroll({}, '--device', uri)
    expect(end.code, end.stderr).toBe(3)
    expect(errorOf(end)).toMatchObject({
      code: 'device.obstacle',
      message: expect.stringContaining('lacks the capability sign-attestation-certificate'),
      remedy: expect.stringContaining('put authkey'),
    })
    expect(keys()).toBe(0)
    expect(logins()).toBe(1)
    expect(await runsKept()).toEqual([])
  })

  it('is told of, and does not stop a run that ends before the attestation', async () => {
    const uri = authenticationKey('generate-asymmetric-key', 'sign-ecdsa')
    const end = await program('keygen', {}, '--device', uri)
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toContain('lacks the capability sign-attestation-certificate')
    expect(keys()).toBe(1)
  })

  it('is a key type that the device does not make', async () => {
    const uri = authenticationKey('generate-asymmetric-key', 'sign-pkcs', 'sign-attestation-certificate', 'get-opaque')
    const end = await program('keygen', {}, '--device', uri)
    expect(end.code, end.stderr).toBe(3)
    expect(errorOf(end)).toMatchObject({ code: 'device.unsupported', message: expect.stringContaining('P-384') })
    expect(commands()).not.toContain('generate asymmetric key')
    expect(await runsKept()).toEqual([])
  })

  it('that comes once the key is there does not stop the run', async () => {
    const made = await program('keygen')
    expect(made.code, made.stderr).toBe(0)
    const [key] = double.device.store.list().filter(({ type }) => type === OBJECT_TYPES['asymmetric-key'])
    if (key === undefined) throw new Error('no key')
    while (double.device.store.size < 256)
      double.device.store.add({ ...key, id: 0, label: Buffer.alloc(40, 0x61), domains: 2 })
    const { id } = JSON.parse(made.stdout) as { id: string }
    const end = await runInside(['attest', '--run', id, '--json', '--state-directory', rehearsal.stateDirectory])
    expect(end.code, end.stderr).toBe(0)
    expect(JSON.parse(end.stdout)).toMatchObject({ state: 'attested' })
  })
})

describe('what another family shows by itself', () => {
  it('nShield: without nfkmattest nothing could attest the key, so none is made', async () => {
    const own = join(folder, 'nshield')
    const other = await startRehearsal({ directory: own, device: 'nshield', algorithm: 'P-256' })
    try {
      const text = await readFile(other.profile, 'utf8')
      expect(text).toMatch(/^ {2}nfkmattest: .*$/m)
      await writeFile(other.profile, text.replace(/^ {2}nfkmattest: .*$/m, `  nfkmattest: ${join(own, 'none')}`))
      const end = await runProgram(['enroll', other.profile, '--yes', '--json', '--trace'], {
        env: { ...other.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: own },
      })
      expect(end.code, end.stderr).toBe(3)
      expect(errorOf(end)).toMatchObject({
        code: 'device.obstacle',
        message: expect.stringContaining('nfkmattest is not installed'),
      })
      expect(end.stderr).not.toMatch(/C_GenerateKeyPair|C_Login/)
    } finally {
      await other.close()
    }
  })
})

describe('a run that is refused before it asked for anything', () => {
  it('does not begin where the family refuses the URI; `plan` says so too', async () => {
    const uri = `${double.uri};nonsense=1`
    const end = await enroll({}, '--device', uri)
    expect(end.code, end.stderr).toBe(2)
    expect(errorOf(end).code).toBe('device.uri')
    expect(await runsKept()).toEqual([])
    expect((await program('plan', {}, '--device', uri)).stdout).toContain('device.uri')
  })

  it('is not kept, and a batch does not name it', async () => {
    const uri = authenticationKey('generate-asymmetric-key')
    const end = await runInside(['enroll', rehearsal.profile, '--yes', '--device', uri])
    expect(end.stderr).toContain('was deleted')
    expect(end.stderr).not.toContain('runs resume')
    await writeFile(join(folder, 'jobs'), 'profile.yaml\n')
    const env = { HSM_ENROLL_DEVICE_URI: uri }
    const batch = await runInside(['batch', join(folder, 'jobs'), '--yes', '--json'], { env })
    expect(JSON.parse(batch.stdout)).toMatchObject({ exitCode: 3, error: { code: 'device.unsupported' } })
    expect(JSON.parse(batch.stdout)).not.toHaveProperty('run')
    expect(await runsKept()).toEqual([])
  })

  it('is kept where the device may be there later', async () => {
    const end = await enroll({}, '--device', 'yubihsm2:connector=http://127.0.0.1:9')
    expect(end.code, end.stderr).toBe(3)
    expect(end.stderr).toContain('The run was saved')
    const [id = ''] = await runsKept()
    const state = ['--state-directory', rehearsal.stateDirectory]
    const resumed = await runInside(['runs', 'resume', id, '--yes', '--device', double.uri, ...state])
    expect(resumed.stderr).toContain('key generated')
    expect(keys()).toBe(1)
  })

  it('is kept where the device refused its login, or may have made a key', async () => {
    await writeFile(join(folder, 'wrong'), 'planted-wrong\n')
    const refused = await enroll({ [PASSWORD]: `file:${join(folder, 'wrong')}` })
    expect(refused.code, refused.stderr).toBe(3)
    expect(refused.stderr).toContain('The run was saved')
    expect(await runsKept()).toHaveLength(1)
    double.device.faults.plan({ kind: 'error', code: 0xff }, { command: 'generate asymmetric key' })
    const failed = await enroll({}, '--try-pin-again')
    expect(failed.code, failed.stderr).toBe(3)
    expect(failed.stderr).toContain('The run was saved')
    expect(await runsKept()).toHaveLength(2)
  })
})

describe('doctor', () => {
  interface Finding {
    readonly area: string
    readonly severity: string
    readonly message: string
  }
  const findingsOf = ({ stdout }: ProgramEnd): readonly Finding[] =>
    (JSON.parse(stdout) as { findings: readonly Finding[] }).findings

  it('tries no password where a secret or the URI has to be corrected first', async () => {
    for (const env of [
      { [PASSWORD]: 'env:NOT_THERE' },
      { HSM_ENROLL_DEVICE_URI: `${double.uri};nonsense=1` },
    ] as Environment[]) {
      const end = await program('doctor', env)
      expect(end.code, end.stderr).toBe(1)
      expect(findingsOf(end)).toContainEqual(
        expect.objectContaining({ area: 'device', message: expect.stringContaining('was not opened') }),
      )
    }
    expect(commands()).toEqual([])
  })

  it('opens the device all the same where only the order has to be corrected', async () => {
    const text = await readFile(rehearsal.profile, 'utf8')
    await writeFile(rehearsal.profile, text.replace('countryName: NL', 'countryName: Netherlands'))
    const end = await program('doctor')
    expect(end.code).toBe(1)
    expect(findingsOf(end)).toContainEqual(
      expect.objectContaining({ area: 'device', severity: 'ok', message: expect.stringContaining('YubiHSM 2') }),
    )
  })

  it('finds that runs cannot be kept', async () => {
    expect(findingsOf(await program('doctor'))).toContainEqual({
      area: 'program',
      severity: 'ok',
      message: `runs are stored in ${join(rehearsal.stateDirectory, 'runs')}`,
    })
    expect(existsSync(rehearsal.stateDirectory)).toBe(false)
    await writeFile(join(folder, 'no-folder'), '')
    const end = await program('doctor', {}, '--state-directory', join(folder, 'no-folder', 'state'))
    expect(end.code).toBe(1)
    expect(findingsOf(end)).toContainEqual(
      expect.objectContaining({ area: 'program', severity: 'blocker', message: expect.stringContaining('no-folder') }),
    )
  })
})
