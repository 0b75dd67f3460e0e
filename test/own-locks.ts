/** Loaded before every test file: doubles with one serial number run side by side, each file's under locks of its own. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach } from 'vitest'

const run = process.env.HSM_ENROLL_TEST_RUN
if (run !== undefined) process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = mkdtempSync(join(run, 'locks-'))

/** What one test's wrong PIN says of a device is nothing to the next test's, which carries the same number. */
beforeEach(() => {
  const folder = process.env.HSM_ENROLL_TEST_DEVICE_LOCKS
  if (run === undefined || folder === undefined || !folder.startsWith(run)) return
  for (const name of readdirSync(folder)) if (name.endsWith('.login')) rmSync(join(folder, name), { force: true })
})
