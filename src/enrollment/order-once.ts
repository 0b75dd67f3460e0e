import type { AttestationResult } from '../attestation/contract/attestation-result.ts'
import { VERIFIERS } from '../attestation/verifiers.ts'
import { EnrollError, EXIT, sentence, withRemedy } from '../errors.ts'
import type { HsmType } from '../hsm-type.ts'
import type { Claim } from '../ledger/claim.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type AttestationRefusalFacts, attestationRefusalCauses } from '../sectigo/attestation-refusal.ts'
import type { Balance, FormFault, OrderForm, OrderOutcome } from '../sectigo/certificate-authority.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { logBalance } from './log-balance.ts'
import { claimNames, formClaim, refuseGone, refuseTaken, releaseClaims, settleClaims } from './order-claims.ts'
import { formDigest } from './order-form.ts'
import type { Run } from './run.ts'
import type { Submission } from './run-event.ts'
import type { RunRecord } from './run-record.ts'

/** Evidence as it is sent, and what this program thinks of it; no verdict where it could not be read. */
export interface OrderedEvidence {
  readonly hsmType: HsmType
  /** In base64, as it stands in the form. */
  readonly keyAttestation: string
  /** SHA-256 of the SubjectPublicKeyInfo of the request that it goes with. */
  readonly csrSpkiSha256: string
  readonly verdict?: AttestationResult
}

/** One paid request, and what is known around it. */
export interface OrderToPlace {
  readonly form: OrderForm
  readonly endpoint: string
  /** SHA-256 of the SubjectPublicKeyInfo, where the order has a key of ours: one order per key. */
  readonly spkiSha256?: string
  /** The same of further items' keys. */
  readonly otherKeys?: readonly string[]
  /** PKCS#10, DER. */
  readonly csr?: Uint8Array
  /** What is sent as proof of the key, for the causes of a refusal. */
  readonly evidence?: OrderedEvidence
  /** The order waits until it is authorized, which charges it. */
  readonly toAuthorize?: boolean
  /** It goes to an ACME server. */
  readonly acme?: true
  /** The ledger was just asked, and nobody has the key: whoever takes it meanwhile is met by the claim. */
  readonly isFree?: boolean
  readonly faults: readonly FormFault[]
  readonly balance: () => Promise<Balance>
  /** The same before the POST, where other orders may go by the same answer; one after it must have begun after it. */
  readonly balanceBefore?: () => Promise<BalanceReading>
  /** As `Ledger.take`: takes its names and says its intent, where more is to be taken and said in the same step. */
  readonly take?: Ledger['take']
  /** The POST. Called once. `attempt`: hash of the entry that journals its intent. */
  readonly send: (attempt: string) => Promise<OrderOutcome>
}

/** A balance, and when it had been read at the latest, by the ledger's clock (ISO 8601, UTC), where that can be asked. */
export interface BalanceReading {
  readonly balance: Balance
  readonly readBy?: string
}

/** What an order is about, before it is journalled, and the names that it takes. */
export interface OrderIntent {
  readonly event: Submission
  readonly names: readonly string[]
}

/**
 * Reads the balance, journals the intent, claims the key, and only then sends the one POST. Whatever comes back, or does not,
 * is journalled; nothing is ever sent a second time from here. `intent`: that of `intendOrder`, where the run has begun with it. Throws
 * EnrollError `order.…`, `ca.…`, `run.stopped`.
 */
export async function orderOnce(run: Run, order: OrderToPlace, intent?: OrderIntent): Promise<void> {
  const { event, names } =
    intent ?? (await intendOrder(order, { services: run.services, ledger: run.ledger, test: run.record.test, run }))
  const { entry, claims } = await run.logIntent(event, names, order.take)
  if (!(await holdsClaims(run, claims, entry.hash))) return
  await takeOutcome(run, order, await order.send(entry.hash))
}

/** Whose order it is: a run that there is, or one that is about to begin. */
type Orderer = Pick<Run, 'services' | 'ledger'> & Pick<RunRecord, 'test'> & { readonly run?: Run }

/**
 * What an order means to do, as far as it may: reads the balance, and looks whether somebody else has the key. Throws EnrollError
 * `order.form`, `order.duplicate`, `order.key-gone`, `ca.…`, `run.stopped`.
 */
export async function intendOrder(order: OrderToPlace, { services, ledger, test, run }: Orderer): Promise<OrderIntent> {
  refuseFaultyForm(order.faults)
  const digest = formDigest(order.form)
  const claim = order.spkiSha256 ?? formClaim(digest)
  const names = claimNames({ claim, otherClaims: order.otherKeys, test })
  if (order.isFree !== true) {
    await refuseTaken(ledger, names, run?.id)
    await refuseGone(
      ledger,
      [order.spkiSha256, ...(order.otherKeys ?? [])].filter((key) => key !== undefined),
    )
  }
  // The balance first: where a login cannot be read nothing was ordered, and the key stays free.
  const own = async (): Promise<BalanceReading> => ({ balance: await order.balance() })
  const before = await ifReadable(order.balanceBefore ?? own)
  refuseStopped(services, run)
  services.observer.step({
    step: 'order',
    status: 'begin',
    detail: `placing the ${test ? 'test ' : ''}order with the CA`,
  })
  const event: Submission = {
    type: 'submitting',
    claim,
    ...(order.otherKeys === undefined ? {} : { otherClaims: order.otherKeys }),
    ...(order.toAuthorize === true ? { toAuthorize: true } : {}),
    ...(order.acme === true ? { acme: true } : {}),
    formSha256: digest,
    endpoint: order.endpoint,
    test,
    ...(order.csr === undefined ? {} : { csrSha256: sha256Hex(order.csr) }),
    ...(order.spkiSha256 === undefined ? {} : { spkiSha256: order.spkiSha256 }),
    ...(before === undefined ? {} : { balanceBefore: before.balance }),
    ...(before?.readBy === undefined ? {} : { balanceReadBy: before.readBy }),
  }
  return { event, names }
}

/**
 * Journals how an order ended, and gives back what it claimed where there is none. Throws EnrollError `order.unrecorded`, and for what was
 * not sent `ca.unreachable`, or what the outcome says.
 */
export async function takeOutcome(
  run: Run,
  order: Pick<OrderToPlace, 'evidence' | 'balance'>,
  outcome: OrderOutcome,
): Promise<void> {
  await recordOutcome(run, order, outcome).catch((cause: unknown) => {
    throw unrecorded(run, outcome, cause)
  })
  if (isCertain(outcome) && outcome.kind !== 'ordered') await releaseClaims(run)
  if (outcome.kind === 'not-sent') {
    if (outcome.error !== undefined) throw outcome.error
    throw new EnrollError('ca.unreachable', `Could not reach the CA: ${sentence(outcome.reason)} Nothing was sent.`, {
      remedy: `${outcome.remedy} Then ${run.record.device ? `continue with \`hsm-enroll runs resume ${run.id}\`` : 'submit the form again'}.`,
    })
  }
}

/** A refusal for a failure of the CA's own may hide an order: the key stays with the run until somebody has looked. */
const isCertain = (outcome: OrderOutcome): boolean =>
  outcome.kind !== 'unknown' && !(outcome.kind === 'rejected' && outcome.refusal.doubtful === true)

/**
 * Does the run hold the names that nobody else may order for while it does? False where this run has taken one before and does not know any
 * more what for: then nobody knows whether it was ordered, and nothing is sent.
 */
async function holdsClaims(run: Run, claims: readonly Claim[], intent: string): Promise<boolean> {
  const taking = await settleClaims(run.ledger, claims, { run: run.id, intent }, (known) => run.knows(known)).catch(
    async (error: unknown) => {
      await run.log({ type: 'not-sent', reason: 'the ledger could not be written' })
      throw error
    },
  )
  switch (taking.kind) {
    case 'taken':
      return true
    case 'held':
      await run.log({ type: 'not-sent', reason: taking.error.message })
      throw taking.error
    case 'forgotten': {
      const reason = 'this run has claimed the key before, and its journal does not have the outcome of that order'
      await run.log({ type: 'unknown', reason })
      run.services.observer.step({ step: 'order', status: 'waiting', detail: `outcome unknown: ${reason}` })
      return false
    }
  }
}

/** Ctrl-C, whenever it came: the steps before may not have waited for anything that it ends, and the POST does not heed it. */
function refuseStopped({ signal }: Run['services'], run: Run | undefined): void {
  if (signal?.aborted !== true) return
  throw new EnrollError('run.stopped', 'Stopped before the order; nothing was sent.', {
    remedy:
      run?.record.device === true ? `Continue with \`hsm-enroll runs resume ${run.id}\`.` : 'Submit the form again.',
  })
}

/** The answer is here and the journal cannot take it: the journal will say unknown, so the operator must hear what is known. */
function unrecorded(run: Run, outcome: OrderOutcome, cause: unknown): EnrollError {
  const known =
    outcome.kind === 'ordered' ? `The CA has the order ${outcome.orderNumber}` : `The order ended as "${outcome.kind}"`
  const word = outcome.kind === 'ordered' ? ` --order-number ${outcome.orderNumber}` : ' --not-placed'
  const next = isCertain(outcome) ? `resolve ${run.id}${word}` : `resume ${run.id}`
  return new EnrollError(
    'order.unrecorded',
    sentence(`${known}, but that could not be saved: ${(cause as Error).message}`),
    {
      remedy: `Write it down, free disk space, then run \`hsm-enroll runs ${next}\`.`,
      cause,
    },
  )
}

/** Throws EnrollError `order.form` (exit 1) with the first fault that the CA would refuse. */
export function refuseFaultyForm(all: readonly FormFault[]): void {
  const faults = all.filter((fault) => fault.severity === 'fail')
  const [first, ...others] = faults
  if (first === undefined) return
  const more =
    others.length === 0 ? '' : ` And ${others.length} more: ${others.map((fault) => fault.parameter).join(', ')}.`
  throw new EnrollError('order.form', `Could not place the order: ${sentence(first.detail)}${more}`, {
    remedy: first.remedy,
  })
}

/** The balance is evidence for later, not a condition: an account that may not read it can still order. */
async function ifReadable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof EnrollError && error.exitCode !== EXIT.usage) return undefined
    throw error
  }
}

async function recordOutcome(
  run: Run,
  order: Pick<OrderToPlace, 'evidence' | 'balance'>,
  outcome: OrderOutcome,
): Promise<void> {
  const { observer } = run.services
  switch (outcome.kind) {
    case 'ordered': {
      const { kind: _, certificateState: __, ...placed } = outcome
      await run.log({ type: 'ordered', ...placed })
      const charged =
        outcome.amount === undefined ? '' : `, ${outcome.paymentRequired ? 'to be paid' : 'charged'} ${outcome.amount}`
      observer.step({ step: 'order', status: 'done', detail: `order ${outcome.orderNumber}${charged}` })
      return
    }
    case 'rejected': {
      const causes = likelyCauses(order, outcome.refusal.code)
      await run.log({ type: 'rejected', refusal: outcome.refusal, causes })
      observer.step({
        step: 'order',
        status: 'refused',
        detail: [
          withRemedy(`${outcome.refusal.code}: ${outcome.refusal.message}`, outcome.refusal.remedy),
          ...causes,
        ].join('\n    '),
      })
      return
    }
    case 'not-sent':
      await run.log({ type: 'not-sent', reason: outcome.reason })
      return
    case 'unknown': {
      // Journalled first: the balance is another request, and this process may not live to see its answer.
      const { kind: _, ...unknown } = outcome
      await run.log({ type: 'unknown', ...unknown })
      await logBalance(run, unknown, () => ifReadable(order.balance))
      observer.step({ step: 'order', status: 'waiting', detail: `outcome unknown: ${outcome.reason}` })
      return
    }
  }
}

/** Key attestation refused: the CA's own text says little, the run's own facts say more. */
const KEY_ATTESTATION_REFUSED = -129

function likelyCauses({ evidence }: Pick<OrderToPlace, 'evidence'>, code: number): readonly string[] {
  if (code !== KEY_ATTESTATION_REFUSED || evidence === undefined) return []
  const { verdict, ...sent } = evidence
  const facts: AttestationRefusalFacts = {
    ...sent,
    packageForms: VERIFIERS[sent.hsmType].packageForms,
    checks: verdict?.checks ?? [],
    ...(verdict === undefined ? {} : { claims: verdict.claims, fips: verdict.device.fips }),
    ...(verdict?.device.firmware === undefined ? {} : { firmware: verdict.device.firmware }),
    ...(verdict?.attestedKey === undefined ? {} : { attestedSpkiSha256: verdict.attestedKey.spkiSha256 }),
  }
  return attestationRefusalCauses(facts).map(({ weight, cause, remedy }) => withRemedy(`${weight}: ${cause}`, remedy))
}
