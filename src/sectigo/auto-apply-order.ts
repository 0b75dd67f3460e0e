import type { OrderForm, OrderOutcome } from './certificate-authority.ts'
import { type ErrorTable, explainRefusal } from './errors/error-table.ts'
import type { Answer, SectigoClient } from './http/client.ts'
import { FormView } from './parameters/form-view.ts'
import { orderTable } from './parameters/order-table.ts'
import { sendableForm } from './parameters/validate-form.ts'
import { type OrderReplyOptions, readOrderReply } from './replies/order-reply.ts'

/**
 * `!AutoApplyOrder`, any product: one POST, exactly once. Debits the account when it succeeds. The form must have passed
 * validation; nothing is added to it but the login.
 */
export async function autoApplyOrder(
  client: SectigoClient,
  form: OrderForm,
  signal?: AbortSignal,
): Promise<OrderOutcome> {
  const { table, errors } = orderTable(form)
  const view = new FormView(form)
  const answer = await client.post({ endpoint: table.endpoint, form: sendableForm(table, form), signal })
  return orderOutcome(answer, errors, {
    showCertificateId: view.isYes('showCertificateID'),
    showCertificateState: view.isYes('showCertificateState'),
  })
}

/**
 * Reads how an ordering call ended. A readable success counts with HTTP 2xx only, a readable refusal with 2xx and 4xx;
 * everything else after the request left is `unknown`: a gateway's 5xx may stand before an order that was placed.
 */
export function orderOutcome(answer: Answer, errors: ErrorTable, options: OrderReplyOptions = {}): OrderOutcome {
  if (answer.kind === 'not-sent') return answer
  if (answer.kind === 'unknown') {
    return {
      kind: 'unknown',
      reason: answer.reason,
      ...(answer.partial === undefined ? {} : { reply: answer.partial }),
    }
  }
  const reply = readOrderReply(answer.text, options)
  const { status } = answer
  if (reply.kind === 'refused' && status >= 200 && status < 500 && !(status >= 300 && status < 400)) {
    const message = [reply.message, reply.item === undefined ? '' : `(${reply.item})`].join(' ').trim()
    return { kind: 'rejected', refusal: explainRefusal(errors, reply.code, answer.redact(message)) }
  }
  if (reply.kind === 'accepted' && status >= 200 && status < 300) {
    const { orderNumber, paymentRequired, amount, certificateId, certificateState } = reply
    return {
      kind: 'ordered',
      orderNumber,
      paymentRequired,
      ...(amount === undefined ? {} : { amount }),
      ...(certificateId === undefined ? {} : { certificateId }),
      ...(certificateState === undefined ? {} : { certificateState }),
    }
  }
  const why = reply.kind === 'unreadable' ? reply.why : 'the HTTP status does not match the reply'
  return {
    kind: 'unknown',
    reason: `HTTP ${status} ${answer.contentType}: ${why}`,
    reply: answer.redact(answer.text.slice(0, 4000)),
  }
}
