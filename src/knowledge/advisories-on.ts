import type { DeviceFacts } from './device-facts.ts'
import type { AdvisoryRow, Knowledge } from './knowledge.ts'
import { isWithin } from './version-range.ts'

/** What can be asked of: the device, the attested key, and the key by which the device attests. */
export interface AdvisoryFacts extends DeviceFacts {
  readonly keyType?: 'RSA' | 'EC' | 'other'
  readonly attestationKeyType?: 'RSA' | 'EC' | 'other'
}

/** An advisory that a device falls under, by its firmware. */
export interface FoundAdvisory {
  readonly row: AdvisoryRow
  /** Which key: the attested one, or (that one being sound) the one by which the device attests. */
  readonly of: 'attested-key' | 'attestation-key'
}

/** The advisories of a day (YYYY-MM-DD) that firmware and key types show; those that the key's numbers show are for policy. Never throws. */
export function advisoriesOn(facts: AdvisoryFacts, day: string, { advisories }: Knowledge): readonly FoundAdvisory[] {
  const found: FoundAdvisory[] = []
  for (const row of advisories) {
    if (row.shownBy !== 'firmware' || day < row.published || !isOfDevice(row, facts)) continue
    if (found.some((earlier) => earlier.row.id === row.id)) continue
    if (isOfType(row, facts.keyType)) found.push({ row, of: 'attested-key' })
    else if (row.attestationKey && isOfType(row, facts.attestationKeyType)) found.push({ row, of: 'attestation-key' })
  }
  return found
}

const isOfType = ({ keyTypes }: AdvisoryRow, type: AdvisoryFacts['keyType']): boolean =>
  keyTypes.some((affected) => affected === type)

function isOfDevice(row: AdvisoryRow, { hsmType, firmware, fipsSeries, formFactor }: DeviceFacts): boolean {
  if (row.hsmType !== undefined && row.hsmType !== hsmType) return false
  if (row.firmware !== undefined && isWithin(firmware, row.firmware) !== true) return false
  if (row.fipsSeries === true && fipsSeries !== 'yes') return false
  const shape = formFactor === undefined ? undefined : shapeOf(formFactor)
  if (row.formFactors !== undefined && (shape === undefined || !row.formFactors.includes(shape))) return false
  return !(row.exceptFormFactors !== undefined && shape !== undefined && row.exceptFormFactors.includes(shape))
}

/** Without the bit of the FIPS series: `81` is `01`. */
const shapeOf = (formFactor: string): string => (Number.parseInt(formFactor, 16) & 0x7f).toString(16).padStart(2, '0')
