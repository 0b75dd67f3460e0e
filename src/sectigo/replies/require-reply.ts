import { EnrollError } from '../../errors.ts'
import type { Refusal } from '../certificate-authority.ts'
import { type ErrorTable, explainRefusal } from '../errors/error-table.ts'
import type { Answer } from '../http/client.ts'

export type Reply = Extract<Answer, { kind: 'reply' }>

/** For calls that only read: a reply with HTTP 2xx or 4xx, or an EnrollError that says how the call ended. */
export function requireReply(answer: Answer, endpoint: string): Reply {
  switch (answer.kind) {
    case 'reply':
      if (answer.status >= 200 && answer.status < 500 && (answer.status < 300 || answer.status >= 400)) return answer
      throw unreadable(endpoint, answer, `HTTP status ${answer.status}`)
    case 'not-sent':
      throw new EnrollError('sectigo.not-sent', `Could not call ${endpoint}: ${answer.reason}.`, {
        remedy: answer.remedy,
      })
    case 'unknown':
      throw new EnrollError('sectigo.no-answer', `Could not read the answer of ${endpoint}: ${answer.reason}.`, {
        remedy: 'Try again later.',
      })
  }
}

/** The call changed nothing that costs money; only its answer makes no sense. */
export function unreadable(endpoint: string, reply: Reply, why: string): EnrollError {
  const start = reply.redact(reply.text.slice(0, 120)).replace(/\s+/g, ' ').trim()
  return new EnrollError('sectigo.unreadable', `Could not read the answer of ${endpoint}: ${why}.`, {
    remedy: `Try again later. The CA sent HTTP ${reply.status} ${reply.contentType}: "${start}".`,
  })
}

/** A refusal of a call that only reads (`sectigo.refused`, exit 4). */
export class RefusedCall extends EnrollError {
  readonly refusal: Refusal

  constructor(endpoint: string, refusal: Refusal) {
    const what = `${refusal.cause} (${refusal.code} ${refusal.message})`
    super('sectigo.refused', `Sectigo refused ${endpoint}: ${what}.`, { remedy: refusal.remedy })
    this.refusal = refusal
  }
}

export const refusedError = (table: ErrorTable, reply: Reply, code: number, message: string): RefusedCall =>
  new RefusedCall(table.endpoint, explainRefusal(table, code, reply.redact(message)))
