import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Once per run: a folder for what its test files share (`pooled-keys.cjs`) and for what each has to itself (`own-locks.ts`). */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'test-run-'))
  process.env.HSM_ENROLL_TEST_RUN = folder
  return () => rmSync(folder, { recursive: true })
}
