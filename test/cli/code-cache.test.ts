import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { writePem } from '../../src/asn1/pem.ts'
import { withCodeCache } from '../../src/cli/code-cache.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import { SYNTHETIC_EVIDENCE } from '../tools/corpus.ts'

const DIST = resolve(import.meta.dirname, '../../dist/cli')

let folder: string
let program: string
let caches: string
let evidence: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'code-cache-'))
  program = join(folder, 'program')
  caches = join(program, 'code-cache')
  mkdirSync(program)
  for (const name of readdirSync(DIST).filter((each) => /\.js(?:on)?$/.test(each)))
    copyFileSync(join(DIST, name), join(program, name))
  const issuer = createYubikeyEvidenceIssuer({ serial: 15_732_500, firmware: '5.7.1', formFactor: 1 })
  const leaf = issuer.attest({ spki: testKeyPair('P-256').spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
  evidence = join(folder, 'attestation.pem')
  writeFileSync(evidence, [leaf, issuer.f9Certificate].map((der) => writePem('CERTIFICATE', der)).join(''))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeEach(() => rmSync(caches, { recursive: true, force: true }))

const ENVIRONMENT = { PATH: process.env.PATH, HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' }

/** What a check prints. */
function check(flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}): string {
  const words = [...flags, join(program, 'main.js'), 'check', '--json', '--attestation', evidence]
  const { stdout, stderr, status } = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    env: { ...ENVIRONMENT, ...env },
  })
  expect({ stderr, status }).toEqual({ stderr: '', status: 1 })
  return stdout
}

const cacheOf = (chunk: string): string =>
  join(caches, readdirSync(caches).find((name) => name.startsWith(chunk)) ?? 'none')
/** Which file it is: another one where it was written again. */
const identity = (file: string): number => statSync(file).ino

describe("V8's code cache beside the program", () => {
  it('is written by the first command, and used by the next: both print what is printed without', () => {
    const without = check([], { NODE_DISABLE_COMPILE_CACHE: '1' })
    expect(existsSync(caches)).toBe(false)
    expect(JSON.parse(without)).toMatchObject({ hsmType: 'YUBIKEY', device: { serial: '15732500' } })
    expect(check()).toBe(without)
    const written = readdirSync(caches).map((name) => identity(join(caches, name)))
    expect(written.length).toBeGreaterThanOrEqual(2)
    expect(check()).toBe(without)
    expect(readdirSync(caches).map((name) => identity(join(caches, name)))).toEqual(written)
  })

  it('changes no verdict on what the doubles create, good and bad: on a third of it', () => {
    const all = Object.values(SYNTHETIC_EVIDENCE)
      .flatMap((make) => make())
      .filter((_, index) => index % 3 === 0)
    const files = all.map(({ package: bytes }, index) => {
      const file = join(folder, `package-${index}`)
      writeFileSync(file, bytes)
      return file
    })
    const inspect = (env: Readonly<Record<string, string>> = {}): string => {
      const words = [join(program, 'main.js'), 'inspect', '--json', ...files]
      const options = { encoding: 'utf8', env: { ...ENVIRONMENT, ...env }, maxBuffer: 1 << 26 } as const
      return spawnSync(process.execPath, words, options).stdout
    }
    const without = inspect({ NODE_DISABLE_COMPILE_CACHE: '1' })
    expect(without.trim().split('\n').length).toBe(files.length)
    check()
    const before = identity(cacheOf('checking'))
    expect(inspect()).toBe(without)
    expect(identity(cacheOf('checking'))).toBe(before)
  })

  it.each([
    ['a flipped bit of what V8 compiled', (content: Buffer) => flipped(content, content.length >> 1)],
    ['a flipped bit at its beginning', (content: Buffer) => flipped(content, 0)],
    ['the last octet missing', (content: Buffer) => content.subarray(0, -1)],
    ['half of it missing', (content: Buffer) => content.subarray(0, content.length >> 1)],
    ['nothing in it', () => Buffer.alloc(0)],
  ])('is not run, but written again, with %s', (_what, damage) => {
    const said = check()
    const file = cacheOf('checking')
    const damaged = damage(readFileSync(file))
    writeFileSync(file, damaged)
    const before = identity(file)
    expect(check()).toBe(said)
    expect(identity(file)).not.toBe(before)
    expect(readFileSync(file).equals(damaged)).toBe(false)
  })

  it('is not run for other code, of the same length as it may be', () => {
    const said = check()
    const chunk = join(program, readdirSync(program).find((name) => name.startsWith('checking-')) ?? '')
    const code = readFileSync(chunk, 'utf8')
    writeFileSync(chunk, code.replaceAll('"policy.attestation.length"', '"policy.attestation.LENGTH"'))
    try {
      expect(check()).toBe(said.replaceAll('policy.attestation.length', 'policy.attestation.LENGTH'))
    } finally {
      writeFileSync(chunk, code)
    }
    expect(check()).toBe(said)
  })

  it('of a V8 with other flags is refused by V8, and written again', () => {
    const said = check(['--no-opt'])
    const before = identity(cacheOf('checking'))
    expect(check()).toBe(said)
    expect(identity(cacheOf('checking'))).not.toBe(before)
  })

  it('is for this release of Node.js and this processor alone', () => {
    check()
    const ours = readdirSync(caches)
    expect(ours.filter((name) => !name.endsWith(`-${process.version}-${process.arch}`))).toEqual([])
    for (const name of ours) renameSync(join(caches, name), join(caches, name.replace(process.version, 'v20.0.0')))
    check()
    expect(readdirSync(caches).length).toBe(2 * ours.length)
  })

  it('is neither read nor written through a link', () => {
    const said = check()
    const file = cacheOf('checking')
    const elsewhere = join(folder, 'elsewhere')
    renameSync(file, elsewhere)
    symlinkSync(elsewhere, file)
    const before = identity(elsewhere)
    expect(check()).toBe(said)
    expect(lstatSync(file).isSymbolicLink()).toBe(false)
    expect(identity(elsewhere)).toBe(before)

    rmSync(caches, { recursive: true })
    const target = join(folder, 'target')
    mkdirSync(target)
    symlinkSync(target, caches)
    expect(check()).toBe(said)
    expect(readdirSync(target)).toEqual([])
  })

  it('is not written where the folder is read-only, or another user has it', () => {
    const said = check([], { NODE_DISABLE_COMPILE_CACHE: '1' })
    const isRoot = process.geteuid?.() === 0
    if (isRoot) chownSync(program, 65_534, 65_534)
    else chmodSync(program, 0o555)
    try {
      expect(check()).toBe(said)
      expect(existsSync(caches)).toBe(false)
    } finally {
      if (isRoot) chownSync(program, 0, 0)
      else chmodSync(program, 0o755)
    }
  })

  it('is not written on a full disk, and nothing is left of it', () => {
    const said = check([], { NODE_DISABLE_COMPILE_CACHE: '1' })
    // No file may grow beyond it: a write fails, as it does without room.
    const limited = `trap '' XFSZ; ulimit -f 8; exec "$@"`
    const words = ['-c', limited, '-', process.execPath, join(program, 'main.js'), 'check', '--json', '--attestation']
    const { stdout, stderr } = spawnSync('bash', [...words, evidence], { encoding: 'utf8', env: ENVIRONMENT })
    expect({ stdout, stderr }).toEqual({ stdout: said, stderr: '' })
    expect(readdirSync(caches).filter((name) => name.startsWith('checking') || /\.\d+$/.test(name))).toEqual([])
  })

  it('is written by several at once, whole', async () => {
    const said = check([], { NODE_DISABLE_COMPILE_CACHE: '1' })
    const words = [join(program, 'main.js'), 'check', '--json', '--attestation', evidence]
    const run = (): Promise<string> =>
      new Promise((done) => {
        const child = spawn(process.execPath, words, { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'inherit'] })
        let text = ''
        child.stdout.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        child.on('close', () => done(text))
      })
    expect(new Set(await Promise.all([run(), run(), run(), run()]))).toEqual(new Set([said]))
    expect(readdirSync(caches).filter((name) => /\.\d+$/.test(name))).toEqual([])
    const before = identity(cacheOf('checking'))
    expect(check()).toBe(said)
    expect(identity(cacheOf('checking'))).toBe(before)
  })

  it.each([
    ['with it', {}],
    ['without', { NODE_DISABLE_COMPILE_CACHE: '1' }],
  ])(
    '%s, a missing chunk is said to be one of an upgraded program, and ends it as no disk of the user does',
    (_how, env) => {
      const chunk = readdirSync(program).find((name) => /^inspect-.{8}\.js$/.test(name)) ?? ''
      renameSync(join(program, chunk), join(folder, chunk))
      try {
        const words = [join(program, 'main.js'), 'inspect', evidence]
        const end = spawnSync(process.execPath, words, { encoding: 'utf8', env: { ...ENVIRONMENT, ...env } })
        expect(end).toMatchObject({
          status: 70,
          stdout: '',
          stderr: expect.stringContaining('(program.replaced, exit 70)'),
        })
      } finally {
        renameSync(join(folder, chunk), join(program, chunk))
      }
    },
  )

  it('has no chunk for loaded whose code failed: who asks again meets the fault again', () => {
    const failing = mkdtempSync(join(folder, 'failing-'))
    writeFileSync(join(failing, 'a.js'), 'exports.half = 1; throw new Error("no such package")')
    const before = process.listeners('exit')
    const load = withCodeCache(failing, () => undefined)
    expect(() => load('./a.js')).toThrow('no such package')
    expect(() => load('./a.js')).toThrow('no such package')
    // What would write a cache at the end of this process.
    for (const each of process.listeners('exit')) if (!before.includes(each)) process.removeListener('exit', each)
  })

  it('is done without where code is traced back to its sources', () => {
    check(['--enable-source-maps'])
    expect(existsSync(caches)).toBe(false)
  })
})

function flipped(content: Buffer, at: number): Buffer {
  const damaged = Buffer.from(content)
  damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
  return damaged
}
