import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runProgram } from './built-program.ts'

describe('the diagnostic report of a crash', () => {
  it.each(['fortanix', 'marvell-google', 'yubihsm2'])('holds no secret of an enrolment on %s', async (device) => {
    const folder = await mkdtemp(join(tmpdir(), 'dump-'))
    const rehearsal = await startRehearsal({ directory: folder, device })
    try {
      const report = join(folder, 'report.json')
      const end = await runProgram(['enroll', rehearsal.profile, '--yes', '--wait'], {
        env: { ...rehearsal.environment, HSM_ENROLL_TEST_REPORT: report },
        imports: [resolve(import.meta.dirname, 'report-at-exit.mjs')],
      })
      expect(end.code, end.stderr).toBe(0)
      const text = await readFile(report, 'utf8')
      expect(text).toContain('javascriptStack')
      const secrets = [...Object.values(rehearsal.double.secrets), rehearsal.ca.login.loginPassword]
      // The factory password of a YubiHSM 2 is the word "password".
      for (const secret of secrets) if (secret !== 'password') expect(text).not.toContain(secret)
    } finally {
      await rehearsal.close()
      await rm(folder, { recursive: true })
    }
  })
})
