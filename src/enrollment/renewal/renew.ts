import { DeviceError } from '../../../devices/device.ts'
import type { Configuration } from '../../config/configuration.ts'
import { EnrollError, EXIT, type ExitCode } from '../../errors.ts'
import { readPeriod, wholeDays } from '../../period.ts'
import { type AdvanceOptions, advance } from '../advance.ts'
import { beginRun } from '../enroll.ts'
import { openLedger } from '../open-ledger.ts'
import { profileMarks, settingsOf } from '../profile-marks.ts'
import { type KnownRun, runsOfProfile } from '../profile-runs.ts'
import { type Run, withRun } from '../run.ts'
import type { EnrollmentServices } from '../services.ts'
import { choosePlace, placeOf } from './choose-place.ts'
import { awaitsSwitch, currentRun, firstOrdered, rejectedRenewal, renewalUnderWay } from './current-key.ts'

/**
 * `nothing`: no certificate ends soon. `begun`: there is a new key, and the CA has its order. `waiting`: for the CA, or for who has the
 * run. `renewed`: the new certificate is in. `person`: `detail` and `remedy` say what a person has to do.
 */
export type RenewalOutcome = 'nothing' | 'begun' | 'waiting' | 'renewed' | 'person'

/** Where the renewal of a profile has got to. */
export interface RenewalResult {
  readonly outcome: RenewalOutcome
  readonly exitCode: ExitCode
  /** One line for people. */
  readonly detail: string
  readonly remedy?: string
  /** The run whose certificate ends last. */
  readonly current?: string
  readonly notAfter?: string
  /** The run that renews it. */
  readonly run?: string
}

/** A profile whose key is to be renewed, and what is allowed for it. */
export interface Renewal extends Pick<AdvanceOptions, 'abandon' | 'confirmReplacement'> {
  readonly configuration: Configuration
  /** What the runs of the profile are listed under. Default: the file of the configuration's profile. */
  readonly profile?: string
  /** Milliseconds before the end of the certificate. Default: `renewal.before` of the profile. */
  readonly before?: number
  /** Renew the rehearsal of the profile, by a rehearsal. Default false. */
  readonly test?: boolean
  /** Generate another key and order again although the CA rejected the last renewal of this key. Default false: `person`. */
  readonly again?: boolean
  /** Asked before the paid order is placed; without it nothing is ordered, and the outcome is `person`. */
  readonly confirm?: AdvanceOptions['confirm']
}

/**
 * Renews the key of a profile if its certificate ends soon: a new key in a second place, with evidence, request and order of its own. Goes
 * on with a renewal that is under way. May be called at any time, by any number of processes: a key is renewed once.
 *
 * @param renewal - The profile's configuration, and whether a paid order is confirmed.
 * @param services - The world: `createRealServices`.
 * @returns Where the renewal has got to, and the exit code of the command line for it.
 * @throws EnrollError `renewal.none`, `renewal.under-way`, `run.open`, `config.…`, `order.…`; DeviceError for what the device refuses.
 * @example
 * ```ts
 * async function daily(services: EnrollmentServices): Promise<RenewalOutcome> {
 *   const configuration = await loadConfiguration({ profile: 'signing.yaml' })
 *   return (await renew({ configuration, confirm: async () => true }, services)).outcome
 * }
 * ```
 */
export async function renew(renewal: Renewal, services: EnrollmentServices): Promise<RenewalResult> {
  try {
    return await renewAsSeen(renewal, services)
  } catch (error) {
    if (!(error instanceof EnrollError) || !BEGUN_SINCE.includes(error.code)) throw error
    return renewAsSeen(renewal, services)
  }
}

/** What a run is refused for, before it asks its device for anything, if another process has begun the renewal since this one looked. */
const BEGUN_SINCE: readonly string[] = ['run.open', 'renewal.under-way']

async function renewAsSeen(renewal: Renewal, services: EnrollmentServices): Promise<RenewalResult> {
  const { configuration, test = false } = renewal
  const profile = renewal.profile ?? configuration.profile
  if (profile === undefined) throw new Error('a renewal needs a profile')
  const marks = profileMarks(profile, settingsOf(configuration))
  const ledger = await openLedger(services)
  const { runs } = await runsOfProfile(ledger, services.stateDirectory, marks, { keep: true })
  const known = [...new Set(runs.flatMap(({ record }) => record.profileMarks ?? []))]
  const current = currentRun(runs, test)
  const underWay = renewalUnderWay(runs, test)
  if (underWay !== undefined) return goOn(underWay, current, renewal, services)
  if (current === undefined) {
    const first = firstOrdered(runs, test)
    if (first === undefined) throw nothingToRenew(profile)
    return beforeTheFirst(first)
  }
  const notAfter = current.record.certificateNotAfter ?? ''
  const left = Date.parse(notAfter) - services.now()
  const about = { current: current.id, notAfter }
  if (left > (renewal.before ?? beforeOf(configuration))) return { ...about, ...atRest(current, left, services.now()) }
  const rejected = rejectedRenewal(runs, current)
  if (rejected !== undefined && renewal.again !== true) return { ...about, ...rejectedBefore(rejected) }
  const place = await choosePlace(configuration, current, {
    ledger,
    stateDirectory: services.stateDirectory,
    now: services.now(),
  })
  if (place.kind === 'none')
    return {
      ...about,
      outcome: 'person',
      exitCode: EXIT.person,
      detail: `${ends(left)}; ${place.why}`,
      remedy: place.remedy,
    }
  if (renewal.confirm === undefined && !test) return { ...about, ...unconfirmed(left) }
  const { keyLocation: location, spkiSha256 = '' } = current.record
  return orWaiting(about, () =>
    beginRun(
      {
        configuration: place.configuration,
        profile,
        test,
        confirm: renewal.confirm,
        abandon: renewal.abandon,
        confirmReplacement: renewal.confirmReplacement,
        renews: { run: current.id, spkiSha256, location, notAfter },
        marks: [...marks, ...known],
      },
      services,
      (run, options) => move(run, { ...options, patient: true }, about, EXIT.begun),
    ),
  )
}

/** How long before the end: `renewal.before`, in milliseconds. */
const beforeOf = (configuration: Configuration): number =>
  readPeriod(configuration.text('renewal.before') ?? '30d', 'renewal.before')

type About = Pick<RenewalResult, 'current' | 'notAfter'>

async function goOn(
  { id, record }: KnownRun,
  current: KnownRun | undefined,
  renewal: Renewal,
  services: EnrollmentServices,
): Promise<RenewalResult> {
  const about = {
    current: current?.id ?? record.renews?.run,
    notAfter: current?.record.certificateNotAfter ?? record.renews?.notAfter,
  }
  const { abandon, confirmReplacement, test } = renewal
  const confirm = renewal.confirm ?? (test === true ? async () => true : undefined)
  return orWaiting({ ...about, run: id }, () =>
    withRun(id, services, (run) =>
      move(run, { abandon, confirmReplacement, confirm, patient: true }, about, EXIT.pending),
    ),
  )
}

/** `waiting`: with which exit code the call ends where the CA has the order. */
async function move(run: Run, options: AdvanceOptions, about: About, waiting: ExitCode): Promise<RenewalResult> {
  const exitCode = await advance(run, options)
  const said = { ...about, run: run.id }
  switch (exitCode) {
    case EXIT.done:
      return { ...said, outcome: 'renewed', exitCode, detail: renewedDetail(run) }
    case EXIT.pending: {
      const outcome = waiting === EXIT.begun ? 'begun' : 'waiting'
      const detail = `the CA has the order ${run.record.orderNumber}${run.record.progress === undefined ? '' : `: ${run.record.progress.summary}`}`
      return { ...said, outcome, exitCode: waiting, detail }
    }
    default:
      return {
        ...said,
        outcome: 'person',
        exitCode,
        detail: `the renewal is ${run.record.state}`,
        remedy: `See \`hsm-enroll runs show ${run.id}\`.`,
      }
  }
}

function renewedDetail({ record, id }: Run): string {
  const { renews, keyLocation, certificateNotAfter } = record
  return `the key ${keyLocation} has its certificate until ${certificateNotAfter}. The key ${renews?.location} still works until ${renews?.notAfter}: have signatures made with the new one, then record it with \`hsm-enroll runs switch ${id}\``
}

/** A CA that is out of reach and a run that another process has are met again at the next call. */
async function orWaiting(
  about: About & { readonly run?: string },
  action: () => Promise<RenewalResult>,
): Promise<RenewalResult> {
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof EnrollError) || error instanceof DeviceError) throw error
    if (!PASSING.includes(error.code)) throw error
    return { ...about, outcome: 'waiting', exitCode: EXIT.pending, detail: error.message }
  }
}

const PASSING: readonly string[] = [
  'sectigo.not-sent',
  'sectigo.no-answer',
  'sectigo.unreadable',
  'ca.unreachable',
  'lock.held',
]

/** Nothing ends soon; but a person may still have to have signatures made with the new key. */
function atRest(current: KnownRun, left: number, now: number): Omit<RenewalResult, keyof About> {
  const { renews } = current.record
  if (renews === undefined || !awaitsSwitch(current, now))
    return { outcome: 'nothing', exitCode: EXIT.done, detail: `${ends(left)}; nothing to do` }
  return {
    outcome: 'person',
    exitCode: EXIT.person,
    detail: `the new key ${placeOf(current)} works, and so does the old one ${renews.location ?? ''} until ${renews.notAfter}`,
    remedy: `Have signatures made with the new key, then record it with \`hsm-enroll runs switch ${current.id}\`.`,
  }
}

const unconfirmed = (left: number): Omit<RenewalResult, keyof About> => ({
  outcome: 'person',
  exitCode: EXIT.person,
  detail: `${ends(left)}; a paid order must be confirmed`,
  remedy: 'Repeat it with --yes, or in a terminal.',
})

/** A CA that rejects what it has vetted rejects it again tomorrow: a person finds out why before another order is paid for. */
const rejectedBefore = ({ id, record: { rejection } }: KnownRun): Omit<RenewalResult, keyof About> => ({
  outcome: 'person',
  exitCode: EXIT.person,
  run: id,
  detail: `the CA rejected the last renewal: ${rejection}`,
  remedy: `See \`hsm-enroll runs show ${id}\`, put right what the CA objects to, then repeat it with --again: another key, and another paid order.`,
})

const ends = (left: number): string =>
  left < 0 ? 'the certificate has ended' : `the certificate ends in ${wholeDays(left)} days`

/** A timer may be set up on the day of the first order: that is no mistake, and there will be something to renew. */
const beforeTheFirst = ({ id, record }: KnownRun): RenewalResult => ({
  outcome: 'waiting',
  exitCode: EXIT.pending,
  run: id,
  detail: `there is no certificate to renew yet: the CA has the order ${record.orderNumber} of the run ${id}`,
})

const nothingToRenew = (profile: string): EnrollError =>
  new EnrollError('renewal.none', `Could not renew: no run of ${profile} has a certificate.`, {
    remedy: 'Enrol it first with `hsm-enroll enroll PROFILE`; --test renews a rehearsal.',
  })
