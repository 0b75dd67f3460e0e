import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { writePem } from '../../src/asn1/pem.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import { runProgram } from '../enrollment/built-program.ts'

const DIST = resolve(import.meta.dirname, '../../dist/cli')

/** The sources of a chunk: the bundler heads each with its path. */
const sourcesIn = (text: string): readonly string[] =>
  [...text.matchAll(/^\/\/ (\S+\.(?:ts|m?js))$/gm)].map(([, source = '']) => source)

/** The chunks that are there once these were loaded one after the other, each for itself. */
const LOADED = `const loaded = process.argv.slice(1).map((chunk) => {
    for (const file of Object.keys(require.cache)) delete require.cache[file]
    require(chunk)
    return Object.keys(require.cache)
  })
  console.log(JSON.stringify(loaded))`

function chunksWith(...chunks: readonly string[]): readonly (readonly string[])[] {
  const words = ['-e', LOADED, ...chunks.map((chunk) => join(DIST, chunk))]
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }))
}

/** The sources of a chunk and of all that is loaded with it. */
function sourcesOf(chunk: string): readonly string[] {
  const [files = []] = chunksWith(chunk)
  return files.flatMap((file) => sourcesIn(readFileSync(file, 'utf8')))
}

it('help and version are answered with nothing loaded but what answers them', async () => {
  const list = "data:text/javascript,process.on('exit', () => console.error(process.moduleLoadList.join()))"
  const { stderr } = await runProgram(['--help'], { imports: [list] })
  expect(stderr).not.toMatch(/NativeModule (?:crypto|vm|module|zlib|http|readline)\b/)
  const main = readFileSync(join(DIST, 'main.js'), 'utf8')
  expect([...sourcesIn(main)].sort()).toEqual([
    'src/cli/built-help.ts',
    'src/cli/code-cache.ts',
    'src/cli/main.ts',
    'src/cli/node-version.ts',
    'src/cli/quick-answer.ts',
    'src/cli/standard-streams.ts',
    'src/cli/start.ts',
    'src/exit-codes.ts',
    'src/version.ts',
  ])
  expect(main).not.toMatch(/^(?:const|var) .*require\(/m)
})

it('every chunk of the program may be the first that is loaded, and none is one of the library', () => {
  const all = readdirSync(DIST).filter((name) => name.endsWith('.js') && !/^(?:main|check-worker)\.js$/.test(name))
  expect(all.length).toBeGreaterThan(200)
  const outside = chunksWith(...all)
    .flat()
    .filter((file) => dirname(file) !== DIST)
  expect(outside).toEqual([])
})

const chunk = (name: string): string =>
  readdirSync(DIST).find((file) => file.startsWith(`${name}-`) && /^[\w-]{8}\.js$/.test(file.slice(name.length + 1))) ??
  ''
const HEAVY =
  /^(?:src\/(?:attestation\/(?!contract)|check\/|bundle|ceremony|ledger|config\/configuration)|devices\/\w+\/)|yaml|cborg|yargs/

it('the command line has no command and no parser loaded before one is asked for', () => {
  const sources = sourcesOf('command-line.js')
  expect(sources).toContain('src/cli/command-loaders.ts')
  expect(sources.filter((source) => HEAVY.test(source))).toEqual([])
  // Its options and their readers are in that chunk; what it does is not.
  expect(sources.filter((source) => source.startsWith('src/cli/commands'))).toEqual(['src/cli/commands/check.ts'])
})

it('a command has no verifier, reader of files, profile or driver loaded before it runs, and no other command', () => {
  const sources = sourcesOf(chunk('inspect'))
  const commands = ['src/cli/commands/check.ts', 'src/cli/commands/inspect.ts']
  expect(sources.filter((source) => HEAVY.test(source))).toEqual([])
  expect(sources.filter((source) => source.startsWith('src/cli/commands')).sort()).toEqual(commands)
})

/** Written at the end: the built-ins of Node.js that were loaded. */
const LIST = "data:text/javascript,process.on('exit', () => process.stderr.write(process.moduleLoadList.join('\\n')))"

interface LoadedByCheck {
  /** With the bytes of each. */
  readonly chunks: ReadonlyMap<string, number>
  readonly builtIns: readonly string[]
}

/** What a check of a YubiKey's evidence loads. */
async function loadedByCheck(): Promise<LoadedByCheck> {
  const folder = mkdtempSync(join(tmpdir(), 'loaded-'))
  try {
    const issuer = createYubikeyEvidenceIssuer({ serial: 15_732_500, firmware: '5.7.1', formFactor: 1 })
    const leaf = issuer.attest({ spki: testKeyPair('P-256').spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
    const evidence = join(folder, 'attestation.pem')
    writeFileSync(evidence, [leaf, issuer.f9Certificate].map((der) => writePem('CERTIFICATE', der)).join(''))
    const coverage = join(folder, 'coverage')
    const { stdout, stderr } = await runProgram(['check', '--attestation', evidence, '--json'], {
      env: { NODE_V8_COVERAGE: coverage },
      imports: [LIST],
    })
    expect(JSON.parse(stdout)).toMatchObject({ hsmType: 'YUBIKEY', device: { serial: '15732500' } })
    const [file = ''] = readdirSync(coverage)
    const { result }: { readonly result: readonly { readonly url: string }[] } = JSON.parse(
      readFileSync(join(coverage, file), 'utf8'),
    )
    const files = result.filter(({ url }) => url.startsWith('file:')).map(({ url }) => fileURLToPath(url))
    return {
      chunks: new Map(files.map((name) => [relative(DIST, name), statSync(name).size])),
      builtIns: stderr.split('\n'),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it('a check loads three files, none of another family’s judge, and no parser, driver, client or library that it does not need', async () => {
  const { chunks, builtIns } = await loadedByCheck()
  expect(builtIns).toContain('NativeModule crypto')
  expect(builtIns).not.toContain('NativeModule zlib')
  expect(chunks.size).toBe(3)
  expect([...chunks.values()].reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(450_000)
  const sources = [...chunks.keys()].flatMap((name) => sourcesIn(readFileSync(join(DIST, name), 'utf8')))
  expect(sources).toContain('src/check/check-attestation.ts')
  expect(
    sources.filter((source) =>
      /attestation\/(?:nshield\/steps|luna\/chain|fortanix\/chain|marvell-google\/chains)/.test(source),
    ),
  ).toEqual([])
  expect(
    sources.filter((source) =>
      /^devices\/\w+\/|^src\/(?:sandbox|enrollment|sectigo|acme|ledger|bundle|broker)|pkijs|asn1js|peculiar|webcrypto|yargs|yaml|undici/.test(
        source,
      ),
    ),
  ).toEqual([])
})

it('an enrolment loads nothing of ACME before an ACME server is to be asked', () => {
  const sources = [chunk('enroll'), chunk('advance')].flatMap(sourcesOf)
  expect(sources).toContain('src/enrollment/advance.ts')
  expect(sources.filter((source) => source.startsWith('src/acme/'))).toEqual([])
})

it('a command is run without a help being laid out, whose segmenter takes longer to set up than Node.js to start', async () => {
  const trap = "data:text/javascript,Intl.Segmenter = class { constructor() { throw new Error('help was laid out') } }"
  const [list, help] = await Promise.all([
    runProgram(['trust', 'list', '--json=true'], { imports: [trap] }),
    runProgram(['trust', 'list', '--help', '--quiet'], { imports: [trap] }),
  ])
  expect(list.code).toBe(0)
  expect(help.stderr).toContain('help was laid out')
})
