import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** For every test file: doubles carry one serial number each and run side by side, and this host's real devices are none of ours. */
const before = process.env.HSM_ENROLL_TEST_DEVICE_LOCKS
const folder = mkdtempSync(join(tmpdir(), 'locks-'))
process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = folder
afterAll(() => {
  if (before === undefined) delete process.env.HSM_ENROLL_TEST_DEVICE_LOCKS
  else process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = before
  rmSync(folder, { recursive: true, force: true })
})
