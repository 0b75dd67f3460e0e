import type { Configuration } from '../config/configuration.ts'
import { EnrollError, sentence } from '../errors.ts'
import { autoApplyOrder } from '../sectigo/auto-apply-order.ts'
import type { FormFault, OrderForm } from '../sectigo/certificate-authority.ts'
import { getAccountBalance } from '../sectigo/get-account-balance.ts'
import { type OrderedKey, orderedKeys } from '../sectigo/ordered-keys.ts'
import { placeOrder, validatePlaceOrder } from '../sectigo/other-products/place-order.ts'
import { ORDER_IDENTITY_PARAMETERS } from '../sectigo/parameters/auto-apply-order-document-signing.ts'
import { FormView } from '../sectigo/parameters/form-view.ts'
import { orderTable } from '../sectigo/parameters/order-table.ts'
import { validateForm } from '../sectigo/parameters/validate-form.ts'
import { readFormContents } from './form-contents.ts'
import { judgeEvidence } from './judge-evidence.ts'
import { type OrderedEvidence, orderOnce, refuseFaultyForm } from './order-once.ts'
import { type Finding, isBlocker } from './plan/finding.ts'
import { type OpenRun, withNewRun } from './run.ts'
import type { RunRecord, RunSummary } from './run-record.ts'
import type { EnrollmentServices } from './services.ts'

/** `auto-apply`: document signing and TLS (`!AutoApplyOrder`); `place`: the other products (`!PlaceOrder`). */
export type FormKind = 'auto-apply' | 'place'

/** A form of the caller's own, and what is known of it before anything is sent. */
export interface JudgedForm {
  readonly form: OrderForm
  readonly kind: FormKind
  /** Not billed, by the form's own word. */
  readonly test: boolean
  /** Against the documents' tables; one of severity `fail` is what the CA would refuse. */
  readonly faults: readonly FormFault[]
  readonly refused: boolean
  /** The keys that it orders for; empty if it is refused. */
  readonly keys: readonly OrderedKey[]
  readonly evidence: readonly OrderedEvidence[]
  /**
   * What does not hold of the evidence. What cannot be read, is not genuine, or is of another key blocks, unless the caller said to
   * send it anyway; what policy would refuse is a warning.
   */
  readonly findings: readonly Finding[]
  /** What was read out of other forms, and how it is sent now. */
  readonly notes: readonly string[]
}

/** How strict `judgeForm` is. */
export interface JudgeOptions {
  /** Evidence that does not hold is warned of, and sent. */
  readonly sendAnyway?: boolean
}

/**
 * Judges an order form of your own, and the evidence in it, which is read in whatever form it has. Sends nothing.
 *
 * @param written - Parameters by the documents' names; `readOrderForm` reads them from a file.
 * @param now - Milliseconds since 1970, for the evidence.
 * @throws EnrollError `csr.unreadable`, `asn1.…`, for a request that cannot be read; `input.private-key`.
 * @example
 * ```ts
 * const configuration = await loadConfiguration({ profile: 'account.yaml' })
 * const form = readOrderForm(readFileSync('order.yaml', 'utf8'), readFileSync)
 * const judged: JudgedForm = await judgeForm(form, 'auto-apply', configuration, Date.now())
 * console.log(judged.refused, judged.faults, judged.findings)
 * ```
 */
export async function judgeForm(
  written: OrderForm,
  kind: FormKind,
  configuration: Configuration,
  now: number,
  { sendAnyway = false }: JudgeOptions = {},
): Promise<JudgedForm> {
  const { form, notes } = readFormContents(written)
  const also = configuration.flag('sectigo.foreignOrderNumber') ? ORDER_IDENTITY_PARAMETERS : []
  const faults = kind === 'place' ? validatePlaceOrder(form) : validateForm(orderTable(form).table, form, { also })
  const refused = faults.some(({ severity }) => severity === 'fail')
  const keys = refused ? [] : orderedKeys(form, kind)
  const { judged, findings } = await judgeEvidence(keys, configuration, { now, sendAnyway })
  const test = kind === 'auto-apply' && new FormView(form).isYes('test')
  return { form, kind, test, faults, refused, keys, evidence: judged, findings, notes }
}

/**
 * Places the order of a judged form in a run of its own, with one journalled POST. A form whose key was ordered for before is refused, and
 * so is one that a finding blocks.
 *
 * @returns The run: state `ordered`, `rejected` or `unknown`.
 * @throws EnrollError `order.form`, `order.evidence`, `order.duplicate`, `order.key-gone`, `order.unrecorded`, `ca.unreachable`,
 * `run.stopped`.
 * @example
 * ```ts
 * async function order(judged: JudgedForm, configuration: Configuration, services: EnrollmentServices): Promise<void> {
 *   const { record } = await orderFromForm(judged, { configuration, profile: 'order.yaml' }, services)
 *   console.log(record.orderNumber ?? record.state)
 * }
 * ```
 */
export async function orderFromForm(
  judged: JudgedForm,
  { configuration, profile, onBegun }: OrderSetting,
  services: EnrollmentServices,
): Promise<RunSummary & { readonly record: RunRecord }> {
  const { form, kind, test, faults, keys, evidence } = judged
  refuseFaultyForm(faults)
  refuseFaultyEvidence(judged)
  const endpoint = configuration.required('sectigo.endpoint')
  const [key, ...others] = keys
  const [worst] = evidence
  const { connectToCa } = await import('./ca-client.ts')
  const client = connectToCa(configuration, services.reading, services.onTrace)
  return withNewRun({ configuration, profile, test, device: false }, services, async (run) => {
    onBegun?.(run)
    await orderOnce(run, {
      form,
      endpoint,
      ...(key?.csr === undefined ? {} : { csr: key.csr }),
      ...(key === undefined ? {} : { spkiSha256: key.spkiSha256 }),
      ...(others.length === 0 ? {} : { otherKeys: others.map(({ spkiSha256 }) => spkiSha256) }),
      ...(worst === undefined ? {} : { evidence: worst }),
      ...(kind === 'place' && new FormView(form).isYes('reseller') ? { toAuthorize: true } : {}),
      faults,
      balance: () => getAccountBalance(client, services.signal),
      // No abort signal: once the form is on its way, the answer is waited for.
      send: () => (kind === 'place' ? placeOrder(client, form) : autoApplyOrder(client, form)),
    })
    return run.summary
  })
}

/** Throws EnrollError `order.evidence` with the first thing that does not hold of the evidence. */
export function refuseFaultyEvidence({ findings }: JudgedForm): void {
  const [first, ...others] = findings.filter(isBlocker)
  if (first === undefined) return
  const more = others.length === 0 ? '' : ` And ${others.length} more: ${others.map(({ code }) => code).join(', ')}.`
  throw new EnrollError('order.evidence', `Could not place the order: ${sentence(first.message)}${more}`, {
    remedy: `${first.remedy} To send it unchanged anyway: --send-anyway.`,
  })
}

/** What an order from a form is placed under. */
export interface OrderSetting {
  readonly configuration: Configuration
  /** What the run is listed under: the form's file. */
  readonly profile: string
  /** Called once the run exists, before anything is sent. */
  readonly onBegun?: (run: OpenRun) => void
}
