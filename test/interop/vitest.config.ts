import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

const root = resolve(import.meta.dirname, '../..')

/** What only a rig can run, which names its folder: `npm cit` takes the `.test.ts`. */
export default defineConfig({
  test: {
    root,
    include: ['test/interop/*/*.rig.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    setupFiles: [resolve(root, 'test/own-locks.ts')],
    globalSetup: resolve(root, 'test/run-folder.ts'),
  },
})
