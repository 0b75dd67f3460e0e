import type { KnownToday, Reassessment } from '../enrollment/inventory/known-today.ts'
import type { InventoryEntry } from '../enrollment/inventory/read-inventory.ts'
import { wholeDays } from '../period.ts'
import { printable } from '../printable.ts'
import { shellWord } from '../shell-word.ts'
import { formatCsv } from './csv.ts'
import { nextStep } from './run-view.ts'
import { formatTable } from './table.ts'

/** When a person is reminded. */
const SOON = 60

/** An entry and its reassessment as `--json` prints it: schemas/inventory.schema.json. */
export function entryToJson(entry: InventoryEntry, today: Reassessment) {
  const { spkiSha256, run, record, test, device, location, keyStatus, certificate, order, timeLeft, orphaned } = entry
  const known = today !== undefined && 'known' in today ? today.known : undefined
  return {
    spkiSha256,
    run,
    profile: record?.profile,
    test,
    state: record?.state,
    device,
    location,
    keyStatus,
    algorithm: algorithmOf(known, entry),
    subject: certificate?.subjectName || undefined,
    issuer: certificate?.issuerName || undefined,
    serialNumber: certificate?.serialNumber,
    notAfter: certificate?.notAfter,
    daysLeft: timeLeft === undefined ? undefined : wholeDays(timeLeft),
    where: certificate?.where,
    orderNumber: order?.orderNumber,
    orderStatus: order?.status,
    evidence:
      today === undefined
        ? undefined
        : 'fault' in today
          ? { fault: today.fault }
          : {
              acceptable: today.known.acceptable,
              certification: today.known.certification,
              advisories: today.known.advisories,
            },
    orphaned,
    next: nextOf(entry),
  }
}

type Row = ReturnType<typeof entryToJson>

const algorithmOf = (known: KnownToday | undefined, { record }: InventoryEntry): string | undefined => {
  const { type, bits, curve } = known?.key ?? {}
  if (type === 'RSA' && bits !== undefined) return `RSA-${bits}`
  return curve ?? (record?.device === true ? String(record.settings['key.algorithm'] ?? '') || undefined : undefined)
}

/** What a person does next about a key. */
function nextOf({ run, record, keyStatus, timeLeft, orphaned, location, test }: InventoryEntry): string {
  if (keyStatus === 'deleted' || keyStatus === 'replaced') return 'nothing: the key is gone'
  if (record === undefined) return `its run cannot be read: \`hsm-enroll runs repair ${run}\``
  if (orphaned)
    return `no run needs it: \`hsm-enroll keys delete ${shellWord(location ?? '')} ${record.profile === undefined ? 'PROFILE' : shellWord(record.profile)}\``
  if (test || timeLeft === undefined) return nextStep(run, record)
  if (record.state === 'installed' && wholeDays(timeLeft) <= SOON) return `renew it: \`hsm-enroll renew ${run}\``
  return nextStep(run, record)
}

export function inventoryToText(rows: readonly Row[]): string {
  if (rows.length === 0) return 'nothing to list'
  const table = formatTable(
    ['ENDS', 'DAYS', 'DEVICE', 'KEY', 'ALGORITHM', 'STATE', 'SPKI SHA-256', 'SUBJECT'],
    rows.map((row) => [
      row.notAfter?.slice(0, 10) ?? '',
      row.daysLeft === undefined ? '' : String(row.daysLeft),
      row.device ?? '',
      row.location ?? '',
      row.algorithm ?? '',
      stateOf(row),
      row.spkiSha256.slice(0, 16),
      row.subject ?? '',
    ]),
  )
  const remarks = rows.flatMap((row) =>
    [...remarksOf(row)].map((remark) => `${row.spkiSha256.slice(0, 16)}: ${printable(remark)}`),
  )
  return [table, ...(remarks.length === 0 ? [] : ['']), ...remarks].join('\n')
}

function stateOf({ state, test, keyStatus, orphaned }: Row): string {
  const words = [keyStatus === undefined || keyStatus === 'alive' ? undefined : keyStatus, state ?? 'unreadable']
  return [...new Set([...words, test ? 'rehearsal' : undefined, orphaned ? 'orphaned' : undefined])]
    .filter((word) => word !== undefined)
    .join(', ')
}

function* remarksOf({ evidence, next }: Row): Iterable<string> {
  if (evidence?.fault !== undefined) yield `its evidence was not judged again: ${evidence.fault}`
  if (evidence?.acceptable === false) yield 'its evidence would be refused today'
  for (const { id, name } of evidence?.advisories ?? []) yield `falls under ${id}: ${name}`
  if (!next.startsWith('nothing')) yield `next: ${next}`
}

// biome-ignore format: a table
const COLUMNS: readonly (readonly [string, (row: Row) => string | number | undefined])[] = [
  ['subject', (row) => row.subject],
  ['device', (row) => row.device],
  ['place', (row) => row.location],
  ['algorithm', (row) => row.algorithm],
  ['spkiSha256', (row) => row.spkiSha256],
  ['issuer', (row) => row.issuer],
  ['serialNumber', (row) => row.serialNumber],
  ['notAfter', (row) => row.notAfter],
  ['daysLeft', (row) => row.daysLeft],
  ['certification', (row) => row.evidence?.certification],
  ['advisories', (row) => row.evidence?.advisories?.map(({ id }) => id).join(' ')],
  ['acceptable', (row) => row.evidence?.acceptable === undefined ? undefined : String(row.evidence.acceptable)],
  ['state', (row) => row.state],
  ['keyStatus', (row) => row.keyStatus],
  ['test', (row) => String(row.test)],
  ['orphaned', (row) => String(row.orphaned)],
  ['orderNumber', (row) => row.orderNumber],
  ['run', (row) => row.run],
  ['profile', (row) => row.profile],
  ['next', (row) => row.next],
]

export const inventoryToCsv = (rows: readonly Row[]): string =>
  formatCsv(
    COLUMNS.map(([name]) => name),
    rows.map((row) => COLUMNS.map(([, read]) => read(row))),
  )
