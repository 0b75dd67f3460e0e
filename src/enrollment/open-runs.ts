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

/** Those with a paid certificate of this profile that has not ended, or with an order for one. */
const paidAmong = (runs: readonly KnownRun[], now: number, renews: Renewed | undefined): readonly KnownRun[] =>
  runs.filter(
    ({ record: { state, test, orderNumber, rejection, certificateNotAfter, retiredAt } }) =>
      state !== 'abandoned' &&
      retiredAt === undefined &&
      !(renews !== undefined && certificateNotAfter !== undefined && certificateNotAfter <= renews.notAfter) &&
      !test &&
      orderNumber !== undefined &&
      rejection === undefined &&
      (certificateNotAfter === undefined || Date.parse(certificateNotAfter) > now),
  )

/** What does not stand in the way of a run. */
export interface Exempt {
  /** The run that is renewed: it does not count, nor do those whose certificates end before its own. */
  readonly renews?: Renewed | undefined
  /** What `runsBeside` returned when a person asked for another run. */
  readonly beside?: readonly string[] | undefined
}

/**
 * A profile is not enrolled twice by accident: neither side by side, nor again while its paid certificate is good, nor beside a run that
 * ordered for it and cannot be read. Throws EnrollError `run.open`, `run.completed`, `run.damaged`.
 */
export async function refuseSecondRun(
  setting: Setting,
  marks: readonly string[],
  test: boolean,
  { renews, beside = [] }: Exempt = {},
): Promise<void> {
  const { runs: all, damaged } = await runsOfProfile(peekLedger(setting), setting.stateDirectory, marks, { keep: true })
  if (beside.length > 0 && !test) refuseUnknown(all)
  const runs = all.filter(({ id }) => !beside.includes(id))
  const [run] = openAmong(runs, test)
  if (run !== undefined) throw unfinished(run)
  if (test) return
  const [unread] = damaged
  if (unread !== undefined) throw unreadable(unread)
  const [paid] = paidAmong(runs, setting.now(), renews)
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
 * The runs that a person who asks for another one wants it beside. Throws EnrollError `run.open` for one whose order may exist, and what
 * reading the runs throws.
 */
export async function runsBeside(
  setting: Setting,
  marks: readonly string[],
  test: boolean,
): Promise<readonly string[]> {
  const { runs } = await runsOfProfile(peekLedger(setting), setting.stateDirectory, marks, { keep: true })
  if (!test) refuseUnknown(runs)
  return standingAmong(runs, test, setting.now()).map(({ id }) => id)
}

/** Not even `--new` pays beside an order that may exist: whether it does is found out first. */
function refuseUnknown(runs: readonly KnownRun[]): void {
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
  return standingAmong(runs, test, setting.now())[0]
}

const standingAmong = (runs: readonly KnownRun[], test: boolean, now: number): readonly KnownRun[] => [
  ...openAmong(runs, test),
  ...(test ? [] : paidAmong(runs, now, undefined)),
]

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
