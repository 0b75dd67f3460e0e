import { EnrollError } from '../errors.ts'
import { listRuns, type RunRecord, type RunSummary } from './run-record.ts'

/** Runs of a profile that are not finished: begun, and neither installed nor refused for good. */
export async function openRunsOf(
  stateDirectory: string,
  profile: string,
  test: boolean,
): Promise<readonly RunSummary[]> {
  const runs = await listRuns(stateDirectory)
  return runs.filter(
    ({ record }) =>
      record !== undefined &&
      record.profile === profile &&
      record.test === test &&
      record.device &&
      !isFinished(record),
  )
}

/** `rejection`: the CA took the order and refused the applicant; nothing can be resumed. */
const isFinished = ({ state, test, rejection }: RunRecord): boolean =>
  state === 'installed' || (test && state === 'issued') || rejection !== undefined

/** A profile is not enrolled twice side by side by accident. Throws EnrollError `run.open`. */
export async function refuseOpenRun(stateDirectory: string, profile: string, test: boolean): Promise<void> {
  const [run] = await openRunsOf(stateDirectory, profile, test)
  if (run === undefined) return
  throw new EnrollError(
    'run.open',
    `Could not begin: the run ${run.id} of this profile is not finished (${run.record?.state}).`,
    {
      remedy: `Go on with \`hsm-enroll runs resume ${run.id}\`, or begin another with --new.`,
    },
  )
}
