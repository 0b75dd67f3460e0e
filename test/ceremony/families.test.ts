import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { readBundle } from '../../src/bundle/bundle-files.ts'
import type { BundleVerdict } from '../../src/bundle/bundle-verdict.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { sha256Hex } from '../../src/sha256-hex.ts'
import { type ProgramEnd, runProgram } from '../enrollment/built-program.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { installed } from '../piv-card/installed.ts'

const PYTHON = resolve(import.meta.dirname, '../../contrib/verify-bundle.py')

const ANSWERS = `people:
  leader: [Lena Leader]
  operator: [Olaf Operator]
  witness: [Anna Auditor, Bert Bystander]
steps:
  device: { note: The seal had the number 4711., attach: [photo.jpg] }
`
const FAMILIES = [
  'yubihsm2',
  'luna',
  'nshield',
  'fortanix',
  'marvell-google',
  ...(installed('ykcs11') ? ['yubikey'] : []),
]

/** Programs that the run starts for the evidence. A Luna's module gives it without cmu. */
const VENDOR_TOOLS: Readonly<Record<string, string>> = { nshield: 'nfkmattest' }

/** In the environment of the process, and in nothing that it asks for. */
const PLANTED = {
  PLANTED_TOKEN: 'planted-token-4f1d9c',
  http_proxy: 'http://proxy-user:planted-proxy-81c2@127.0.0.1:9',
}

/** The number of the first order at the rehearsal CA has the digits of a YubiKey's first PIN. */
const ORDER = '123456789'

/** Forms in which a secret might have been written down. */
const formsOf = (secret: string): readonly string[] => {
  const bytes = Buffer.from(secret)
  return [
    secret,
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    encodeURIComponent(secret),
  ]
}

describe.each(FAMILIES)('an unattended ceremony by the template, on %s', (device) => {
  let folder: string
  let rehearsal: Rehearsal
  let bundle: string
  let end: ProgramEnd
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ceremony-'))
    const account = { loginName: 'planted-login-93ab', loginPassword: 'planted-password-17ce' }
    rehearsal = await startRehearsal({
      directory: join(folder, 'r'),
      device,
      algorithm: 'P-256',
      authority: { account },
    })
    // The CA's login from all the places where a secret may be.
    const profile = parse(await readFile(rehearsal.profile, 'utf8'))
    profile.sectigo.loginName = 'env:PLANTED_LOGIN'
    await writeFile(rehearsal.profile, stringify(profile))
    const [script, answers] = [join(folder, 'script.yaml'), join(folder, 'answers.yaml')]
    await writeFile(script, (await runInside(['ceremony', 'template', device])).stdout)
    await writeFile(answers, ANSWERS)
    await writeFile(join(folder, 'photo.jpg'), 'a photograph')
    bundle = join(folder, 'b.zip')
    const files = [script, '--profile', rehearsal.profile, '--answers', answers, '-o', bundle]
    end = await runProgram(['ceremony', 'run', ...files, '--yes', '--wait', '--trace', '--json'], {
      env: {
        ...rehearsal.environment,
        ...PLANTED,
        PLANTED_LOGIN: account.loginName,
        no_proxy: '127.0.0.1,localhost',
        HSM_ENROLL_TEST_DEVICE_LOCKS: folder,
      },
    })
  })
  afterAll(async () => {
    await rehearsal.close()
    await rm(folder, { recursive: true })
  })

  it('ends with a certificate and a bundle that both verifiers accept', async () => {
    expect(end.code, end.stderr + end.stdout).toBe(0)
    const verdict = JSON.parse(end.stdout) as BundleVerdict
    expect(verdict.ceremony).toMatchObject({ unattended: true, ended: true, steps: 13, digressions: 1 })
    expect(verdict.doesNotProve.join()).toContain('it was unattended')
    expect(verdict.checks.find(({ id }) => id === 'evidence')?.status).toBe('pass')
    const log = verdict.checks.find(({ id }) => id === 'device-log')
    expect(log?.detail).toEqual(device === 'yubihsm2' ? expect.stringMatching(/signed its last digest/) : undefined)
    expect(execFileSync('python3', [PYTHON, bundle], { encoding: 'utf8' })).toContain('nothing is wrong with it')
    const unpacked = join(folder, 'u')
    execFileSync('python3', ['-m', 'zipfile', '-e', bundle, unpacked])
    const openings = JSON.parse(await readFile(join(unpacked, 'ceremony/device.json'), 'utf8'))
    expect(openings.length).toBeGreaterThan(0)
    for (const { opened, closed } of openings) {
      expect(opened.description.hsmType).toBeDefined()
      expect([opened.faults, closed.faults]).toEqual([[], []])
    }
    const ceremonyLog = await readFile(join(unpacked, 'ceremony/log.jsonl'), 'utf8')
    expect(ceremonyLog).toContain('"name":"photo.jpg","sha256":')
    const tool = VENDOR_TOOLS[device]
    if (tool !== undefined) {
      const programs = JSON.parse(await readFile(join(unpacked, 'ceremony/programs.json'), 'utf8'))
      const run = programs.find(({ path }: { path: string }) => basename(path).startsWith(tool))
      expect(run?.sha256, JSON.stringify(programs)).toBe(sha256Hex(await readFile(run.path)))
      expect(ceremonyLog).toContain('"file":"programs.json","sha256":')
      expect(await readFile(join(unpacked, 'report.html'), 'utf8')).toContain(`${run.path}; SHA-256 ${run.sha256}`)
    }
  })

  it('leaves no secret of the run in its bundle: PIN, password, key, login, or what the environment has', async () => {
    const { loginName, loginPassword } = rehearsal.ca.login
    const secrets = [
      ...Object.values(rehearsal.double.secrets),
      loginName,
      loginPassword,
      'planted-token-4f1d9c',
      'planted-proxy-81c2',
    ]
    const texts = readBundle(await readFile(bundle)).map(
      ({ name, content }) => [name, Buffer.from(content).toString('latin1').replaceAll(ORDER, '')] as const,
    )
    // A word of the language, or a number that is in every date, would be found by chance.
    const telling = secrets.filter((secret) => secret.length >= 6 && secret !== 'password')
    expect(telling.length).toBeGreaterThan(3)
    for (const secret of telling)
      for (const form of formsOf(secret))
        for (const [name, text] of texts) expect(text.includes(form), `${form} in ${name}`).toBe(false)
  })
})
