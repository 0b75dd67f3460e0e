import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { publishedRecord } from '../enrollment/published-record.ts'
import { askBrokerAgain, hasKey, type RunRecord, type RunSummary } from '../enrollment/run-record.ts'
import { weighUnknown } from '../enrollment/weigh-unknown.ts'
import { EXIT, type ExitCode, withRemedy } from '../errors.ts'
import { printable } from '../printable.ts'
import { shellWord } from '../shell-word.ts'
import type { Output } from './output.ts'

const UNREAD = { code: 'journal.damaged', message: 'Its journal cannot be read.' } as const

/** A run as `--json` prints it: schemas/run.schema.json. */
export function runToJson({ id, folder, record, fault = UNREAD }: RunSummary): object {
  if (record === undefined) return { id, folder, fault }
  return { id, folder, ...publishedRecord(record), next: nextStep(id, record) }
}

/** The one result of a command that moved a run. */
export const showRun = (summary: RunSummary, output: Output): void => {
  const missing = missingFiles(summary)
  output.result(runToJson(summary), () => output.pasteable(runToText(summary, missing)))
}

/** Artefacts that the journal has and the folder has not: somebody has deleted them. */
const missingFiles = ({ folder, record }: RunSummary): ReadonlySet<string> =>
  new Set(record === undefined ? [] : filesOf(record).filter((file) => !existsSync(join(folder, file))))

/** A run that only orders does not keep its form. */
const FORM_AGAIN = 'submit the corrected form again: `hsm-enroll order submit FORM` or `hsm-enroll place-order FORM`'

/** A run keeps the settings that it was planned with: a corrected profile is named again. Ready to be pasted into a shell. */
export function withProfile({ profile = 'PROFILE' }: Pick<RunRecord, 'profile'>): string {
  return `--profile ${shellWord(profile)}`
}

/** What a person does next, by state. */
export function nextStep(id: string, record: RunRecord): string {
  if (record.revokedAt !== undefined) return 'nothing: the order was revoked'
  switch (record.state) {
    case 'planned':
    case 'key-generated':
    case 'csr-signed':
    case 'checked':
      if (!record.device) return FORM_AGAIN
      return `continue with \`hsm-enroll runs resume ${id}\``
    case 'attested':
      return record.failedChecks === undefined
        ? `continue with \`hsm-enroll runs resume ${id}\``
        : `a check refused it; see check.json, correct the profile, then \`hsm-enroll runs resume ${id} ${withProfile(record)}\``
    case 'submitting':
    case 'unknown':
      return (
        askBrokerAgain(id, record) ??
        `find out whether the CA has the order, then \`hsm-enroll runs resolve ${id} --order-number N\` or \`--not-placed\``
      )
    case 'ordered':
      if (record.submission?.toAuthorize === true)
        return `authorize it, unless you already did: \`hsm-enroll order authorize ${record.orderNumber}\` charges it and lets it proceed${hasKey(record) ? `; then \`hsm-enroll runs resume ${id}\`` : ''}`
      if (!hasKey(record)) return `follow it with \`hsm-enroll order status ${record.orderNumber}\``
      return `wait for the CA, then \`hsm-enroll runs resume ${id}\` (or add --wait)`
    case 'rejected':
      if (record.refusal?.doubtful === true)
        return `check in the balance and the order list that the CA has no such order, then \`hsm-enroll runs resolve ${id} --not-placed\` or \`--order-number N\``
      if (!record.device) return FORM_AGAIN
      return `correct what the CA refused, then \`hsm-enroll runs resume ${id} --order-again ${withProfile(record)}\``
    case 'issued':
      return record.device && !record.test
        ? `put the certificate on the device: \`hsm-enroll runs resume ${id}\``
        : 'nothing: the certificate is in the run folder'
    case 'installed':
      return 'nothing: the run is complete'
    case 'abandoned':
      return 'nothing: the run was abandoned'
  }
}

/** The exit code that says where a run stands. */
export function exitCodeOf(record: RunRecord): ExitCode {
  switch (record.state) {
    case 'installed':
    case 'issued':
      return EXIT.done
    case 'rejected':
      return EXIT.ca
    case 'unknown':
    case 'submitting':
      return EXIT.unknown
    case 'attested':
      return record.failedChecks === undefined ? EXIT.pending : EXIT.refused
    default:
      return EXIT.pending
  }
}

/** What two readings of the balance say of an order that nobody knows of. */
function balanceLine(record: RunRecord): string | undefined {
  if (record.state !== 'unknown' || record.balanceAfter === undefined) return undefined
  const { verdict, reason } = weighUnknown(record)
  return `${WEIGHED[verdict]}: ${reason}`
}
const WEIGHED = { placed: 'probably placed', 'not-placed': 'probably not placed', undecided: 'undecided' } as const

/** A run as `runs show` prints it. */
export function runToText(
  { id, folder, record, fault = UNREAD }: RunSummary,
  missing: ReadonlySet<string> = new Set(),
): string {
  if (record === undefined) return `run ${id}\n  folder   ${folder}\n  fault    ${fault.message}\n`
  const lines: [string, string | undefined][] = [
    [
      'state',
      `${record.state}${record.test ? ' (test order)' : ''}${record.revokedAt === undefined ? '' : `, revoked at ${record.revokedAt}`}`,
    ],
    ['profile', record.profile],
    ['begun', `${record.startedAt}, last change ${record.updatedAt}`],
    [
      'key',
      record.keyLocation === undefined ? undefined : `${record.keyLocation}  (SPKI SHA-256 ${record.spkiSha256})`,
    ],
    ['replaces', replacesLine(record)],
    ['check', checkLine(record)],
    ['order', orderLine(record)],
    ['waiting', record.state === 'ordered' ? record.progress?.summary : undefined],
    ...openSteps(record).map((step, index): [string, string] => [index === 0 ? 'to do' : '', step]),
    ['ask again', record.state === 'ordered' ? record.progress?.nextPollAt : undefined],
    ['outcome', record.unknownReason],
    ['balance', balanceLine(record)],
    ['reply', record.unknownReply === undefined ? undefined : `"${record.unknownReply.slice(0, 300)}"`],
    [
      'refusal',
      record.refusal === undefined
        ? undefined
        : withRemedy(`${record.refusal.code}: ${record.refusal.message}`, record.refusal.remedy),
    ],
    ['rejected', record.rejection],
    ['causes', record.refusal === undefined ? undefined : record.refusalCauses?.join('; ')],
    [
      'issued',
      record.certificate === undefined
        ? undefined
        : `serial ${record.certificateSerial}, until ${record.certificateNotAfter}`,
    ],
    ['remark', record.certificateRemark],
    ['installed', record.certificateLocation],
    [
      'failed',
      record.lastFailure === undefined ? undefined : `${record.lastFailure.code}: ${record.lastFailure.message}`,
    ],
    ['files', present(filesOf(record), missing)],
    [
      'missing',
      filesOf(record)
        .filter((file) => missing.has(file))
        .join(', '),
    ],
    ['folder', folder],
    ['next', nextStep(id, record)],
  ]
  return `run ${id}\n${lines.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`  ${name.padEnd(10)}${printable(value)}`])).join('\n')}\n`
}

/** On a device with fixed places the old key went when the new one came. */
function replacesLine({ replaces, keyLocation }: RunRecord): string | undefined {
  if (replaces === undefined) return undefined
  const gone = replaces.removed || replaces.location === keyLocation
  return `${replaces.location}${gone ? ', which is gone' : ', which goes when the certificate is installed'}`
}

function checkLine(record: RunRecord): string | undefined {
  if (record.failedChecks !== undefined) return `refused: ${record.failedChecks.join(', ')}`
  return record.checkResult === undefined ? undefined : 'genuine and acceptable'
}

/** What a person must do now, in the CA's order. */
const openSteps = ({ state, progress }: RunRecord): readonly string[] =>
  state === 'ordered' ? (progress?.steps.flatMap(({ instruction }) => instruction ?? []) ?? []) : []

function orderLine(record: RunRecord): string | undefined {
  if (record.orderNumber === undefined) return undefined
  const amount = record.amount === undefined ? '' : ` ${record.amount}`
  if (record.paymentRequired) return `${record.orderNumber}, to be paid${amount}`
  return amount === '' ? record.orderNumber : `${record.orderNumber}, charged${amount}`
}

const present = (files: readonly string[], missing: ReadonlySet<string>): string =>
  files.filter((file) => !missing.has(file)).join(', ')

/** The artefacts that a run has, by the names of their files. */
const filesOf = (record: RunRecord): readonly string[] =>
  [
    record.publicKey,
    record.replaces?.certificate,
    record.request,
    record.attestation,
    record.certChains,
    record.checkResult,
    record.certificate,
    record.previousCertificate,
    record.chain,
    record.fullchain,
  ].flatMap((artefact) => (artefact === undefined ? [] : [artefact.file]))
