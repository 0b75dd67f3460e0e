import type { Balance, OrderStep, Refusal } from '../sectigo/certificate-authority.ts'
import type { OtherOrders } from '../sectigo/resolve-unknown.ts'
import type { Journal, JournalEntry } from './journal.ts'
import { marksOf } from './profile-marks.ts'
import type { Artefact, Renewed, RunEvent, RunState, Submission } from './run-event.ts'

/** What a run's journal amounts to. */
export interface RunRecord {
  readonly state: RunState
  readonly startedAt: string
  readonly updatedAt: string
  readonly settings: Readonly<Record<string, string | readonly string[]>>
  /** The one that the run was last continued with, or else planned with. */
  readonly profile?: string
  /** What the profiles of the run are known by: the first, and each that it was resumed with. */
  readonly profileMarks?: readonly string[]
  /** The key that this run's own is to follow. */
  readonly renews?: Renewed
  /** The runs of its profile that a person wanted it beside. */
  readonly beside?: readonly string[] | undefined
  /** Hash of the journal's entry that says so, by which the claim in the ledger knows it. */
  readonly renewalIntent?: string
  readonly switchedAt?: string
  readonly retiredAt?: string
  /** The order was revoked, or cancelled before it was issued: its key is of no more use. ISO 8601, UTC. */
  readonly revokedAt?: string
  readonly test: boolean
  readonly device: boolean
  readonly keyLabel: string
  readonly keyId: string
  /** Family and serial number of the device that the run works with; absent before it was opened, and where it has none. */
  readonly deviceName?: string
  /** Present once the device was asked to generate. */
  readonly keyRequested?: { readonly occupant?: string | null; readonly deviceName?: string; readonly place?: string }
  /** The key that goes when this run's own serves. */
  readonly replaces?: {
    readonly location: string
    readonly spkiSha256?: string
    readonly certificate?: Artefact
    readonly removed?: true
  }
  readonly keyLocation?: string
  /** The key was deleted from the device. */
  readonly keyDeleted?: true
  readonly spkiSha256?: string
  readonly publicKey?: Artefact
  readonly request?: Artefact
  /** What the request says was changed in the settings since it was made. */
  readonly requestOutdated?: true
  readonly attestation?: Artefact
  readonly certChains?: Artefact
  readonly checkResult?: Artefact
  readonly failedChecks?: readonly string[]
  readonly submission?: Submission
  /** Where the ACME server has the order of that submission; `finalizing`: its certificate was asked for, or was about to be. */
  readonly acmeOrder?: { readonly url: string; readonly finalizing: boolean }
  /** Hash of the journal's entry of that submission, by which the claims in the ledger know it. */
  readonly intent?: string
  /** What an operator has said of the order, until it is submitted again. */
  readonly resolution?: 'placed' | 'not-placed'
  readonly unknownReason?: string
  /** What came back for an order whose outcome is unknown. */
  readonly unknownReply?: string
  readonly balanceAfter?: Balance
  /** What other runs had ordered by then, since `submission.balanceBefore`. */
  readonly otherOrders?: OtherOrders
  readonly refusal?: Refusal
  readonly refusalCauses?: readonly string[]
  /** Why the CA rejected the order after it had accepted it. */
  readonly rejection?: string
  readonly orderNumber?: string
  readonly certificateId?: string
  readonly amount?: string
  readonly paymentRequired?: boolean
  readonly progress?: { readonly summary: string; readonly steps: readonly OrderStep[]; readonly nextPollAt?: string }
  readonly certificate?: Artefact
  readonly chain?: Artefact
  /** Certificate first, then its issuers. */
  readonly fullchain?: Artefact
  readonly certificateSerial?: string
  readonly certificateNotAfter?: string
  readonly certificateSubject?: string
  readonly certificateIssuer?: string
  /** What its subject says otherwise than the order did. */
  readonly certificateRemark?: string
  /** The certificate that the run had before this one: it may still be on the device. */
  readonly previousCertificate?: Artefact
  /** Where the device keeps the certificate, in the family's own words. */
  readonly certificateLocation?: string
  /** How far the run had come when it was given up. */
  readonly abandonedAs?: RunState
  /** Why the run stopped where it stands; absent once it has gone on. */
  readonly lastFailure?: { readonly code: string; readonly message: string; readonly time: string }
}

/** Was a key of ours ordered for? One that only orders knows it from the request that it sent. */
export const hasKey = ({ spkiSha256, submission }: RunRecord): boolean =>
  spkiSha256 !== undefined || submission?.spkiSha256 !== undefined

/** Has the run submitted an order, whatever became of it? */
export const hasOrder = ({ submission }: RunRecord): boolean => submission !== undefined

/** What settles an order of unknown outcome that went through a broker, which alone can look at the account; undefined for any other. */
export const askBrokerAgain = (id: string, { settings }: Pick<RunRecord, 'settings'>): string | undefined =>
  settings['broker.url'] === undefined
    ? undefined
    : `ask the broker again with \`hsm-enroll runs resume ${id}\`; what it does not know either, its operator records on its machine`

/** Nobody knows whether the CA has an order of the run. */
export const isUnknown = ({ state, refusal }: Pick<RunRecord, 'state' | 'refusal'>): boolean =>
  state === 'unknown' || state === 'submitting' || (state === 'rejected' && refusal?.doubtful === true)

/** Does the CA have an order of the run that goes on, or may it? One that was given up still counts. */
export function mayHaveOrder({ state, abandonedAs, refusal }: RunRecord): boolean {
  const reached = abandonedAs ?? state
  return (
    reached === 'ordered' || reached === 'issued' || reached === 'installed' || isUnknown({ state: reached, refusal })
  )
}

/** Folds a journal. A journal that ends with `submitting` means: the process died around the POST, so the outcome is unknown. */
export function recordOf(entries: readonly JournalEntry[]): RunRecord | undefined {
  let record: RunRecord | undefined
  for (const entry of entries) record = foldEntry(record, entry)
  return record
}

/** The same of an open journal: it begins with its plan, or it is not opened. */
export function recordIn(journal: Journal): RunRecord {
  const record = recordOf(journal.entries)
  if (record === undefined) throw new Error('a journal without a plan was opened')
  return record
}

/** What a run amounts to after one more entry; undefined until its plan has been read. */
export function foldEntry(record: RunRecord | undefined, { event, time, hash }: JournalEntry): RunRecord | undefined {
  if (event.type === 'planned') {
    const { type: _, ...planned } = event
    const renewalIntent = event.renews === undefined ? undefined : hash
    return { ...planned, renewalIntent, state: 'planned', startedAt: time, updatedAt: time }
  }
  if (record === undefined) return undefined
  return {
    ...record,
    // A failure is the last word only until the run has gone on.
    lastFailure: event.type === 'settings-changed' ? record.lastFailure : undefined,
    intent: event.type === 'submitting' ? hash : record.intent,
    ...changeBy(record, event, time),
    updatedAt: time,
  }
}

/** What an event changes of a record. */
function changeBy(record: RunRecord, event: RunEvent, time: string): Partial<RunRecord> {
  switch (event.type) {
    case 'planned':
      return {}
    case 'settings-changed':
      return {
        settings: { ...record.settings, ...event.settings },
        profile: event.profile ?? record.profile,
        profileMarks: [...new Set([...marksOf(record), ...marksOf(event)])],
        requestOutdated: isOutdatedBy(record, event.settings) ? true : record.requestOutdated,
      }
    case 'device-chosen':
      return { ...record, deviceName: event.deviceName }
    case 'key-requested': {
      const { occupant, deviceName, place, replaces } = event
      return { keyRequested: { occupant, deviceName, place }, replaces }
    }
    case 'key-removed':
      return { replaces: { ...record.replaces, location: event.location, removed: true } }
    case 'key-deleted':
      return { keyDeleted: true }
    case 'key-refused':
      return { keyRequested: undefined }
    case 'key-generated':
      return {
        state: 'key-generated',
        keyLocation: event.location,
        spkiSha256: event.spkiSha256,
        publicKey: event.publicKey,
      }
    case 'csr-signed':
      return {
        // An attestation is of the key: it outlives the request that was made with it before.
        state: record.attestation === undefined ? 'csr-signed' : 'attested',
        request: event.request,
        requestOutdated: undefined,
        spkiSha256: event.spkiSha256,
      }
    case 'request-withdrawn':
      return {
        state: 'key-generated',
        request: undefined,
        requestOutdated: undefined,
        checkResult: undefined,
        failedChecks: undefined,
      }
    case 'attested':
      return { state: 'attested', attestation: event.attestation, certChains: event.certChains }
    case 'check-refused':
      return { state: 'attested', checkResult: event.result, failedChecks: event.failed }
    case 'checked':
      return { state: 'checked', checkResult: event.result, failedChecks: undefined }
    case 'submitting':
      return {
        state: 'submitting',
        submission: event,
        acmeOrder: undefined,
        resolution: undefined,
        refusal: undefined,
        rejection: undefined,
        unknownReason: undefined,
        unknownReply: undefined,
      }
    case 'acme-order':
    case 'finalizing':
      return { acmeOrder: { url: event.url, finalizing: event.type === 'finalizing' } }
    case 'not-sent':
    case 'not-placed':
      return {
        state: stateWithoutOrder(record),
        resolution: event.type === 'not-placed' ? 'not-placed' : record.resolution,
        unknownReason: undefined,
        unknownReply: undefined,
        refusal: undefined,
      }
    case 'ordered': {
      const { type: _, resolvedBy, ...order } = event
      return {
        ...order,
        state: 'ordered',
        resolution: resolvedBy === undefined ? record.resolution : 'placed',
        unknownReason: undefined,
        unknownReply: undefined,
        refusal: undefined,
      }
    }
    case 'rejected':
      return { state: 'rejected', refusal: event.refusal, refusalCauses: event.causes }
    case 'order-rejected':
      return { state: 'rejected', rejection: event.reason }
    case 'unknown':
      return {
        state: 'unknown',
        unknownReason: event.reason,
        unknownReply: event.reply ?? record.unknownReply,
        balanceAfter: event.balanceAfter,
        otherOrders: event.others,
        ...(event.takenBack ? WITHOUT_ORDER : {}),
      }
    case 'progress': {
      const { type: _, ...progress } = event
      return { progress }
    }
    case 'issued':
      return {
        state: 'issued',
        certificate: event.certificate,
        chain: event.chain,
        fullchain: event.fullchain,
        certificateSerial: event.serialNumber,
        certificateNotAfter: event.notAfter,
        certificateSubject: event.subject,
        certificateIssuer: event.issuer,
        certificateRemark: event.remark,
        previousCertificate: event.replaces ?? record.previousCertificate,
      }
    case 'installed':
      return { state: 'installed', certificateLocation: event.where }
    case 'switched':
      return { switchedAt: time }
    case 'retired':
      return { retiredAt: time }
    case 'order-revoked':
      return { revokedAt: time, retiredAt: record.retiredAt ?? time }
    case 'abandoned':
      return { state: 'abandoned', abandonedAs: record.state }
    case 'recovered':
      return recovered(record, event)
    case 'failed':
      return { lastFailure: { code: event.code, message: event.message, time } }
  }
}

/** What was only true of an order that a person has named by mistake. */
const WITHOUT_ORDER = {
  orderNumber: undefined,
  certificateId: undefined,
  amount: undefined,
  progress: undefined,
  certificate: undefined,
  chain: undefined,
  fullchain: undefined,
  certificateSerial: undefined,
  certificateNotAfter: undefined,
  certificateSubject: undefined,
  certificateIssuer: undefined,
  certificateRemark: undefined,
} as const satisfies Partial<RunRecord>

const isOutdatedBy = ({ request }: RunRecord, settings: RunRecord['settings']): boolean =>
  request !== undefined && Object.keys(settings).some((path) => path.startsWith('request.'))

/** How far a run has come that has no order: all the way to one, unless its journal has lost what an order is made of. */
function stateWithoutOrder({ device, publicKey, request, attestation, checkResult }: RunRecord): RunState {
  if (!device || checkResult !== undefined) return 'checked'
  if (request === undefined) return publicKey === undefined ? 'planned' : 'key-generated'
  return attestation === undefined ? 'csr-signed' : 'attested'
}

/** What the journal lost and the ledger did not. An order among it may have been placed, whatever the journal said last. */
function recovered(record: RunRecord, { key, order }: Extract<RunEvent, { type: 'recovered' }>): Partial<RunRecord> {
  const { location, spkiSha256, ...request } = key ?? {}
  const asked = { keyRequested: record.keyRequested ?? (key === undefined ? undefined : request) }
  // A key that nobody ordered for is found on the device again; one that was ordered for is followed from here.
  if (order === undefined) return asked
  const { orderNumber, intent, ...submission } = order
  const known = orderNumber === undefined ? '' : `; the ledger has it under the number ${orderNumber}`
  return {
    ...asked,
    state: 'unknown',
    keyLocation: record.keyLocation ?? location,
    spkiSha256: record.spkiSha256 ?? spkiSha256 ?? order.spkiSha256,
    submission: { type: 'submitting', ...submission },
    intent: intent ?? record.intent,
    refusal: undefined,
    unknownReason: `the end of the journal is lost, and with it the outcome of an order${known}`,
  }
}

/** A run and where it is kept. */
export interface RunSummary {
  readonly id: string
  readonly folder: string
  /** Absent if its journal is damaged. */
  readonly record?: RunRecord
  readonly fault?: { readonly code: string; readonly message: string }
}
