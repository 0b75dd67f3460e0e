import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { runProgram } from '../enrollment/built-program.ts'

const DIST = resolve(import.meta.dirname, '../../dist')

/** The sources (esbuild heads each with its path) of a chunk and of all that it imports before it runs. */
function sourcesOf(chunk: string, seen = new Map<string, readonly string[]>()): Map<string, readonly string[]> {
  if (seen.has(chunk)) return seen
  const text = readFileSync(join(DIST, chunk), 'utf8')
  seen.set(
    chunk,
    [...text.matchAll(/^\/\/ (\S+\.(?:ts|js))$/gm)].map(([, source = '']) => source),
  )
  for (const [, from, alone] of text.matchAll(
    /^(?:import|export) [^;(]*? from "(\.\.?\/[^"]+)"|^import "(\.\.?\/[^"]+)"/gm,
  ))
    sourcesOf(join(dirname(chunk), from ?? alone ?? ''), seen)
  return seen
}

it('help and version are answered with nothing loaded but what answers them', () => {
  const sources = [...sourcesOf('cli/main.js').values()].flat()
  expect(sources.sort()).toEqual([
    'src/cli/built-help.ts',
    'src/cli/main.ts',
    'src/cli/node-version.ts',
    'src/cli/quick-answer.ts',
    'src/cli/standard-streams.ts',
    'src/cli/start.ts',
    'src/exit-codes.ts',
    'src/version.ts',
  ])
})

const chunk = (name: RegExp): string => readdirSync(DIST).find((file) => name.test(file)) ?? ''
const HEAVY =
  /^(?:src\/(?:attestation\/(?!contract)|check\/|bundle|ceremony|ledger|config\/configuration)|devices\/\w+\/)|yaml|cborg|yargs/

it('the command line has no command and no parser loaded before one is asked for', () => {
  const sources = [...sourcesOf(chunk(/^run-cli-\w+\.js$/)).values()].flat()
  expect(sources).toContain('src/cli/command-loaders.ts')
  expect(sources.filter((source) => HEAVY.test(source) || source.startsWith('src/cli/commands'))).toEqual([])
})

it('a command has no verifier, reader of files, profile or driver loaded before it runs, and no other command', () => {
  const sources = [...sourcesOf(chunk(/^check-[0-9A-Z]{8}\.js$/)).values()].flat()
  expect(sources).toContain('src/cli/commands/check.ts')
  expect(sources.filter((source) => HEAVY.test(source))).toEqual([])
  expect(sources.filter((source) => source.startsWith('src/cli/commands'))).toEqual(['src/cli/commands/check.ts'])
})

it('an enrolment loads nothing of ACME before an ACME server is to be asked', () => {
  const sources = [
    ...sourcesOf(chunk(/^enroll-[0-9A-Z]{8}\.js$/)),
    ...sourcesOf(chunk(/^advance-[0-9A-Z]{8}\.js$/)),
  ].flatMap(([, each]) => each)
  expect(sources).toContain('src/enrollment/advance.ts')
  expect(sources.filter((source) => source.startsWith('src/acme/'))).toEqual([])
})

it('a command is run without a help being laid out, whose segmenter takes longer to set up than Node.js to start', async () => {
  const trap = "data:text/javascript,Intl.Segmenter = class { constructor() { throw new Error('help was laid out') } }"
  const [list, help] = await Promise.all([
    runProgram(['trust', 'list'], { imports: [trap] }),
    runProgram(['trust', 'list', '--help', '--quiet'], { imports: [trap] }),
  ])
  expect(list.code).toBe(0)
  expect(help.stderr).toContain('help was laid out')
})
