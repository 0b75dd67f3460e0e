import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'
import { NOT_RUN_FILE, type NotRun } from './not-run.ts'

/** At the end of a run: how many tests were not run, file by file, and what they need. */
export default class NotRunReporter implements Reporter {
  readonly #folder = mkdtempSync(join(tmpdir(), 'not-run-'))
  readonly #file = join(this.#folder, 'needs.jsonl')

  onInit(): void {
    writeFileSync(this.#file, '')
    // The workers, which are children of this process, write to it.
    process.env[NOT_RUN_FILE] = this.#file
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const records: readonly NotRun[] = readFileSync(this.#file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
    rmSync(this.#folder, { recursive: true })
    const report = notRunReport(
      modules.map((module) => ({
        file: module.moduleId,
        tests: [...module.children.allTests()].map((test) => test.result().state),
      })),
      records,
    )
    if (report !== '') process.stdout.write(`${report}\n`)
  }
}

export interface RunFile {
  readonly file: string
  /** The state of every test of the file. */
  readonly tests: readonly string[]
}

/** Empty where everything was run. */
export function notRunReport(files: readonly RunFile[], records: readonly NotRun[], root = process.cwd()): string {
  const skipped = (tests: readonly string[]): number => tests.filter((state) => state === 'skipped').length
  const rows = files
    .map(({ file, tests }) => {
      const needs = records.filter((record) => record.file === file).map((record) => record.needs)
      return { file: relative(root, file), count: skipped(tests), needs: [...new Set(needs)] }
    })
    .filter(({ count, needs }) => count > 0 || needs.length > 0)
    .sort((one, other) => (one.file < other.file ? -1 : 1))
  if (rows.length === 0) return ''
  const total = files.reduce((sum, { tests }) => sum + tests.length, 0)
  const count = rows.reduce((sum, row) => sum + row.count, 0)
  const reasons = [...new Set(rows.flatMap(({ needs }) => needs))].sort()
  return [
    `\nNot run: ${count} of ${total} tests${reasons.length === 0 ? '' : ', or run with less, for want of'}`,
    ...reasons.map((reason, index) => `  (${index + 1}) ${reason}`),
    ...rows.map((row) => {
      const marks = row.needs.map((each) => `(${reasons.indexOf(each) + 1})`)
      return `${String(row.count).padStart(5)}  ${row.file} ${marks.length === 0 ? '(not on this system)' : marks.join(' ')}`
    }),
  ].join('\n')
}
