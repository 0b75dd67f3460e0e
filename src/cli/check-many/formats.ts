import type { AttestationResult, Check } from '../../attestation/contract/attestation-result.ts'
import { printable } from '../../printable.ts'
import { VERSION } from '../../version.ts'
import { csvLine } from '../csv.ts'
import type { Outcome } from './item.ts'

/** What a report begins with, has of each outcome, between those that have something, and ends with; it is written as the outcomes come. */
interface ReportFormat {
  readonly begin: string
  readonly each: (outcome: Outcome) => string
  readonly between: string
  readonly end: string
}

const COLUMNS = ['name', 'verdict', 'hsmType', 'serial', 'firmware', 'fips', 'key', 'spkiSha256', 'failed', 'why']

const failed = ({ checks }: AttestationResult): readonly Check[] => checks.filter(({ status }) => status === 'fail')

/** `acceptable`, `refused` (genuine, but), `not genuine`, `unreadable`. */
function verdictOf({ result }: Outcome): 'acceptable' | 'refused' | 'not genuine' | 'unreadable' {
  if (result === undefined) return 'unreadable'
  if (result.acceptable) return 'acceptable'
  return result.genuine ? 'refused' : 'not genuine'
}

function csvRow(outcome: Outcome): readonly (string | undefined)[] {
  const { name, result, error } = outcome
  const key = result?.attestedKey
  const faults = result === undefined ? [] : failed(result)
  return [
    name,
    verdictOf(outcome),
    result?.hsmType,
    result?.device.serial,
    result?.device.firmware,
    result?.device.fips,
    key === undefined ? undefined : `${key.type} ${key.curve ?? key.bits}`,
    key?.spkiSha256,
    error?.code ?? faults.map(({ id }) => id).join(' '),
    error?.message ?? faults[0]?.detail,
  ]
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const xml = (text: string): string => printable(text).replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '')

function junitCase({ name, result, error }: Outcome): string {
  const open = `  <testcase classname="${xml(result?.hsmType ?? 'unreadable')}" name="${xml(name)}"`
  if (error !== undefined) {
    return `${open}><error type="${xml(error.code)}" message="${xml(error.message)}">${xml(error.remedy)}</error></testcase>\n`
  }
  const faults = result === undefined ? [] : failed(result)
  if (faults.length === 0) return `${open}/>\n`
  const lines = faults.map(
    ({ id, detail, remedy }) => `${id}: ${detail}${remedy === undefined ? '' : ` Try: ${remedy}`}`,
  )
  return `${open}><failure type="${xml(faults[0]?.id ?? '')}" message="${xml(faults[0]?.detail ?? '')}">${lines.map(xml).join('\n')}</failure></testcase>\n`
}

/** A list in JSON may hold halves of characters, which no URI does. */
const uriOf = (name: string): string =>
  encodeURI(name.replaceAll('\\', '/').replace(/\p{Cs}/gu, '\ufffd')).replace(/[?#]/g, encodeURIComponent)

/** SARIF 2.1.0, OASIS: a result for each rule that fails or warns. */
function sarifResults({ name, result, error }: Outcome): readonly object[] {
  const locations = [{ physicalLocation: { artifactLocation: { uri: uriOf(name) } } }]
  if (error !== undefined) {
    return [{ ruleId: error.code, level: 'error', message: { text: `${error.message} ${error.remedy}` }, locations }]
  }
  return (result?.checks ?? []).flatMap(({ id, status, detail, remedy = '' }) =>
    status === 'fail' || status === 'warn'
      ? [
          {
            ruleId: id,
            level: status === 'fail' ? 'error' : 'warning',
            message: { text: `${detail} ${remedy}`.trim() },
            locations,
          },
        ]
      : [],
  )
}

const driver = { name: 'hsm-enroll', version: VERSION }

export const REPORT_FORMATS = {
  csv: {
    begin: `${csvLine(COLUMNS)}\r\n`,
    each: (outcome) => `${csvLine(csvRow(outcome))}\r\n`,
    between: '',
    end: '',
  },
  junit: {
    begin: '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites><testsuite name="hsm-enroll check-many">\n',
    each: junitCase,
    between: '',
    end: '</testsuite></testsuites>\n',
  },
  sarif: {
    begin: `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"tool":{"driver":${JSON.stringify(driver)}},"results":[\n`,
    each: (outcome) =>
      sarifResults(outcome)
        .map((result) => JSON.stringify(result))
        .join(',\n'),
    between: ',\n',
    end: '\n]}]}\n',
  },
} as const satisfies Readonly<Record<string, ReportFormat>>

export type ReportFormatName = keyof typeof REPORT_FORMATS
