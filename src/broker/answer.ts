import type { BrokerFault } from '../broker-client/messages.ts'
import { EnrollError, EXIT } from '../errors.ts'

/** What a call is answered with. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  /** Seconds after which to ask again. */
  readonly retryAfter?: number
}

/** A call that is turned away; thrown inside, written in one place. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly remedy: string

  constructor(status: number, code: string, message: string, remedy: string) {
    super(message)
    this.status = status
    this.code = code
    this.remedy = remedy
  }
}

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  'broker.request': 422,
  'order.form': 422,
  'order.evidence': 422,
  'broker.other-host': 409,
  'broker.decided': 409,
  'order.duplicate': 409,
  'broker.not-second': 403,
  'broker.no-request': 404,
  'broker.limit': 429,
  // Nothing was sent, or it is known on the next question: the same request may be repeated.
  'ca.unreachable': 503,
  'ledger.damaged': 503,
  'lock.held': 503,
}
const SOON = 5

/** What went wrong, as the other end is told: our own errors in their words, a defect in none. */
export function faultAnswer(error: unknown): Answer {
  if (error instanceof Refusal) return fault(error.status, error)
  if (!(error instanceof EnrollError))
    return fault(500, { code: 'defect', message: 'The broker failed.', remedy: 'Read the log of the broker.' })
  const status = STATUS_BY_CODE[error.code] ?? (isOfRequest(error) ? 422 : 503)
  return { ...fault(status, error), ...(status === 503 ? { retryAfter: SOON } : {}) }
}

/** What is wrong with a ledger is wrong with the broker, which may have ordered before it met it. */
const isOfRequest = ({ code, exitCode }: EnrollError): boolean => exitCode === EXIT.usage && !code.startsWith('ledger.')

function fault(status: number, { code, message, remedy }: { code: string; message: string; remedy: string }): Answer {
  const body: BrokerFault = { error: { code, message, remedy } }
  return { status, body }
}
