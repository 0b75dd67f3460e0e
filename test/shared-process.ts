/**
 * Loaded, in processes that many test files share, before each of them: what a file leaves behind in its process would be the next
 * one's, in whatever order they run. A file that cannot do without belongs into `test/own-process.ts`.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect } from 'vitest'

/** `own-locks.ts` sets the one for each file, vitest the others. */
const OF_THE_RUN = /^(HSM_ENROLL_TEST_DEVICE_LOCKS$|VITEST)/
const { cache } = createRequire(import.meta.url)

/** A native addon stays, and so does what a vendor's module in it has read from the environment once. */
const state = (): ReadonlyMap<string, string | undefined> =>
  new Map([
    ['working directory', process.cwd()],
    ['umask', process.umask().toString(8)],
    ...process.eventNames().map((name) => [`on ${String(name)}`, `${process.listenerCount(name)}`] as const),
    ...Object.keys(cache)
      .filter((path) => path.endsWith('.node'))
      .map((path) => [`addon ${path}`, ''] as const),
    ...Object.entries(process.env)
      .filter(([name]) => !OF_THE_RUN.test(name))
      .map(([name, value]) => [`environment ${name}`, value] as const),
  ])

const { env } = process
let before: ReturnType<typeof state>
beforeAll(() => {
  before = state()
})
afterAll(() => {
  const after = state()
  // By name: a value of the environment may be a secret of whoever runs the tests.
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name),
  )
  expect(changed, 'left behind in a shared process').toEqual([])
  // vitest goes on with the one that it began with.
  expect(process.env === env, 'the environment is the same object').toBe(true)
  const text = readFileSync(expect.getState().testPath ?? '', 'utf8')
  expect(text, 'replaces a module that others have loaded').not.toMatch(/\bvi\.(do)?mock\(/i)
})
