import type { Configuration } from '../config/configuration.ts'
import { advance } from '../enrollment/advance.ts'
import { beginRun } from '../enrollment/enroll.ts'
import { Journal } from '../enrollment/journal.ts'
import { type OpenRun, type Run, withRun } from '../enrollment/run.ts'
import { hasReached, type RunState } from '../enrollment/run-event.ts'
import { RunFolder } from '../enrollment/run-folder.ts'
import { recordIn } from '../enrollment/run-record.ts'
import type { EnrollmentServices } from '../enrollment/services.ts'
import { EnrollError, type ExitCode } from '../errors.ts'
import type { CeremonyLog } from './ceremony-log.ts'
import { watchedServices } from './record/watched-services.ts'
import type { CeremonyScript, StepAction } from './script/ceremony-script.ts'

/** What the ordinary run needs. */
export interface CeremonyRun {
  readonly configuration: Configuration
  readonly services: EnrollmentServices
  readonly test: boolean
  readonly wait: boolean
  /** Asked before the paid order, as in every run. */
  readonly confirm: (run: OpenRun) => Promise<boolean>
}

/** How far each action takes the run; `order`: as far as it goes. */
const GOALS: Readonly<Record<StepAction, RunState | undefined>> = {
  generate: 'key-generated',
  request: 'csr-signed',
  attest: 'attested',
  check: 'checked',
  order: undefined,
}

/**
 * Takes the ceremony's run as far as an action says; begins it where there is none. A run that was discarded, or named and never
 * begun, is begun anew under another name.
 */
export async function moveRun(
  action: StepAction,
  folder: string,
  script: CeremonyScript,
  log: CeremonyLog,
  { configuration, services, test, wait, confirm }: CeremonyRun,
): Promise<{ readonly code: ExitCode; readonly state: string }> {
  const watched = watchedServices(services, {
    folder,
    keyForLog: async () => (script.signDeviceLog ? attestedKey(services, log) : undefined),
  })
  const options = { until: GOALS[action], wait, confirm }
  const move = async (run: Run): Promise<{ readonly code: ExitCode; readonly state: string }> => {
    const code = await advance(run, options)
    return { code, state: run.record.state }
  }
  const known = log.last('run')?.run
  if (known !== undefined && (await exists(services.stateDirectory, known))) return withRun(known, watched, move)
  return beginRun(
    { configuration, test, wait, confirm, onNamed: (id) => log.append({ type: 'run', run: id }) },
    watched,
    (run) => move(run),
  )
}

async function exists(stateDirectory: string, run: string): Promise<boolean> {
  try {
    await RunFolder.find(stateDirectory, run)
    return true
  } catch (error) {
    if (error instanceof EnrollError && error.code === 'run.not-found') return false
    throw error
  }
}

/** Location of the key, once it has been attested: only that key says anything of the device. */
async function attestedKey({ stateDirectory, now }: EnrollmentServices, log: CeremonyLog): Promise<string | undefined> {
  const run = log.last('run')?.run
  if (run === undefined) return undefined
  const record = recordIn(await Journal.open(RunFolder.at(stateDirectory, run).journalFile, now))
  return hasReached(record.state, 'attested') ? record.keyLocation : undefined
}
