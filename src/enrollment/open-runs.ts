import { EnrollError } from '../errors.ts'
import { peekLedger } from './open-ledger.ts'
import { profileMarks } from './profile-marks.ts'
import { type KnownRun, type ProfileRuns, runsOfProfile } from './profile-runs.ts'
import { isUnknown, type RunRecord, type RunSummary } from './run-record.ts'
import type { EnrollmentServices } from './services.ts'

type Setting = Pick<EnrollmentServices, 'ledger' | 'stateDirectory' | 'now'>

/** Runs of a profile that are not finished: begun, and neither installed nor refused for good. */
export async function openRunsOf(setting: Setting, profile: string, test: boolean): Promise<readonly KnownRun[]> {
  const { runs } = await allOf(setting, await profileMarks(profile))
  return openAmong(runs, test)
}

const allOf = (setting: Setting, marks: readonly string[]): Promise<ProfileRuns> =>
  runsOfProfile(peekLedger(setting), setting.stateDirectory, marks)

const openAmong = (runs: readonly KnownRun[], test: boolean): readonly KnownRun[] =>
  runs.filter(({ record }) => record.test === test && record.device && !isFinished(record))

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
const paidAmong = (runs: readonly KnownRun[], now: number): KnownRun | undefined =>
  runs.find(
    ({ record: { test, orderNumber, rejection, certificateNotAfter } }) =>
      !test &&
      orderNumber !== undefined &&
      rejection === undefined &&
      (certificateNotAfter === undefined || Date.parse(certificateNotAfter) > now),
  )

/**
 * A profile is not enrolled twice by accident: neither side by side, nor again while its paid certificate is good, nor beside an order
 * that may have been placed. Throws EnrollError `run.open`, `run.unresolved`, `run.completed`, `run.damaged`.
 */
export async function refuseSecondRun(setting: Setting, marks: readonly string[], test: boolean): Promise<void> {
  const all = await allOf(setting, marks)
  if (!test) refuseUnresolved(all)
  const [run] = openAmong(all.runs, test)
  if (run !== undefined) throw unfinished(run)
  const paid = test ? undefined : paidAmong(all.runs, setting.now())
  if (paid === undefined) return
  throw new EnrollError(
    'run.completed',
    `Could not begin: the run ${paid.id} of this profile was ordered and paid (order ${paid.record.orderNumber}${until(paid)}).`,
    { remedy: `Look at it with \`hsm-enroll runs show ${paid.id}\`; --new begins another paid order beside it.` },
  )
}

/** Not even the operator's word begins another order beside one that may exist. Throws EnrollError `run.unresolved`, `run.damaged`. */
export async function refuseBesideUnknown(setting: Setting, marks: readonly string[]): Promise<void> {
  refuseUnresolved(await allOf(setting, marks))
}

function refuseUnresolved({ runs, damaged }: ProfileRuns): void {
  const unknown = runs.find(({ record }) => !record.test && isUnknown(record))
  if (unknown !== undefined) {
    throw new EnrollError(
      'run.unresolved',
      `Could not begin: nobody knows whether the CA has the order of the run ${unknown.id} of this profile.`,
      {
        remedy: `Find out by balance and order list, then say it with \`hsm-enroll runs resolve ${unknown.id} --order-number N\` or \`--not-placed\`.`,
      },
    )
  }
  const [unread] = damaged
  if (unread !== undefined) throw unreadable(unread)
}

const unreadable = ({ id, fault }: RunSummary): EnrollError =>
  new EnrollError(
    'run.damaged',
    `Could not begin: the run ${id} ordered for this profile, and its journal cannot be read. ${fault?.message ?? ''}`,
    {
      remedy: `Read what is left of it with \`hsm-enroll runs repair ${id}\`.`,
    },
  )

function unfinished({ id, record }: KnownRun): EnrollError {
  const resume = `Go on with \`hsm-enroll runs resume ${id}\` (with --profile, where the profile was changed)`
  return new EnrollError(
    'run.open',
    `Could not begin: the run ${id} of this profile is not finished (${record.state}).`,
    { remedy: record.orderNumber === undefined ? `${resume}, or begin another with --new.` : `${resume}.` },
  )
}

const until = ({ record }: KnownRun): string =>
  record.certificateNotAfter === undefined ? '' : `, its certificate is good until ${record.certificateNotAfter}`
