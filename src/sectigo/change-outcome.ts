import type { Refusal } from './certificate-authority.ts'
import { type ErrorTable, explainRefusal } from './errors/error-table.ts'
import type { Answer } from './http/client.ts'
import { readReplyShape } from './replies/reply-shape.ts'

/** How a call ended that changes an order: authorize, refund, revoke. As data, like an order: it is never sent twice. */
export type ChangeOutcome =
  | { readonly kind: 'done'; readonly message?: string }
  | { readonly kind: 'rejected'; readonly refusal: Refusal }
  | { readonly kind: 'unknown'; readonly reason: string; readonly reply?: string }
  | { readonly kind: 'not-sent'; readonly reason: string; readonly remedy: string }

/** Either reply shape; 0 and 1 are success, below 0 a refusal, everything else is unknown. */
export function changeOutcome(answer: Answer, errors: ErrorTable): ChangeOutcome {
  if (answer.kind === 'not-sent') return answer
  if (answer.kind === 'unknown') {
    const { reason, partial } = answer
    return { kind: 'unknown', reason, ...(partial === undefined ? {} : { reply: partial }) }
  }
  const reply = readReplyShape(answer.text)
  const message = answer
    .redact(
      reply?.shape === 'parameters'
        ? (reply.parameters.get('errormessage') ?? '')
        : (reply?.lines.slice(1).join(' ') ?? ''),
    )
    .trim()
    .slice(0, 2000)
  const ok = answer.status >= 200 && answer.status < 300
  const readable = ok || (answer.status >= 400 && answer.status < 500)
  if (reply?.code !== undefined && reply.code < 0 && readable) {
    return { kind: 'rejected', refusal: explainRefusal(errors, reply.code, message) }
  }
  if ((reply?.code === 0 || reply?.code === 1) && ok) return { kind: 'done', ...(message === '' ? {} : { message }) }
  return {
    kind: 'unknown',
    reason: `HTTP ${answer.status} ${answer.contentType}: the reply has none of the documented forms`,
    reply: answer.redact(answer.text.slice(0, 4000)),
  }
}
