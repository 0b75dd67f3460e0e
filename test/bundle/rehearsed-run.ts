import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runInside } from '../enrollment/run-inside.ts'

/** A run that went all the way on the double of a YubiHSM 2, and the folder of the test. */
export interface RehearsedRun {
  readonly folder: string
  readonly rehearsal: Rehearsal
  readonly id: string
  /** For every command that reads the run: where it is, and whom the double's evidence ends in. */
  readonly flags: readonly string[]
  close(): Promise<void>
}

export async function rehearseRun(): Promise<RehearsedRun> {
  const folder = await mkdtemp(join(tmpdir(), 'bundle-'))
  const rehearsal = await startRehearsal({ directory: join(folder, 'r'), device: 'yubihsm2', algorithm: 'P-256' })
  const end = await runInside(['enroll', rehearsal.profile, '--yes', '--wait', '--json'], {
    env: rehearsal.environment,
  })
  if (end.code !== 0) throw new Error(end.stderr)
  return {
    folder,
    rehearsal,
    id: (JSON.parse(end.stdout) as { id: string }).id,
    flags: ['--state-directory', rehearsal.stateDirectory, '--trust-anchors', join(folder, 'r/trust-anchors.json')],
    close: async () => {
      await rehearsal.close()
      await rm(folder, { recursive: true })
    },
  }
}
