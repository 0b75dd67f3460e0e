import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readEvidence } from '../src/check/read/evidence-input.ts'
import { EnrollError } from '../src/errors.ts'
import { sharedFolder } from './shared-folder.ts'
import { readCorpus, readVectors, type Specimen } from './tools/corpus.ts'
import { FORMS_RUN } from './tools/forms-run.ts'
import { HostileRun } from './tools/hostile-run.ts'
import { mutate } from './tools/mutate.ts'
import { Random } from './tools/random.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')
const folder = sharedFolder('vectors')
const vectors = folder === undefined ? [] : readVectors(folder)
const synthetic = readCorpus(undefined)
const seed = fc.integer({ min: 0, max: 0x7fffffff })

/** A mutant of the specimen, with the fate that the verifiers give it. */
function fateOf(run: HostileRun, corpus: readonly Specimen[], at: number, other: number, mutation: number): string {
  const specimen = corpus[at % corpus.length]
  const spliced = corpus[other % corpus.length]
  if (specimen === undefined || spliced === undefined) throw new Error('the corpus is empty')
  const random = new Random(mutation)
  const { certChains } = specimen
  if (certChains !== undefined && random.below(3) === 0) {
    return run.judge({ ...specimen, certChains: mutate(certChains, random, spliced.certChains ?? spliced.package) })
  }
  return run.judge({ ...specimen, package: mutate(specimen.package, random, spliced.package) })
}

const HARMLESS = ['refused', 'unreadable', 'intact']

/** Enough that every verifier and reader meets every kind of change; `npm run fuzz` goes on for as long as it is told to. */
describe('hostile files', () => {
  it('in any form are read as what they are, refused, or intact: never genuine, never a crash', () => {
    const run = new HostileRun([...synthetic, ...vectors], 20261129, NOW, FORMS_RUN)
    for (let i = 0; i < 1000; i++) run.step()
    expect(run.incidents).toEqual([])
    const fates = new Set([...run.counts.values()].flatMap((counts) => [...counts.keys()]))
    expect([...fates].sort()).toEqual(['intact', 'refused', 'unreadable'])
  })
})

describe('hostile evidence', () => {
  for (const [name, corpus, numRuns] of [
    ['synthetic evidence of all families', synthetic, 1250],
    ['vectors of all families', vectors, 500],
  ] as const) {
    it.runIf(corpus.length > 0)(`never makes ${name} genuine or crash`, () => {
      const run = new HostileRun(corpus, 1, NOW)
      fc.assert(
        fc.property(fc.nat(), fc.nat(), seed, (at, other, mutation) => {
          expect(HARMLESS).toContain(fateOf(run, corpus, at, other, mutation))
        }),
        { numRuns, seed: 20261122 },
      )
      expect(run.incidents).toEqual([])
    })
  }

  it('of any bytes is refused with a typed error or read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        try {
          readEvidence(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(EnrollError)
        }
      }),
      { numRuns: 1500, seed: 20261122 },
    )
  })

  it('of any text, wrapped in any order, is refused with a typed error or read', () => {
    const wrapping = fc.constantFrom(
      (bytes: Uint8Array): Uint8Array => Buffer.from(Buffer.from(bytes).toString('base64')),
      (bytes: Uint8Array): Uint8Array => Buffer.from(`\ufeff${Buffer.from(bytes).toString('latin1')}`, 'utf16le'),
      (bytes: Uint8Array): Uint8Array => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
      (bytes: Uint8Array): Uint8Array => bytes.subarray(0, Math.floor(bytes.length / 2)),
    )
    const start = fc.constantFrom(...[...vectors, ...synthetic].map((specimen) => specimen.package))
    fc.assert(
      fc.property(start, fc.array(wrapping, { maxLength: 5 }), (bytes, wrappings) => {
        try {
          readEvidence(wrappings.reduce<Uint8Array>((inner, wrap) => wrap(inner), bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(EnrollError)
        }
      }),
      { numRuns: 1000, seed: 20261122 },
    )
  })
})
