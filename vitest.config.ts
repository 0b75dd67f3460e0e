import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'devices/**/*.test.ts', 'test/**/*.test.ts'],
    setupFiles: ['test/own-device-locks.ts'],
    // Generous: machines that build run other things too. What is slow is measured by `npm run bench`, not by a clock here.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    reporters: ['default', './test/not-run-reporter.ts'],
    expect: { poll: { timeout: 60_000 } },
  },
})
