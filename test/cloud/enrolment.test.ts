import { execFileSync } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { KeyAlgorithm } from '../../devices/device.ts'
import { runCli } from '../../src/cli/run-cli.ts'
import { STOP_SIGNALS } from '../../src/cli/stop-signals.ts'
import type { RunningDouble } from '../../src/sandbox/double.ts'
import type { HttpDouble } from '../../src/sandbox/http/http-double.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { withDirectory, withDsm, withKms } from './with-double.ts'

const directory = withDirectory()
const dsm = withDsm(directory)
const kms = withKms(directory)

interface Program {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The command line in this process: what it prints and ends with. */
async function hsmEnroll(...args: readonly string[]): Promise<Program> {
  const [stdout, stderr] = [process.stdout, process.stderr].map((stream) => {
    const lines: string[] = []
    const spy = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      lines.push(String(chunk))
      return true
    })
    return { lines, spy }
  })
  const listeners = STOP_SIGNALS.map((signal) => [signal, process.listeners(signal)] as const)
  try {
    const code = await runCli(args)
    return { code, stdout: stdout?.lines.join('') ?? '', stderr: stderr?.lines.join('') ?? '' }
  } finally {
    stdout?.spy.mockRestore()
    stderr?.spy.mockRestore()
    for (const [signal, before] of listeners) {
      for (const listener of process.listeners(signal)) {
        if (!before.includes(listener)) process.removeListener(signal, listener)
      }
    }
  }
}

let count = 0
/** A rehearsal around a double that stays open for the next one. */
async function rehearse(
  double: RunningDouble,
  algorithm: KeyAlgorithm = 'P-256',
  settings: Readonly<Record<string, string>> = {},
): Promise<Rehearsal> {
  const { certChains, ...rest } = double
  const kept = {
    ...rest,
    // A package that brings its chains along has to do without those that the CA is told.
    ...(certChains === undefined || 'packageForm' in settings ? {} : { certChains }),
    settings: { ...double.settings, retries: '1', ...settings },
    close: async () => undefined,
  }
  return startRehearsal({ directory: join(directory(), `run-${++count}`), device: kept, algorithm })
}

interface Shown {
  readonly id: string
  readonly state: string
  readonly folder: string
}

const CLOUDS: Readonly<
  Record<string, { double: () => RunningDouble & { http: HttpDouble }; keys: () => number; calls: readonly string[] }>
> = {
  'Fortanix DSM': {
    double: () => dsm(),
    keys: () => dsm().service.keys.length,
    calls: ['Authenticate', 'GetSobject', 'CreateSobject', 'Sign', 'KeyAttestation', 'ImportSobject'],
  },
  'Cloud KMS': {
    double: () => kms(),
    keys: () => kms().service.generated.length,
    calls: ['Token', 'GetCryptoKey', 'CreateCryptoKey', 'ListCryptoKeyVersions', 'GetPublicKey', 'AsymmetricSign'],
  },
}

/** Orders that the rehearsal CA debited: each costs 245.00 of 1000.00. */
const ordersIn = async ({ ca }: Rehearsal): Promise<number> => (1000 - Number(ca.credit)) / 245

describe.each(Object.entries(CLOUDS))('an enrolment on %s', (_name, cloud) => {
  it.each(['P-256', 'P-384', 'RSA-3072', 'RSA-4096'] as const)(
    '%s ends with a certificate for the key in the HSM',
    async (algorithm) => {
      const rehearsal = await rehearse(cloud.double(), algorithm)
      const end = await hsmEnroll('enroll', rehearsal.profile, '--yes', '--wait', '--json')
      expect(end.code, end.stderr).toBe(0)
      const run: Shown = JSON.parse(end.stdout)
      const file = (name: string): string => join(run.folder, name)
      await writeFile(file('root.pem'), rehearsal.ca.rootPem)
      const openssl = (...args: string[]): string =>
        execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
      expect(
        openssl('verify', '-CAfile', file('root.pem'), '-untrusted', file('chain.pem'), file('certificate.pem')),
      ).toContain(': OK')
      expect(openssl('x509', '-in', file('certificate.pem'), '-pubkey', '-noout')).toBe(
        await readFile(file('public-key.pem'), 'utf8'),
      )
      await rehearsal.close()
    },
  )

  it('checks under the test root what the double issued, and refuses it under the built-in anchors', async () => {
    const rehearsal = await rehearse(cloud.double())
    const run: Shown = JSON.parse((await hsmEnroll('enroll', rehearsal.profile, '--yes', '--wait', '--json')).stdout)
    const names = await readdir(run.folder)
    const pick = (pattern: RegExp): string[] =>
      names.filter((name) => pattern.test(name)).map((name) => join(run.folder, name))
    const [attestation] = pick(/^attestation\.(json|dat|bin)$/)
    const [chains] = pick(/^attestation-chains\.pem$/)
    const args = [
      'check',
      '--attestation',
      attestation ?? names.join(),
      '--csr',
      join(run.folder, 'request.csr.pem'),
      ...(chains === undefined ? [] : ['--cert-chains', chains]),
      '--json',
    ]
    const anchors = join(rehearsal.profile, '../trust-anchors.json')
    const trusted = await hsmEnroll(...args, '--trust-anchors', anchors, '--fips', 'warn')
    expect(JSON.parse(trusted.stdout), trusted.stderr).toMatchObject({ genuine: true })
    const refused = await hsmEnroll(...args)
    expect(refused.code).toBe(1)
    expect(JSON.parse(refused.stdout)).toMatchObject({ genuine: false, acceptable: false })
    await rehearsal.close()
  })

  it.each(cloud.calls)(
    'that loses its replies at %s is resumed to its end, with one key and one order',
    async (call) => {
      const rehearsal = await rehearse(cloud.double())
      const keys = cloud.keys()
      const { faults } = cloud.double().http
      faults.add({ kind: 'drop', afterWork: true, call, times: 99 })
      const timeless = ['--wait', '--json']
      const first = await hsmEnroll('enroll', rehearsal.profile, '--yes', ...timeless)
      faults.clear()
      const [id] = await readdir(join(rehearsal.stateDirectory, 'runs'))
      const last =
        first.code === 0
          ? first
          : await hsmEnroll(
              'runs',
              'resume',
              id ?? '',
              '--yes',
              ...timeless,
              '--state-directory',
              rehearsal.stateDirectory,
            )
      expect(last.code, `${first.stderr}\n${last.stderr}`).toBe(0)
      expect(cloud.keys()).toBe(keys + 1)
      expect(await ordersIn(rehearsal)).toBe(1)
      await rehearsal.close()
    },
  )

  it('leaves no credential in its journal, its folder, its trace or its output', async () => {
    const rehearsal = await rehearse(cloud.double())
    cloud.double().http.faults.add({ kind: 'status', status: 500, call: cloud.calls[1] ?? '', body: 'overloaded' })
    const end = await hsmEnroll('enroll', rehearsal.profile, '--yes', '--wait', '--json', '--trace')
    expect(end.code, end.stderr).toBe(0)
    const run: Shown = JSON.parse(end.stdout)
    const names = await readdir(run.folder, { recursive: true, withFileTypes: true })
    const files = names.filter((entry) => entry.isFile())
    const contents = await Promise.all(files.map(({ name, parentPath }) => readFile(join(parentPath, name), 'latin1')))
    const seen = [end.stdout, end.stderr, ...contents].join('\n')
    expect(end.stderr).toMatch(/trace: (GET|POST) .*HTTP 500/)
    expect(files.map(({ name }) => name)).toContain('journal.jsonl')
    const { privateKey } = kms().service.tokens
    for (const secret of [dsm().service.sessions.apiKey, privateKey, privateKey.slice(100, 140)]) {
      expect(seen.includes(secret)).toBe(false)
    }
    expect(seen).not.toMatch(/ya29\.|session-[0-9a-f]{8}|PRIVATE KEY/)
    await rehearsal.close()
  })
})

it('doctor tells the version of a DSM server and its FIPS level', async () => {
  const rehearsal = await rehearse(dsm())
  const end = await hsmEnroll('doctor', rehearsal.profile)
  expect(end.code, end.stderr).toBe(0)
  expect(end.stdout).toMatch(/Data Security Manager, firmware 4\.38\.2502\n/)
  expect(end.stdout).toMatch(/FIPS level \(as the server says\): 3/)
  await rehearsal.close()
})

it.each(['bundle-zip', 'statement+chains'])(
  'Cloud KMS: the package form %s is checked, ordered with and accepted',
  async (packageForm) => {
    const rehearsal = await rehearse(kms(), 'P-256', { packageForm })
    const end = await hsmEnroll('enroll', rehearsal.profile, '--yes', '--wait', '--json')
    expect(end.code, end.stderr).toBe(0)
    await rehearsal.close()
  },
)
