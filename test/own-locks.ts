/** Loaded before every test file: doubles with one serial number run side by side, each file's under locks of its own. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'

const run = process.env.HSM_ENROLL_TEST_RUN
if (run !== undefined) process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = mkdtempSync(join(run, 'locks-'))
