import { HSM_TYPES } from '../hsm-type.ts'
import { isIsoDay } from '../iso-day.ts'
import { jsonMember } from '../json-member.ts'
import type { AdvisoryRow, CaRuleRow, CertificationRow, Knowledge } from './knowledge.ts'
import { isVersion } from './version-range.ts'

/** Why a data file is not one, in words that follow "Could not read FILE: ". */
export class KnowledgeFormatError extends Error {
  override readonly name = 'KnowledgeFormatError'
}

const MOST_ROWS = 1000
const MOST_CHARACTERS = 2000

/** Whether a member is what it must be; `?` after a name: it may be absent. */
type Shape = Readonly<Record<string, (value: unknown) => boolean>>

const text = (value: unknown): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= MOST_CHARACTERS
const day = (value: unknown): boolean => typeof value === 'string' && isIsoDay(value)
const version = (value: unknown): boolean => typeof value === 'string' && isVersion(value)
const flag = (value: unknown): boolean => typeof value === 'boolean'
const whole = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0
const oneOf =
  (...values: readonly string[]) =>
  (value: unknown): boolean =>
    values.some((known) => known === value)
const listOf =
  (item: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.length <= 100 && value.every(item)

const range = (value: unknown): boolean =>
  faultOf(value, { 'from?': version, 'to?': version, 'before?': version }) === undefined
const hsmType = oneOf(...HSM_TYPES)
const SOURCED = { source: text, checked: day }

// biome-ignore format: a table
const CERTIFICATION: Shape = {
  ...SOURCED, hsmType, 'firmware?': range, 'marked?': flag, 'approval?': text, standard: oneOf('140-2', '140-3'), level: whole,
  'certificate?': text, basis: oneOf('certificate', 'vendor'), 'from?': day, 'historicalFrom?': day, 'inference?': text, 'note?': text,
}
// biome-ignore format: a table
const ADVISORY: Shape = {
  ...SOURCED, id: (value) => typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,40}$/.test(value), name: text, references: listOf(text),
  published: day, 'hsmType?': hsmType, 'firmware?': range, keyTypes: listOf(oneOf('RSA', 'EC')), 'formFactors?': listOf(text),
  'exceptFormFactors?': listOf(text), 'fipsSeries?': flag, 'attestationKey?': flag, shownBy: oneOf('firmware', 'modulus', 'nothing'),
  proves: text, severity: oneOf('refuse', 'warn'), remedy: text,
}
// biome-ignore format: a table
const CA_RULE: Shape = {
  ...SOURCED, id: text, profile: oneOf('document-signing', 'code-signing'), from: day, 'maximumDays?': whole, 'rsaMinimumBits?': whole,
  'curves?': listOf(text),
}

/** The first member that is missing, unknown or not what it must be. */
function faultOf(value: unknown, shape: Shape): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not an object'
  const names = Object.keys(shape).map((name) => name.replace('?', ''))
  const unknown = Object.keys(value).find((name) => !names.includes(name))
  if (unknown !== undefined) return `"${unknown.slice(0, 40)}" is unknown`
  for (const [name, holds] of Object.entries(shape)) {
    const member = jsonMember(value, name.replace('?', ''))
    if (member === undefined ? !name.endsWith('?') : !holds(member))
      return `"${name.replace('?', '')}" is missing or wrong`
  }
  return undefined
}

function rows<Row>(value: unknown, name: string, shape: Shape): readonly Row[] {
  const list = jsonMember(value, name)
  if (!Array.isArray(list) || list.length > MOST_ROWS)
    throw new KnowledgeFormatError(`"${name}" is not a list of at most ${MOST_ROWS} rows`)
  for (const [index, row] of list.entries()) {
    const fault = faultOf(row, shape)
    if (fault !== undefined) throw new KnowledgeFormatError(`row ${index + 1} of "${name}": ${fault}`)
  }
  return list as readonly Row[]
}

/** Reads the JSON of a data file, every row of it held against its table's shape. Throws KnowledgeFormatError. */
export function readKnowledge(json: string): Knowledge {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new KnowledgeFormatError('it is not JSON')
  }
  const anything = (): boolean => true
  const list = { certifications: anything, advisories: anything, caRules: anything }
  const fault = faultOf(value, { format: (format) => format === 1, serial: whole, issued: day, ...list })
  if (fault !== undefined) throw new KnowledgeFormatError(fault)
  return {
    serial: Number(jsonMember(value, 'serial')),
    issued: String(jsonMember(value, 'issued')),
    origin: 'update',
    certifications: rows<CertificationRow>(value, 'certifications', CERTIFICATION),
    advisories: rows<AdvisoryRow>(value, 'advisories', ADVISORY),
    caRules: rows<CaRuleRow>(value, 'caRules', CA_RULE),
  }
}

/** The data file of these tables, as a maintainer signs it. */
export const writeKnowledge = ({ origin: _of, ...tables }: Knowledge): string =>
  `${JSON.stringify({ format: 1, ...tables }, null, 2)}\n`
