import type { DeviceFacts } from './device-facts.ts'
import type { CertificationRow, FipsStandard, Knowledge } from './knowledge.ts'
import { isWithin } from './version-range.ts'

/**
 * `active`: validated. `historical`: was validated; the certificate is on NIST's historical list. `stated`: the vendor says so, and no
 * certificate is known. `unknown`: not known to be validated. `none`: evidence shows a device outside the FIPS series.
 */
export type CertificationStatus = 'active' | 'historical' | 'stated' | 'unknown' | 'none'

/** What is known, on a day, of a device's FIPS 140 validation. */
export interface Certification {
  readonly status: CertificationStatus
  readonly standard?: FipsStandard
  /** Overall level. */
  readonly level?: number
  /** Number of the CMVP certificate. */
  readonly certificate?: string
  /** YYYY-MM-DD: first day, and first day on the historical list. */
  readonly from?: string
  readonly historicalFrom?: string
  /** One line for people. */
  readonly detail: string
  readonly source?: string
  /** The day on which the row was last compared with its source. */
  readonly checked?: string
  /** The guess that this rests on. */
  readonly inference?: string
}

/**
 * What the tables say of a device on a day (YYYY-MM-DD). `ignoreInferences` leaves out the rows that rest on a guess. Never throws.
 */
export function certificationOn(
  device: DeviceFacts,
  day: string,
  knowledge: Knowledge,
  { ignoreInferences = false } = {},
): Certification {
  if (device.fipsSeries === 'no') {
    return { status: 'none', detail: 'the device is not of a FIPS-certified series' }
  }
  const fitting = knowledge.certifications.filter(
    (row) => applies(row, device) && !(ignoreInferences && row.inference !== undefined),
  )
  const row = fitting.find(({ from }) => from === undefined || day >= from)
  if (row === undefined) return notKnown(device, fitting[0])
  return withStatus(row, statusOn(row, day))
}

function applies(row: CertificationRow, { hsmType, firmware, fipsSeries, approvals }: DeviceFacts): boolean {
  if (row.hsmType !== hsmType || (row.marked === true && fipsSeries !== 'yes')) return false
  if (row.firmware !== undefined && isWithin(firmware, row.firmware) !== true) return false
  return row.approval === undefined || approvals?.some((approval) => approval.startsWith(row.approval ?? '')) === true
}

function statusOn({ historicalFrom, basis }: CertificationRow, day: string): CertificationStatus {
  if (historicalFrom !== undefined && day >= historicalFrom) return 'historical'
  return basis === 'certificate' ? 'active' : 'stated'
}

function withStatus(row: CertificationRow, status: CertificationStatus): Certification {
  const { standard, level, certificate, from, historicalFrom, source, checked, inference, note } = row
  const what = saying(row, status) + (note === undefined ? '' : `; ${note}`)
  // Absent members are absent, in this order, and set one by one: batches make many.
  const found = { status, standard, level } as { -readonly [Name in keyof Certification]: Certification[Name] }
  if (certificate !== undefined) found.certificate = certificate
  if (from !== undefined) found.from = from
  if (historicalFrom !== undefined) found.historicalFrom = historicalFrom
  found.detail = inference === undefined ? what : `${what}; ${inference}`
  found.source = source
  found.checked = checked
  if (inference !== undefined) found.inference = inference
  return found
}

function saying({ standard, level, certificate, from, historicalFrom }: CertificationRow, status: string): string {
  const what = `FIPS ${standard} level ${level}${certificate === undefined ? '' : `, certificate ${certificate}`}`
  if (status === 'historical') return `${what}, on the historical list since ${historicalFrom}`
  if (status === 'active') return what
  return `not known to be validated: the vendor states ${what}${from === undefined ? '' : ` since ${from}`}, and no certificate is known`
}

function notKnown({ firmware, fipsSeries }: DeviceFacts, later: CertificationRow | undefined): Certification {
  const of = firmware === undefined ? '' : ` (firmware ${firmware})`
  const series = fipsSeries === 'yes' ? `a device of the FIPS series${of}` : `a device${of}`
  const since = later?.from === undefined ? '' : `; its vendor states a validation since ${later.from}`
  return { status: 'unknown', detail: `${series} that is not known to be validated${since}` }
}
