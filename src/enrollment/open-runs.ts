import { EnrollError, sentence } from '../errors.ts'
import { peekLedger } from './open-ledger.ts'
import { type KnownRun, runsOfProfile } from './profile-runs.ts'
import type { Renewed } from './run-event.ts'
import type { IndexedRun } from './run-index.ts'
import { askBrokerAgain, isUnknown, type RunRecord } from './run-record.ts'
import type { EnrollmentServices } from './services.ts'

type Setting = Pick<EnrollmentServices, 'ledger' | 'stateDirectory' | 'now'>

/** Runs of a profile (by `profileMarks`) that are not finished: begun, and neither installed nor refused for good. */
export async function openRunsOf(
  setting: Setting,
  marks: readonly string[],
  test: boolean,
): Promise<readonly KnownRun[]> {
  const { runs } = await runsOfProfile(peekLedger(setting), setting.stateDirectory, marks, {
    keep: false,
  })
  return openAmong(runs, test)
}

const openAmong = (runs: readonly KnownRun[], test: boolean): readonly KnownRun[] =>
  runs.filter(({ record }) => record.test === test && record.device && !isFinished(record))

/**
 * `rejection`: the CA took the order and refused the applicant; nothing can be resumed. A run that died, or was stopped, before
 * it asked for a key has made nothing and stands in nobody's way.
 */
const isFinished = ({ state, test, rejection, keyRequested, revokedAt }: RunRecord): boolean =>
  state === 'installed' ||
  state === 'abandoned' ||
  (test && state === 'issued') ||
  rejection !== undefined ||
  revokedAt !== undefined ||
  (state === 'planned' && keyRequested === undefined)

/** A paid certificate of this profile that has not ended, or an order for one. */
const paidAmong = (runs: readonly KnownRun[], now: number, renews: Renewed | undefined): KnownRun | undefined =>
  runs.find(
    ({ record: { state, test, orderNumber, rejection, certificateNotAfter, retiredAt } }) =>
      state !== 'abandoned' &&
      retiredAt === undefined &&
      !(renews !== undefined && certificateNotAfter !== undefined && certificateNotAfter <= renews.notAfter) &&
      !test &&
      orderNumber !== undefined &&
      rejection === undefined &&
      (certificateNotAfter === undefined || Date.parse(certificateNotAfter) > now),
  )

/**
 * A profile is not enrolled twice by accident: neither side by side, nor again while its paid certificate is good, nor beside a run that
 * ordered for it and cannot be read. `renews`: the run that is renewed, and those whose certificates end before its own, do not count.
 * Throws EnrollError `run.open`, `run.completed`, `run.damaged`.
 */
export async function refuseSecondRun(
  setting: Setting,
  marks: readonly string[],
  test: boolean,
  renews?: Renewed,
): Promise<void> {
  const { runs, damaged } = await runsOfProfile(peekLedger(setting), setting.stateDirectory, marks, { keep: true })
  const [run] = openAmong(runs, test)
  if (run !== undefined) throw unfinished(run)
  if (test) return
  const [unread] = damaged
  if (unread !== undefined) throw unreadable(unread)
  const paid = paidAmong(runs, setting.now(), renews)
  if (paid === undefined) return
  throw new EnrollError(
    'run.completed',
    `Could not start: the run ${paid.id} of this profile was ordered and paid (order ${paid.record.orderNumber}${until(paid)}).`,
    {
      remedy: `See \`hsm-enroll runs show ${paid.id}\`; --new (in the library: another: true) starts another paid order in addition to it.`,
    },
  )
}

/**
 * Not even `--new` pays beside an order that may exist: whether it does is found out first. Throws EnrollError `run.open`, and what
 * reading the runs throws.
 */
export async function refuseBesideUnknown(setting: Setting, marks: readonly string[]): Promise<void> {
  const { runs } = await runsOfProfile(peekLedger(setting), setting.stateDirectory, marks, { keep: true })
  const run = runs.find(({ record }) => !record.test && record.state !== 'abandoned' && isUnknown(record))
  if (run === undefined) return
  const { id, record } = run
  throw new EnrollError('run.open', `Could not start: the CA may have the order of the run ${id} of this profile.`, {
    remedy: `${whatNext(id, record)} To pay for another all the same, give that one up first: \`hsm-enroll runs abandon ${id} --despite-order\`.`,
  })
}

/** The run that `refuseSecondRun` refuses another one for, as a batch that is run again shows it. */
export async function standingRun(
  setting: Setting,
  marks: readonly string[],
  test: boolean,
): Promise<KnownRun | undefined> {
  const { runs } = await runsOfProfile(peekLedger(setting), setting.stateDirectory, marks, { keep: true })
  return openAmong(runs, test)[0] ?? (test ? undefined : paidAmong(runs, setting.now(), undefined))
}

const unreadable = ({ id, fault }: IndexedRun): EnrollError =>
  new EnrollError(
    'run.damaged',
    `Could not start: the run ${id} ordered for this profile, or may have, and its journal cannot be read. ${fault?.message ?? ''}`,
    { remedy: `Read what is left of it with \`hsm-enroll runs repair ${id}\`.` },
  )

/** Another order is not suggested beside one that exists, or may. */
const unfinished = ({ id, record }: KnownRun): EnrollError =>
  new EnrollError('run.open', `Could not start: the run ${id} of this profile is not finished (${record.state}).`, {
    remedy: whatNext(id, record),
  })

/** What a person does with a run that is not finished. */
export function whatNext(id: string, record: RunRecord): string {
  if (isUnknown(record)) {
    const ask = askBrokerAgain(id, record)
    if (ask !== undefined) return sentence(`The outcome is unknown: ${ask}`)
    return `Check in the balance and the order list whether the CA has its order, then record it with \`hsm-enroll runs resolve ${id} --order-number N\` or \`--not-placed\`.`
  }
  const resume = `Continue with \`hsm-enroll runs resume ${id}\` (with --profile, if you edited the profile)`
  return record.orderNumber === undefined ? `${resume}, or start another with --new.` : `${resume}.`
}

const until = ({ record }: KnownRun): string =>
  record.certificateNotAfter === undefined ? '' : `, its certificate is valid until ${record.certificateNotAfter}`
