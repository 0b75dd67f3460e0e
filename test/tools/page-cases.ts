/**
 * `node dist/tools/page-cases.js FILE [--mutants N] [--seed N] [--vectors DIR] [--forms DIR]`: what the page is asked in every browser, and what
 * the answer must be, as JSON Lines. Vectors and forms are judged by the built program (`check --json`, `inspect`), mutants by the page's own
 * function under Node.js, which is held to the program on the former.
 */
import { spawnSync } from 'node:child_process'
import { createWriteStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { type Answer, judge, type NamedBytes, type Question } from '../../src/page/judge.ts'
import { readCorpus, type Specimen } from './corpus.ts'
import { FORMS } from './forms.ts'
import { mutate } from './mutate.ts'
import { Random } from './random.ts'
import { readVectorManifest } from './vector-manifest.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mutants: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '26' },
    vectors: { type: 'string', default: '../shared/vectors' },
    forms: { type: 'string', default: '../shared/cases/attestation-forms' },
  },
})
const [target] = positionals
if (target === undefined) throw new Error('name the file to write')

const PROGRAM = resolve('dist/cli/main.js')
const out = createWriteStream(target)
let program = 0
const counts: Record<string, number> = {}
const differences: string[] = []

/** Bytes as base64; a Buffer has become an object of its own kind before a replacer sees its value. */
function pack(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  const bytes = this[name]
  return bytes instanceof Uint8Array ? { base64: Buffer.from(bytes).toString('base64') } : value
}

function write(kind: string, name: string, question: Question, { json, text, base64 }: Answer): void {
  counts[kind] = (counts[kind] ?? 0) + 1
  out.write(`${JSON.stringify({ name: `${kind} ${name}`, question, expected: { json, text, base64 } }, pack)}\n`)
}

/** The program's own words for these files; `judge` under Node.js must have the same. */
function throughProgram(
  kind: string,
  name: string,
  folder: string,
  files: readonly string[],
  more: Readonly<Record<string, string>>,
): void {
  const read = (file: string): NamedBytes => ({ name: basename(file), bytes: readFileSync(join(folder, file)) })
  const question: Question = {
    attestation: files.map(read),
    ...(more.csr === undefined ? {} : { request: read(more.csr) }),
    ...(more.chains === undefined ? {} : { chains: read(more.chains) }),
    now: Date.now(),
  }
  const answer = judge(question)
  const at = dirname(join(folder, files[0] ?? ''))
  const path = (file: string): string => (join(folder, dirname(file)) === at ? basename(file) : resolve(folder, file))
  const beside = [
    ...(more.csr === undefined ? [] : ['--csr', path(more.csr)]),
    ...(more.chains === undefined ? [] : ['--cert-chains', path(more.chains)]),
  ]
  const run = (...args: string[]): string =>
    spawnSync(process.execPath, [PROGRAM, ...args], { cwd: at, encoding: 'utf8', env: { PATH: process.env.PATH } })
      .stdout
  const json = run('check', '--json', '--attestation', ...files.map(path), ...beside)
  program++
  const text = files.length === 1 ? run('inspect', path(files[0] ?? ''), ...beside) : answer.text
  if (json !== answer.json) differences.push(`${kind} ${name}: check --json and the page's function differ`)
  if ((text || undefined) !== answer.text) differences.push(`${kind} ${name}: inspect and the page's function differ`)
  write(kind, name, question, { ...answer, json })
}

if (existsSync(values.vectors))
  for (const { id, attestation, csr, certChains } of readVectorManifest(values.vectors))
    throughProgram('vector', id, values.vectors, [attestation], {
      ...(csr === undefined ? {} : { csr }),
      ...(certChains === undefined ? {} : { chains: certChains }),
    })

if (existsSync(values.forms)) {
  const files = readdirSync(values.forms).sort()
  const names = [...new Set(files.map((file) => file.replace(/\.\d$/, '')))]
  for (const name of names) {
    const parts = files.filter((file) => file.replace(/\.\d$/, '') === name)
    throughProgram('form', name, values.forms, parts, {})
  }
}

const corpus = readCorpus(existsSync(values.vectors) ? values.vectors : undefined)
const asked = ({ package: package_, certChains, trustAnchors }: Specimen): Question => {
  const own = trustAnchors.filter(({ origin }) => origin === 'user')
  const anchors =
    own.length === 0 ? [] : [{ name: 'anchors.json', bytes: Buffer.from(JSON.stringify({ trustAnchors: own })) }]
  return {
    attestation: [{ name: 'attestation', bytes: package_ }],
    ...(certChains === undefined ? {} : { chains: { name: 'chains', bytes: certChains } }),
    anchors,
    now: NOW,
  }
}
const NOW = Date.now()

const TEXT = /^[\t\n\r -~]*$/
const isText = (bytes: Uint8Array): boolean => TEXT.test(Buffer.from(bytes).toString('latin1'))
const formsFor = (bytes: Uint8Array) =>
  FORMS.filter(
    ({ of }) =>
      of === 'bytes' ||
      (isText(bytes) && (of === 'text' || Buffer.from(bytes).includes('-----BEGIN CERTIFICATE-----'))),
  )

/** The first specimen of each family is genuine. */
const firsts = corpus.filter(({ hsmType }, index) => corpus.findIndex((other) => other.hsmType === hsmType) === index)
for (const specimen of firsts)
  for (const form of formsFor(specimen.package)) {
    const question = asked({ ...specimen, package: form.make(Buffer.from(specimen.package)) })
    write('own form', `${specimen.name}, ${form.name}`, question, judge(question))
  }

const random = new Random(Number(values.seed))
for (let i = 0; i < Number(values.mutants); i++) {
  const specimen = random.pick(corpus)
  const other = random.pick(corpus)
  const inChains = specimen.certChains !== undefined && random.below(3) === 0
  let bytes = (inChains ? specimen.certChains : specimen.package) ?? specimen.package
  try {
    for (let times = random.below(4) === 0 ? 1 + random.below(4) : 1; times > 0; times--)
      bytes = mutate(bytes, random, other.package)
    if (!inChains && random.below(3) === 0) bytes = random.pick(formsFor(bytes)).make(Buffer.from(bytes))
  } catch {
    // A change before left nothing that could be changed further, or put into that form: what there is counts.
  }
  const mutant = inChains ? { ...specimen, certChains: bytes } : { ...specimen, package: bytes }
  const question = asked(mutant)
  write('mutant', `${i} of ${specimen.name}`, question, judge(question))
}
out.end()
await finished(out)
const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
process.stdout.write(
  `${total} cases (${Object.entries(counts)
    .map(([kind, count]) => `${count} ${kind}s`)
    .join(', ')}); ${program} of them through the program\n`,
)
for (const difference of differences) process.stdout.write(`${difference}\n`)
process.exitCode = differences.length === 0 && total > 0 ? 0 : 1
