import type { KnownRun } from '../profile-runs.ts'
import type { RunRecord } from '../run-record.ts'

/** The run of a profile whose certificate ends last: what is used, or will be. Undefined where the profile has none. */
export function currentRun(runs: readonly KnownRun[], test: boolean): KnownRun | undefined {
  return runs
    .filter(({ record }) => record.test === test && isInUse(record))
    .reduce<KnownRun | undefined>((last, run) => (last === undefined || isLater(run, last) ? run : last), undefined)
}

/** Has a certificate, on its device or in its folder, and was neither given up nor retired nor revoked. */
const isInUse = ({ state, device, certificateNotAfter, retiredAt, revokedAt, keyDeleted }: RunRecord): boolean =>
  device &&
  (state === 'issued' || state === 'installed') &&
  certificateNotAfter !== undefined &&
  retiredAt === undefined &&
  revokedAt === undefined &&
  keyDeleted !== true

const isLater = (a: KnownRun, b: KnownRun): boolean => order(a) > order(b)
const order = ({ record }: KnownRun): string => `${record.certificateNotAfter} ${record.startedAt}`

/** A renewal that has begun and is not over: neither complete, nor given up, nor rejected for good. */
export function renewalUnderWay(runs: readonly KnownRun[], test: boolean): KnownRun | undefined {
  return runs.find(
    ({ record: { renews, state, rejection, test: rehearsal } }) =>
      renews !== undefined &&
      rehearsal === test &&
      state !== 'installed' &&
      state !== 'abandoned' &&
      !(test && state === 'issued') &&
      rejection === undefined,
  )
}

/** The run whose order will bring the first certificate of a profile. */
export const firstOrdered = (runs: readonly KnownRun[], test: boolean): KnownRun | undefined =>
  runs.findLast(({ record }) => record.device && record.test === test && record.state === 'ordered')

/** The last renewal of a key whose order the CA rejected, unless a person gave it up since. Each costs a key and a paid order. */
export function rejectedRenewal(
  runs: readonly KnownRun[],
  { record: { spkiSha256, test } }: KnownRun,
): KnownRun | undefined {
  return runs.findLast(
    ({ record: { renews, state, rejection, test: rehearsal } }) =>
      renews?.spkiSha256 === spkiSha256 && rehearsal === test && state !== 'abandoned' && rejection !== undefined,
  )
}

/**
 * The run whose key this one's is used instead of, by what a person recorded. Undefined for a successor that was given up or revoked: it
 * leaves the old key as the only one.
 */
export const followed = (record: RunRecord): string | undefined =>
  record.switchedAt !== undefined && isInUse(record) ? record.renews?.run : undefined

/** The run that a run renews, as long as both keys work and nobody has switched. */
export function awaitsSwitch({ record }: KnownRun, now: number): boolean {
  const { renews, switchedAt, state } = record
  return (
    renews !== undefined &&
    switchedAt === undefined &&
    (state === 'installed' || state === 'issued') &&
    Date.parse(renews.notAfter) > now
  )
}
