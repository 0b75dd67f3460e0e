/** A private key is refused by every command, whatever parameter it stands in and whatever it is wrapped in, and not a character of it is shown. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Command } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer, yubikeyPackage } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import { runInside } from '../enrollment/run-inside.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const der = privateKey.export({ type: 'pkcs8', format: 'der' })
const base64 = (content: string | Uint8Array): string => Buffer.from(content).toString('base64')
const shows = (text: string): boolean =>
  [
    pem.slice(40, 70),
    base64(der).slice(10, 40),
    base64(base64(der)).slice(10, 40),
    der.toString('hex').slice(20, 60),
  ].some((part) => text.includes(part))

let folder: string
let pair: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'private-keys-'))
  const issuer = createYubikeyEvidenceIssuer({ firmware: '5.4.3', serial: 1 }, { keyType: 'P-256' })
  const leaf = issuer.attest({ spki: testKeyPair('P-256').spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
  pair = join(folder, 'pair.pem')
  await writeFile(pair, yubikeyPackage(leaf, issuer.f9Certificate))
})
afterAll(() => rm(folder, { recursive: true }))

let files = 0
async function fileOf(content: string | Uint8Array, ending = 'txt'): Promise<string> {
  const file = join(folder, `${++files}.${ending}`)
  await writeFile(file, content)
  return file
}

/** The state folder of a run that must never be, and everything else that the test did not write. */
async function kept(): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name)
    if (/^\d+\.\w+(\.minisig)?$/.test(name) || !(await stat(path)).isFile()) continue
    if (shows(await readFile(path, 'latin1'))) found.push(name)
  }
  return found
}

async function expectRefused(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const more of [[], ['--json']]) {
    const end = await runInside([...args, ...more], { env: { XDG_STATE_HOME: join(folder, 'state'), ...env } })
    expect(end.stderr).toMatch(/it contains a private key \(/)
    expect(end.code).toBe(2)
    expect(shows(end.stdout + end.stderr)).toBe(false)
    if (more.length > 0) expect(JSON.parse(end.stdout)).toMatchObject({ error: { code: 'input.private-key' } })
  }
  expect(await kept()).toEqual([])
}

interface Parameter {
  readonly name: string
  readonly args: (value: string) => readonly string[]
}

/** Every parameter of a command that takes text. */
function parametersOf(
  words: readonly string[],
  { command, positionals = {}, options = {} }: Command,
): readonly Parameter[] {
  const own = [...words, command.split(' ')[0] ?? '']
  const given = Object.keys(positionals)
  return [
    ...given.map((name, at) => ({
      name: `${own.join(' ')} <${name}>`,
      args: (value: string) => [...own, ...given.map((_, index) => (index === at ? value : 'x'))],
    })),
    ...Object.entries(options)
      .filter(([, { type }]) => type !== 'boolean')
      .map(([name]) => ({
        name: `${own.join(' ')} --${name}`,
        args: (value: string) => [...own, ...given.map(() => 'x'), `--${name}`, value],
      })),
  ]
}

const PARAMETERS = COMMANDS.flatMap((entry) =>
  'commands' in entry
    ? entry.commands.flatMap((command) => parametersOf([entry.name], command))
    : parametersOf([], entry),
)

describe('on the command line', () => {
  it.each(PARAMETERS)('$name', async ({ args }) => {
    for (const value of [pem, base64(gzipSync(pem))]) await expectRefused(args(value))
  })

  it('as an option that there is not, or the command itself', async () => {
    for (const args of [['check', `--${base64(der)}`], [base64(der)], ['check', '--nosuch', pem], ['runs', pem]]) {
      await expectRefused(args)
    }
  })
})

const WRAPPED: readonly (readonly [string, () => string | Uint8Array])[] = [
  ['PEM', () => pem],
  ['DER', () => der],
  ['base64 of base64', () => base64(base64(der))],
  ['gzip', () => gzipSync(der)],
  ['a comment', () => `# ${base64(der)}\nx: y\n`],
]

describe.each(WRAPPED)('in a file: %s', (_, content) => {
  // biome-ignore format: a table
  it.each<readonly [string, (file: string) => readonly string[]]>([
    ['check --attestation', (file) => ['check', '--attestation', file]],
    ['check --csr', (file) => ['check', '--attestation', pair, '--csr', file]],
    ['check --public-key', (file) => ['check', '--attestation', pair, '--public-key', file]],
    ['check --cert-chains', (file) => ['check', '--attestation', pair, '--cert-chains', file]],
    ['check --trust-anchors', (file) => ['check', '--attestation', pair, '--trust-anchors', file]],
    ['trust list --trust-anchors', (file) => ['trust', 'list', '--trust-anchors', file]],
    ['inspect', (file) => ['inspect', file]],
    ['order submit', (file) => ['order', 'submit', file]],
    ['place-order', (file) => ['place-order', file]],
    ['batch', (file) => ['batch', file]],
    ['enroll', (file) => ['enroll', file]],
    ['plan', (file) => ['plan', file]],
    ['config check', (file) => ['config', 'check', file]],
    ['bundle verify', (file) => ['bundle', 'verify', file]],
  ])('%s', async (_name, args) => {
    const file = await fileOf(content(), 'yaml')
    await expectRefused(args(file))
  })
})

it('as an update of the tables, and as its signature', async () => {
  const [data, signature] = [await fileOf(pem), await fileOf('{}')]
  await writeFile(`${data}.minisig`, 'x')
  await writeFile(`${signature}.minisig`, base64(der))
  await expectRefused(['knowledge', 'update', data])
  await rm(`${data}.minisig`)
  const end = await runInside(['knowledge', 'update', signature])
  expect([end.code, shows(end.stdout + end.stderr)]).toEqual([2, false])
  await rm(`${signature}.minisig`)
  await rm(data)
})

it('in the environment, as a setting', () =>
  expectRefused(['config', 'check'], { HSM_ENROLL_REQUEST_SUBJECT: `CN=${base64(der)}` }))

it.each([
  ['a value of the order', (value: string) => `order:\n  organizationName: ${value}\n`],
  ['a list', (value: string) => `request:\n  subjectAltNames: ["email:${value}"]\n`],
  ['a value that is not known', (value: string) => `nosuch: ${value}\n`],
  ['YAML that cannot be read', (value: string) => `order: [${value}\n`],
])('in a profile: %s', async (_, write) => {
  await expectRefused(['config', 'check', await fileOf(write(base64(der)), 'yaml')])
  await expectRefused(['config', 'check', await fileOf(write(JSON.stringify(pem)), 'yaml')])
})
