import { setTimeout as delay } from 'node:timers/promises'
import { EnrollError, sentence } from '../errors.ts'
import { jsonMember } from '../json-member.ts'
import type {
  CertificateAuthority,
  Collection,
  FormFault,
  OrderForm,
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
import { faultIn, strange } from './broker-fault.ts'
import { type BrokeredOrder, hostPath, type OrderRequest, orderPath, ordersPath } from './messages.ts'
import { MessageFault, readBrokeredOrder } from './read-messages.ts'

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

  async function call(wanted: BrokerCall): Promise<BrokerReply> {
    address ??= options.address()
    const at = await address
    const end = performance.now() + options.patience
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const reply = await callBroker(at, wanted)
      options.onTrace?.(
        `${wanted.method} ${at.url.host}${wanted.path.slice(0, 40)}: ${reply.kind === 'reply' ? reply.status : reply.reason}`,
      )
      const again = reply.kind === 'failed' ? !reply.final : reply.status === 202 && isBeingOrdered(reply.body)
      if (!again || performance.now() + pause > end) return reply
      await delay(pause, undefined, wanted.signal === undefined ? {} : { signal: wanted.signal }).catch(() => undefined)
      if (wanted.signal?.aborted === true) return reply
    }
  }

  async function look(spkiSha256: string, test: boolean, signal?: AbortSignal): Promise<BrokeredOrder | undefined> {
    const reply = await call({ method: 'GET', path: orderPath(spkiSha256, test), signal })
    if (reply.kind === 'reply' && reply.status === 404) return undefined
    return orderIn(reply)
  }

  return {
    validateOrder: (form: OrderForm): readonly FormFault[] =>
      validateForm(orderTable(form).table, form, { also: options.foreignOrderNumber ? ORDER_IDENTITY_PARAMETERS : [] }),
    applyOrder: async (form, order) => {
      const body = requestOf(form, order, options.requestedBy)
      const reply = await call({ method: 'POST', path: ordersPath, body })
      if (reply.kind === 'failed' && reply.sent) return { kind: 'unknown', reason: `${lost(reply.reason)}; ${ASKED}` }
      if (reply.kind === 'reply' && mayHaveOrdered(reply))
        return { kind: 'unknown', reason: `${faultIn(reply).message.replace(/[.]$/, '')}; ${ASKED}` }
      try {
        return outcomeOf(orderIn(reply))
      } catch (error) {
        if (error instanceof EnrollError)
          return { kind: 'not-sent', reason: error.message, remedy: error.remedy, error }
        throw error
      }
    },
    outcomeOf: async ({ spkiSha256, test }, more) => {
      const order = await look(spkiSha256, test, more?.signal)
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
      const order = await look(spkiSha256, test, more?.signal)
      if (order === undefined) throw strange('it does not know the order')
      const progress = progressIn(order)
      if (progress !== undefined) progressOf.set(orderNumber, progress)
      return collectionOf(order)
    },
    greet: async (more) => {
      const reply = await call({ method: 'GET', path: hostPath, signal: more?.signal })
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

/** It failed, and has not said that nothing was sent: the order may have been placed before. */
const mayHaveOrdered = ({ status, body }: Extract<BrokerReply, { kind: 'reply' }>): boolean =>
  status >= 500 && jsonMember(jsonMember(body, 'error'), 'code') !== 'ca.unreachable'

const lost = (reason: string): string => `the broker did not answer (${reason})`

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

/** Throws EnrollError: what the broker said instead, or that it said nothing. */
function orderIn(reply: BrokerReply): BrokeredOrder {
  if (reply.kind === 'failed' || (reply.status !== 200 && reply.status !== 202)) throw faultIn(reply)
  try {
    return readBrokeredOrder(reply.body)
  } catch (error) {
    if (error instanceof MessageFault) throw strange(error.message)
    throw error
  }
}

function outcomeOf(order: BrokeredOrder): OrderOutcome {
  const { state, orderNumber, amount, refusal, reason = state } = order
  switch (state) {
    case 'ordered':
    case 'issued':
    case 'rejected':
      if (orderNumber === undefined) return notSent(declined(reason))
      return { kind: 'ordered', orderNumber, paymentRequired: false, ...(amount === undefined ? {} : { amount }) }
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
