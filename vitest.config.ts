import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { OWN_PROCESS } from './test/own-process.ts'
import { SlowFirst } from './test/slow-first.ts'

/**
 * Most code of a test file runs too seldom to be worth optimising, which takes a sixth of the processor time where V8 begins as early as
 * in a server. Node 20 alone knows the option; a later one compiles in between.
 */
const LATE_OPTIMISATION = process.version.startsWith('v20.') ? ['--interrupt-budget=1000000'] : []

const common = {
  // Generous: machines that build run other things too. What is slow is measured by `npm run bench`, not by a clock here.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  pool: 'forks' as const,
  execArgv: [...LATE_OPTIMISATION, '--require', resolve(import.meta.dirname, 'test/pooled-keys.cjs')],
  setupFiles: ['./test/own-locks.ts'],
  expect: { poll: { timeout: 60_000 } },
}

/** Files that share their processes spare reading the code for each of them. */
const shared = { ...common, setupFiles: [...common.setupFiles, './test/shared-process.ts'], isolate: false }

export default defineConfig({
  test: {
    reporters: ['default', './test/not-run-reporter.ts'],
    globalSetup: './test/run-folder.ts',
    // A sequencer of our own would take the place of the one that shuffles the files.
    ...(process.argv.some((word) => word.startsWith('--sequence.shuffle'))
      ? {}
      : { sequence: { sequencer: SlowFirst } }),
    // Most files of `test` wait, for programs that they start, more than they compute.
    maxWorkers: availableParallelism() + 2,
    projects: [
      // Beside the code, and of one room each.
      { test: { ...shared, name: 'unit', include: ['src/**/*.test.ts', 'devices/**/*.test.ts'] } },
      { test: { ...shared, name: 'whole', include: ['test/**/*.test.ts'], exclude: OWN_PROCESS } },
      { test: { ...common, name: 'alone', include: OWN_PROCESS } },
    ],
  },
})
