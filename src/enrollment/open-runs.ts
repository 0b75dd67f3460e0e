import { EnrollError } from '../errors.ts'
import { listRuns } from './list-runs.ts'
import type { RunRecord, RunSummary } from './run-record.ts'

/** Runs of a profile that are not finished: begun, and neither installed nor refused for good. */
export async function openRunsOf(
  stateDirectory: string,
  profile: string,
  test: boolean,
): Promise<readonly RunSummary[]> {
  return openAmong(await listRuns(stateDirectory), profile, test)
}

const openAmong = (runs: readonly RunSummary[], profile: string, test: boolean): readonly RunSummary[] =>
  runs.filter(
    ({ record }) =>
      record !== undefined &&
      record.profile === profile &&
      record.test === test &&
      record.device &&
      !isFinished(record),
  )

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
function paidRunOf(runs: readonly RunSummary[], profile: string, now: number): RunSummary | undefined {
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
 * A run whose journal cannot be trusted may have ordered for any profile, so no paid order is placed beside it unasked.
 * Throws EnrollError `run.open`, `run.completed`, `run.damaged`.
 */
export async function refuseSecondRun(
  stateDirectory: string,
  profile: string,
  test: boolean,
  now: number,
): Promise<void> {
  const runs = await listRuns(stateDirectory)
  const [run] = openAmong(runs, profile, test)
  if (run !== undefined) {
    throw new EnrollError(
      'run.open',
      `Could not begin: the run ${run.id} of this profile is not finished (${run.record?.state}).`,
      {
        remedy: `Go on with \`hsm-enroll runs resume ${run.id}\` (with --profile, where the profile was changed), or begin another with --new.`,
      },
    )
  }
  if (test) return
  const paid = paidRunOf(runs, profile, now)
  if (paid === undefined) return refuseBesideDamage(runs)
  throw new EnrollError(
    'run.completed',
    `Could not begin: the run ${paid.id} of this profile was ordered and paid (order ${paid.record?.orderNumber}${until(paid)}).`,
    { remedy: `Look at it with \`hsm-enroll runs show ${paid.id}\`; to order another certificate, say --new.` },
  )
}

function refuseBesideDamage(runs: readonly RunSummary[]): void {
  const damaged = runs.find(({ fault }) => fault !== undefined)
  if (damaged === undefined) return
  throw new EnrollError(
    'run.damaged',
    `Could not begin: what the run ${damaged.id} ordered cannot be told. ${damaged.fault?.message}`,
    {
      remedy: `Restore ${damaged.folder} from a backup; once you know that it ordered nothing of this profile, say --new or move it away.`,
    },
  )
}

const until = ({ record }: RunSummary): string =>
  record?.certificateNotAfter === undefined ? '' : `, its certificate is good until ${record.certificateNotAfter}`
