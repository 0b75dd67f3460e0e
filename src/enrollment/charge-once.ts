import { stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { EnrollError, sentence } from '../errors.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { withProcessLock } from '../files/process-lock.ts'
import { jsonMember } from '../json-member.ts'
import { appendLine, readLinesLeniently } from '../ledger/line-file.ts'
import type { ChangeOutcome } from '../sectigo/change-outcome.ts'
import { sha256Hex } from '../sha256-hex.ts'

/** A call that moves money and is no order of its own: it has no run, so that it is kept by the order that it is about. */
export interface Charge {
  readonly kind: 'authorize' | 'refund'
  /** As the CA has it: decimal digits. */
  readonly orderNumber: string
  /** The operator has made sure that the CA did not carry out what was sent before. */
  readonly again: boolean
  /** What the command needs beside the order, for the next one: `--reason-code 1`. */
  readonly options?: string
  readonly send: () => Promise<ChangeOutcome>
}

/** What is known of the last attempt. `open`: it was sent, or may have been, and nobody knows what came of it. */
type Attempt = { readonly state: 'none' | 'over' } | { readonly state: 'done' | 'open'; readonly time?: string }

/**
 * Sends it unless it was sent before: the intent is on disk before the POST, what came of it after it. One that was carried out is never
 * sent again; one whose end is not known only on the operator's word. Throws EnrollError `order.charged`, `order.unrecorded`, `lock.held`.
 */
export async function chargeOnce(stateDirectory: string, charge: Charge): Promise<ChangeOutcome> {
  const { kind, again, send } = charge
  const folder = join(stateDirectory, 'orders')
  await makeDirectory(folder)
  // 007 and 7 are one order.
  const orderNumber = charge.orderNumber.replace(/^0+(?=\d)/, '')
  const file = join(folder, `${kind}-${/^\d{1,40}$/.test(orderNumber) ? orderNumber : sha256Hex(orderNumber)}`)
  return withProcessLock(`${file}.lock`, `the same for order ${orderNumber}`, async () => {
    const before = await lastAttempt(file)
    if (before.state === 'done' || (before.state === 'open' && !again))
      throw charged({ ...charge, orderNumber }, before)
    if (before.state === 'open') await removeIfEmpty(file)
    await write(file, { status: 'intended' }).catch(async (error: unknown) => {
      // The line may be there all the same, and would pass for a call that was sent.
      await write(file, { status: 'not-sent', reason: 'disk' }).catch(() => undefined)
      throw error
    })
    const outcome = await send().catch(async (error: unknown) => {
      // A call reports every end after the connection as data: what it throws (a bad number, no login) was thrown before.
      if (error instanceof EnrollError) await write(file, { status: 'not-sent', reason: error.code })
      throw error
    })
    await write(file, outcomeOf(outcome)).catch((cause: unknown) => {
      throw unrecorded({ ...charge, orderNumber }, outcome, cause)
    })
    return outcome
  })
}

type Note =
  | { readonly status: 'intended' | 'done' }
  | { readonly status: 'rejected' | 'unknown' | 'not-sent'; readonly reason: string }

/** On disk when it resolves. Sealed, so that what a disk changed is told from what was written. */
const write = (file: string, note: Note): Promise<void> =>
  appendLine(file, JSON.stringify({ ...note, time: new Date().toISOString() }))

function outcomeOf(outcome: ChangeOutcome): Note {
  switch (outcome.kind) {
    case 'done':
      return { status: 'done' }
    case 'rejected': {
      const { code, message, doubtful } = outcome.refusal
      // A failure of the CA's own may hide that it was carried out.
      return { status: doubtful === true ? 'unknown' : 'rejected', reason: brief(`${code} ${message}`) }
    }
    case 'unknown':
    case 'not-sent':
      return { status: outcome.kind, reason: brief(outcome.reason) }
  }
}

const brief = (text: string): string => text.slice(0, 500)

/** A file that says nothing that can be read (an earlier version wrote the time alone) speaks of an attempt all the same. */
async function lastAttempt(file: string): Promise<Attempt> {
  const { lines, bad } = await readLinesLeniently(file)
  const last = lines.at(-1)
  if (last === undefined) return { state: bad.length === 0 ? 'none' : 'open' }
  const note: unknown = JSON.parse(last)
  const [status, time] = [jsonMember(note, 'status'), jsonMember(note, 'time')]
  if (bad.length === 0 && (status === 'rejected' || status === 'not-sent')) return { state: 'over' }
  return { state: status === 'done' ? 'done' : 'open', time: typeof time === 'string' ? time : undefined }
}

/** A disk that lost what was written left a file that takes no more lines. */
async function removeIfEmpty(file: string): Promise<void> {
  if ((await stat(file)).size === 0) await unlink(file)
}

/** The answer is here and the disk cannot take it: whoever asks next is told that nothing is known, so that this one must hear it. */
function unrecorded({ kind, orderNumber }: Charge, outcome: ChangeOutcome, cause: unknown): EnrollError {
  return new EnrollError(
    'order.unrecorded',
    sentence(`Could not save how ${kind} order ${orderNumber} ended: ${(cause as Error).message}. ${endOf(outcome)}`),
    {
      remedy: 'Write it down, and free disk space. Repeat it with --again only if the CA did not carry it out.',
      cause,
    },
  )
}

function endOf(outcome: ChangeOutcome): string {
  switch (outcome.kind) {
    case 'done':
      return 'The CA carried it out'
    case 'rejected':
      return `The CA refused it: ${outcome.refusal.code} ${outcome.refusal.message}`
    case 'not-sent':
      return `It was not sent: ${outcome.reason}`
    case 'unknown':
      return `What came of it is not known (${outcome.reason})`
  }
}

function charged(
  { kind, orderNumber, options = '' }: Charge,
  { state, time }: Attempt & { readonly time?: string },
): EnrollError {
  const what = `${kind} order ${orderNumber}`
  const command = ['hsm-enroll order', kind, orderNumber, options, '--again'].filter((word) => word !== '').join(' ')
  const when = time === undefined ? '' : ` (${time})`
  if (state === 'done') {
    return new EnrollError('order.charged', `Could not ${what} again: the CA has carried that out${when}.`, {
      remedy: `See \`hsm-enroll order status ${orderNumber}\`.`,
    })
  }
  return new EnrollError(
    'order.charged',
    `Could not ${what}: that was sent before${when}, and what came of it is not known.`,
    {
      remedy: `Check \`hsm-enroll order status ${orderNumber}\` and \`hsm-enroll balance\`. Only if the CA did not carry it out: \`${command}\`.`,
    },
  )
}
