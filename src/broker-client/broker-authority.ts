import { setTimeout as delay } from 'node:timers/promises'
import { EnrollError, sentence } from '../errors.ts'
import { jsonMember } from '../json-member.ts'
import type {
  CertificateAuthority,
  Collection,
  FormFault,
  OrderForm,
  OrderKey,
  OrderOptions,
  OrderOutcome,
  OrderProgress,
} from '../sectigo/certificate-authority.ts'
import { AUTO_APPLY_ORDER_ERRORS } from '../sectigo/errors/auto-apply-order.ts'
import { explainRefusal } from '../sectigo/errors/error-table.ts'
import { ORDER_IDENTITY_PARAMETERS } from '../sectigo/parameters/auto-apply-order-document-signing.ts'
import { orderTable } from '../sectigo/parameters/order-table.ts'
import { validateForm } from '../sectigo/parameters/validate-form.ts'
import { VERSION } from '../version.ts'
import { type BrokerAddress, type BrokerCall, type BrokerReply, callBroker } from './broker-call.ts'
import { codeIn, faultIn, strange, understood } from './broker-fault.ts'
import { type BrokeredOrder, hostPath, type OrderRequest, orderPath, ordersPath } from './messages.ts'
import { readBrokeredOrder } from './read-messages.ts'

export interface BrokerAuthorityOptions {
  /** Read with the first call. Throws EnrollError where a file or a secret cannot be read. */
  readonly address: () => Promise<BrokerAddress>
  readonly foreignOrderNumber: boolean
  /** The user who asks. */
  readonly requestedBy: string
  /** Milliseconds over which a call that failed is repeated; a broker that is restarted is back by then. */
  readonly patience: number
  readonly onTrace?: (line: string) => void
}

/** What a host asks before a run begins. */
export interface Brokered extends CertificateAuthority {
  /** By which name the broker knows this host. Throws EnrollError `broker.refused`, `broker.unreachable`. */
  greet(options?: { readonly signal?: AbortSignal }): Promise<string>
}

/** A CA behind a broker, as the enrolment run sees it. Requests are repeated freely: the broker orders once for a key. */
export function brokerAuthority(options: BrokerAuthorityOptions): Brokered {
  let address: Promise<BrokerAddress> | undefined
  /** What the broker said last of each order, for the question that follows the collection. */
  const progressOf = new Map<string, OrderProgress>()

  /** The last answer. `before`: an earlier try of the same call may have reached the broker. */
  async function call(wanted: BrokerCall): Promise<Answered> {
    address ??= options.address()
    const at = await address
    const end = performance.now() + options.patience
    let before = false
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const reply = await callBroker(at, wanted)
      options.onTrace?.(
        `${wanted.method} ${at.url.host}${wanted.path.slice(0, 40)}: ${reply.kind === 'reply' ? reply.status : reply.reason}`,
      )
      before ||= reply.kind === 'reply' && reply.repeated
      const again = reply.kind === 'failed' ? !reply.final : reply.status === 202 && isBeingOrdered(reply.body)
      if (!again || performance.now() + pause > end) return { reply, before }
      await delay(pause, undefined, wanted.signal === undefined ? {} : { signal: wanted.signal }).catch(() => undefined)
      if (wanted.signal?.aborted === true) return { reply, before }
      before ||= reply.kind === 'reply' || reply.sent
    }
  }

  async function look(key: OrderKey, signal?: AbortSignal): Promise<BrokeredOrder | undefined> {
    const { reply } = await call({ method: 'GET', path: orderPath(key.spkiSha256, key.test), signal })
    if (reply.kind === 'reply' && codeIn(reply) === 'broker.no-request') return undefined
    return orderIn(reply, key)
  }

  return {
    validateOrder: (form: OrderForm): readonly FormFault[] =>
      validateForm(orderTable(form).table, form, { also: options.foreignOrderNumber ? ORDER_IDENTITY_PARAMETERS : [] }),
    applyOrder: async (form, order) => {
      const body = requestOf(form, order, options.requestedBy)
      // What it throws was thrown before a connection: a file or a secret that cannot be read.
      const answered = await call({ method: 'POST', path: ordersPath, body }).catch((error: unknown) => {
        if (error instanceof EnrollError) return error
        throw error
      })
      if (answered instanceof EnrollError) return notSent(answered)
      const { reply, before } = answered
      try {
        return outcomeOf(orderIn(reply, order?.key))
      } catch (error) {
        if (!(error instanceof EnrollError)) throw error
        if (!saysNothingWasSent(reply, before))
          return { kind: 'unknown', reason: `${error.message.replace(/[.]$/, '')}; ${ASKED}` }
        return notSent(error)
      }
    },
    outcomeOf: async (key, more) => {
      const order = await look(key, more?.signal)
      if (order === undefined) return { kind: 'not-sent', reason: 'the broker has no request for it', remedy: RESUME }
      return order.state === 'ordering' ? undefined : outcomeOf(order)
    },
    balance: () =>
      Promise.reject(
        new EnrollError('broker.refused', 'A host does not see the balance of the account.', {
          remedy: 'Run `hsm-enroll balance` on the machine of the broker.',
        }),
      ),
    orderProgress: async (orderNumber) => progressOf.get(orderNumber) ?? UNKNOWN_PROGRESS,
    // The answer to the collection says it all.
    orderProgressIfDue: async (orderNumber) => progressOf.get(orderNumber),
    collect: async ({ orderNumber, spkiSha256 = '', test = false }, more) => {
      const order = await look({ spkiSha256, test }, more?.signal)
      if (order === undefined) throw strange('it does not know the order')
      const progress = progressIn(order)
      if (progress !== undefined) progressOf.set(orderNumber, progress)
      return collectionOf(order)
    },
    greet: async (more) => {
      const { reply } = await call({ method: 'GET', path: hostPath, signal: more?.signal })
      const name = reply.kind === 'reply' && reply.status === 200 ? jsonMember(reply.body, 'name') : undefined
      if (typeof name === 'string') return name.slice(0, 64)
      throw faultIn(reply)
    },
  }
}

const FIRST_PAUSE = 250
const LONGEST_PAUSE = 5000
const RESUME = 'Continue with `hsm-enroll runs resume RUN`.'
const UNKNOWN_PROGRESS: OrderProgress = { state: 'unknown', summary: 'the broker was not asked', steps: [] }

const isBeingOrdered = (body: unknown): boolean => jsonMember(body, 'state') === 'ordering'

const ASKED = 'the broker is asked when the run is resumed'

interface Answered {
  readonly reply: BrokerReply
  readonly before: boolean
}

/**
 * Is it certain that the broker has not ordered? It refused the order in words that are known here, or could not be reached. What it says
 * of a call alone (a certificate that is not pinned any more) does not hold for an earlier try, whose answer was lost.
 */
function saysNothingWasSent(reply: BrokerReply, before: boolean): boolean {
  if (reply.kind === 'failed') return !reply.sent && !before
  const code = codeIn(reply)
  if (code === 'ca.unreachable') return true
  return isRefusal(reply) && code !== undefined && !(before && code === 'broker.refused')
}

const isRefusal = ({ status }: Extract<BrokerReply, { kind: 'reply' }>): boolean => status >= 400 && status < 500

function requestOf(
  form: OrderForm,
  { run, attempt, certChains, keyName }: OrderOptions = {},
  requestedBy: string,
): OrderRequest {
  if (run === undefined || attempt === undefined) throw new Error('a broker takes orders of runs alone')
  return {
    form,
    ...(certChains === undefined ? {} : { certChains: Buffer.from(certChains).toString('base64') }),
    ...(keyName === undefined ? {} : { keyName }),
    run,
    attempt,
    requestedBy,
    version: VERSION,
  }
}

/** Throws EnrollError: what the broker said instead, or that it said nothing of the order that it was asked for. */
function orderIn(reply: BrokerReply, key?: OrderKey): BrokeredOrder {
  if (reply.kind === 'failed' || (reply.status !== 200 && reply.status !== 202)) throw faultIn(reply)
  const order = understood(() => readBrokeredOrder(reply.body))
  if (key !== undefined && (order.spkiSha256 !== key.spkiSha256 || order.test !== key.test))
    throw strange('it is about another order')
  return order
}

/** Throws EnrollError where an order has no number that has one. */
function outcomeOf(order: BrokeredOrder): OrderOutcome {
  const { state, orderNumber, amount, refusal, reason = state } = order
  switch (state) {
    case 'ordered':
    case 'issued':
      if (orderNumber === undefined) throw strange('it has an order without a number')
      return placed(orderNumber, amount)
    // The CA has had it, so that it does not end as if nothing had been sent, which is sent again: the collection says what became of it.
    case 'rejected':
      return orderNumber === undefined
        ? { kind: 'unknown', reason: `the broker says: ${reason}` }
        : placed(orderNumber, amount)
    case 'refused': {
      const { code = 0, message = '' } = refusal ?? {}
      return { kind: 'rejected', refusal: explainRefusal(AUTO_APPLY_ORDER_ERRORS, code, message) }
    }
    case 'awaiting-approval':
      return notSent(waiting(order))
    case 'declined':
      return notSent(declined(reason))
    case 'none':
      return { kind: 'not-sent', reason: 'the broker has sent nothing', remedy: RESUME }
    case 'ordering':
      return { kind: 'unknown', reason: 'the broker is still ordering; it is asked when the run is resumed' }
    case 'unknown':
      return { kind: 'unknown', reason: `the broker says: ${reason}` }
  }
}

const placed = (orderNumber: string, amount: string | undefined): OrderOutcome => ({
  kind: 'ordered',
  orderNumber,
  paymentRequired: false,
  ...(amount === undefined ? {} : { amount }),
})

const notSent = (error: EnrollError): OrderOutcome => ({
  kind: 'not-sent',
  reason: error.message,
  remedy: error.remedy,
  error,
})

const waiting = ({ rules = [] }: BrokeredOrder): EnrollError =>
  new EnrollError('broker.approval', `The order waits for a second person to approve it (${rules.join(', ')}).`, {
    remedy: 'Have it approved (`hsm-enroll orders pending`), then continue with `hsm-enroll runs resume RUN`.',
  })

const declined = (reason: string): EnrollError =>
  new EnrollError('broker.declined', sentence(`The broker does not order: ${reason}`), {
    remedy: 'Ask whoever declined it. Another order form is another request.',
  })

function progressIn({ state, progress, reason }: BrokeredOrder): OrderProgress | undefined {
  if (state === 'rejected') return { state: 'rejected', summary: reason ?? 'the CA rejected the order', steps: [] }
  return progress
}

function collectionOf({ certificates, nextPollAt, progress, reason, state }: BrokeredOrder): Collection {
  if (certificates !== undefined)
    return { kind: 'issued', certificates: certificates.map((text) => Buffer.from(text, 'base64')) }
  return {
    kind: 'not-yet',
    message: progress?.summary ?? reason ?? `the broker has the order as ${state}`,
    ...(nextPollAt === undefined ? {} : { nextCall: Date.parse(nextPollAt) }),
  }
}
