import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach } from 'vitest'

/** For every test file: doubles carry one serial number each and run side by side, and this host's real devices are none of ours. */
const before = process.env.HSM_ENROLL_TEST_DEVICE_LOCKS
const folder = mkdtempSync(join(tmpdir(), 'locks-'))
process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = folder
/** What one test's wrong PIN says of a device is nothing to the next test's, which carries the same number. */
beforeEach(() => {
  for (const name of readdirSync(folder)) if (name.endsWith('.login')) rmSync(join(folder, name))
})
afterAll(() => {
  if (before === undefined) delete process.env.HSM_ENROLL_TEST_DEVICE_LOCKS
  else process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = before
  rmSync(folder, { recursive: true, force: true })
})
