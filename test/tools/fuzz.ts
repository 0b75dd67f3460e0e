/**
 * `npm run fuzz -- [--minutes N | --mutants N] [--seed N] [--vectors DIR] [--corpus FILE] [--forms] [--policy]`: mutants of every family's evidence.
 * With `--forms`, of files in the forms in which people have them, read as `check` reads them.
 * Prints what became of them; exit 1 where one was genuine, crashed a verifier, or took more than 50 ms of processor time.
 *
 * Synthetic evidence has new keys in every run. `--corpus FILE` keeps the specimens and the day in a file (written if it is absent),
 * so that two builds judge the same mutants; the SHA-256 of all verdicts, word for word, then shows whether they agree: with `--policy`,
 * of whole judgements.
 */
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { readCorpus } from './corpus.ts'
import { FORMS_RUN } from './forms-run.ts'
import { type Fate, HostileRun } from './hostile-run.ts'
import { keptCorpus } from './kept-corpus.ts'

const SLOW_MS = 50

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    mutants: { type: 'string' },
    seed: { type: 'string' },
    vectors: { type: 'string', default: '../shared/vectors' },
    corpus: { type: 'string' },
    forms: { type: 'boolean' },
    policy: { type: 'boolean' },
  },
})

const seed = values.seed === undefined ? Date.now() % 0x7fffffff : Number(values.seed)
const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
const mutants =
  values.mutants === undefined ? (minutes === undefined ? 100_000 : Number.POSITIVE_INFINITY) : Number(values.mutants)
if ([seed, minutes ?? 1, mutants].some((value) => Number.isNaN(value) || value < 0)) {
  process.stderr.write(
    'usage: npm run fuzz -- [--minutes N | --mutants N] [--seed N] [--vectors DIR] [--corpus FILE] [--forms] [--policy]\n',
  )
  process.exit(2)
}

const { corpus, now } =
  values.corpus === undefined
    ? { corpus: readCorpus(values.vectors), now: Date.now() }
    : keptCorpus(values.corpus, () => readCorpus(values.vectors))
process.stdout.write(`${corpus.length} specimens, seed ${seed}\n`)
const run = new HostileRun(corpus, seed, now, {
  slowMs: SLOW_MS,
  policy: values.policy ?? false,
  ...(values.forms === true ? FORMS_RUN : {}),
})
const start = Date.now()
const end = minutes === undefined ? Number.POSITIVE_INFINITY : start + minutes * 60_000
let count = 0
let heap = 0
for (; count < mutants && Date.now() < end; count++) {
  run.step()
  // What node:zlib refuses it lets go of when the event loop turns: a loop without a turn would look like a leak.
  if (count % 100 === 0) await setImmediate()
  if (count % 5000 === 0) heap = Math.max(heap, process.memoryUsage().rss)
}

const FATES: readonly Fate[] = ['refused', 'unreadable', 'intact', 'GENUINE', 'CRASHED', 'SLOW']
process.stdout.write(`${'family'.padEnd(16)}${FATES.map((fate) => fate.padStart(12)).join('')}\n`)
for (const [family, fates] of run.counts) {
  process.stdout.write(
    `${family.padEnd(16)}${FATES.map((fate) => String(fates.get(fate) ?? 0).padStart(12)).join('')}\n`,
  )
}
for (const incident of run.incidents) process.stdout.write(`${JSON.stringify(incident)}\n`)
process.stdout.write(`verdicts ${run.digest()}\n`)
const bad = run.incidents.length
process.stdout.write(
  `${count} mutants in ${((Date.now() - start) / 1000).toFixed(0)} s; slowest ${run.slowestMs.toFixed(1)} ms of processor time; memory at most ${(heap / 2 ** 20).toFixed(0)} MB; ${bad === 0 ? 'none genuine, none crashing, none slow' : `${bad} incidents`}\n`,
)
process.exitCode = bad === 0 ? 0 : 1
