import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const DIST = resolve(import.meta.dirname, '../../dist')

/** The sources (esbuild heads each with its path) of a chunk and of all that it imports before it runs. */
function sourcesOf(chunk: string, seen = new Map<string, readonly string[]>()): Map<string, readonly string[]> {
  if (seen.has(chunk)) return seen
  const text = readFileSync(join(DIST, chunk), 'utf8')
  seen.set(
    chunk,
    [...text.matchAll(/^\/\/ (\S+\.(?:ts|js))$/gm)].map(([, source = '']) => source),
  )
  for (const [, from, alone] of text.matchAll(/^(?:import|export) [^;(]*? from "\.\/([^"]+)"|^import "\.\/([^"]+)"/gm))
    sourcesOf(from ?? alone ?? '', seen)
  return seen
}

it('the command line has no verifier, reader of files, profile or driver loaded before a command needs one', () => {
  const start = readdirSync(DIST).find((name) => /^run-cli-\w+\.js$/.test(name)) ?? ''
  const sources = [...sourcesOf(start).values()].flat()
  expect(sources).toContain('src/cli/commands/check.ts')
  const heavy =
    /^(?:src\/(?:attestation\/(?!contract)|check\/|bundle|ceremony|config\/configuration)|devices\/\w+\/)|yaml|cborg/
  expect(sources.filter((source) => heavy.test(source))).toEqual([])
})
