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

/**
 * `rejection`: the CA took the order and refused the applicant; nothing can be resumed. A run that died, or was stopped, before
 * it asked for a key has made nothing and stands in nobody's way.
 */
const isFinished = ({ state, test, rejection, keyRequested }: RunRecord): boolean =>
  state === 'installed' ||
  (test && state === 'issued') ||
  rejection !== undefined ||
  (state === 'planned' && keyRequested === undefined)

/** A paid certificate of this profile that has not ended, or an order for one. */
async function paidRunOf(stateDirectory: string, profile: string, now: number): Promise<RunSummary | undefined> {
  const runs = await listRuns(stateDirectory)
  return runs.find(
    ({ record }) =>
      record?.profile === profile &&
      !record.test &&
      record.orderNumber !== undefined &&
      record.rejection === undefined &&
      (record.certificateNotAfter === undefined || Date.parse(record.certificateNotAfter) > now),
  )
}

/**
 * A profile is not enrolled twice by accident: neither side by side, nor again while its paid certificate is good.
 * Throws EnrollError `run.open`, `run.completed`.
 */
export async function refuseSecondRun(
  stateDirectory: string,
  profile: string,
  test: boolean,
  now: number,
): Promise<void> {
  const [run] = await openRunsOf(stateDirectory, profile, test)
  if (run !== undefined) {
    throw new EnrollError(
      'run.open',
      `Could not begin: the run ${run.id} of this profile is not finished (${run.record?.state}).`,
      { remedy: `Go on with \`hsm-enroll runs resume ${run.id}\`, or begin another with --new.` },
    )
  }
  const paid = test ? undefined : await paidRunOf(stateDirectory, profile, now)
  if (paid === undefined) return
  throw new EnrollError(
    'run.completed',
    `Could not begin: the run ${paid.id} of this profile was ordered and paid (order ${paid.record?.orderNumber}${until(paid)}).`,
    { remedy: `Look at it with \`hsm-enroll runs show ${paid.id}\`; to order another certificate, say --new.` },
  )
}

const until = ({ record }: RunSummary): string =>
  record?.certificateNotAfter === undefined ? '' : `, its certificate is good until ${record.certificateNotAfter}`
