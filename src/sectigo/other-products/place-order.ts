import { orderOutcome } from '../auto-apply-order.ts'
import type { FormFault, OrderForm, OrderOutcome } from '../certificate-authority.ts'
import type { Answer, SectigoClient } from '../http/client.ts'
import { endpointUrl, readBaseUrl, SECTIGO_URL } from '../http/endpoint-url.ts'
import { FormView } from '../parameters/form-view.ts'
import { sendableForm, validateForm } from '../parameters/validate-form.ts'
import { PLACE_ORDER_ERRORS } from './place-order-errors.ts'
import { itemFaults, splitPlaceOrder } from './place-order-items.ts'
import { PLACE_ORDER, PLACE_ORDER_ITEM } from './place-order-parameters.ts'

/** Holds a `!PlaceOrder` form against its tables: order, each item, and what lies between. Nothing is sent. */
export function validatePlaceOrder(form: OrderForm): readonly FormFault[] {
  const { order, items, repeated } = splitPlaceOrder(form)
  const views = items.map(({ index, form: item }) => ({ index, view: new FormView(item) }))
  return [
    ...validateForm(PLACE_ORDER, order),
    ...repeated.map(
      (parameter): FormFault => ({
        parameter,
        severity: 'fail',
        detail: `${parameter}: it appears twice, with and without the underscore`,
        remedy: 'Keep one of them.',
        source: PLACE_ORDER.source,
      }),
    ),
    ...items.flatMap(({ index, form: item }) => itemFormFaults(index, item)),
    ...itemFaults(new FormView(order), views).map(
      ({ parameter, detail, remedy }): FormFault => ({
        parameter,
        severity: 'fail',
        detail: `${parameter}: ${detail}`,
        remedy,
        source: PLACE_ORDER.source,
      }),
    ),
  ]
}

/** The page's list of item parameters is "a sample": an unknown one is reported, not refused. */
function itemFormFaults(index: number, item: OrderForm): FormFault[] {
  return validateForm(PLACE_ORDER_ITEM, item).map((fault) => {
    const unknown = fault.detail.includes('no such parameter')
    return {
      ...fault,
      parameter: `${index}_${fault.parameter}`,
      ...(unknown
        ? {
            severity: 'warn' as const,
            detail: `${index}_${fault.parameter}: the page does not list it, and calls its list a sample`,
          }
        : { detail: `${index}_${fault.detail}` }),
    }
  })
}

/**
 * `!PlaceOrder`: one POST, exactly once. With `reseller=Y` nothing is charged until `!AutoAuthorize`; with N Sectigo
 * charges the customer.
 */
export async function placeOrder(client: SectigoClient, form: OrderForm, signal?: AbortSignal): Promise<OrderOutcome> {
  const answer = await client.post({ endpoint: '!PlaceOrder', form: sendableForm(PLACE_ORDER, form), signal })
  return orderOutcome(redirectAsReply(answer, form), PLACE_ORDER_ERRORS)
}

/** 307 and 308 ask for the same request at another place (RFC 9110 15.4): no browser is sent to a result with them. */
const SENDS_ON = [301, 302, 303]

/**
 * Where successURL or errorURL was given, the reply is a redirect to it whose query holds what the body would have held. It
 * is read where it stands and not followed; a redirect to anywhere else says nothing.
 */
export function redirectAsReply(answer: Answer, form: OrderForm): Answer {
  if (answer.kind !== 'reply' || !SENDS_ON.includes(answer.status) || answer.location === undefined) return answer
  const view = new FormView(form)
  const query = answer.location.split('#')[0]?.split('?').slice(1).join('?') ?? ''
  const target = /(^|&)errorCode=/i.test(query)
    ? view.get('errorURL')
    : /(^|&)orderNumber=/i.test(query)
      ? view.get('successURL')
      : undefined
  return target !== undefined && pageOf(target) === pageOf(answer.location)
    ? { ...answer, status: 200, text: query }
    : answer
}

const pageOf = (address: string): string | undefined => {
  if (!URL.canParse(address)) return undefined
  const { origin, pathname } = new URL(address)
  return origin + pathname
}

export interface OrderingUrlOptions {
  readonly url?: string
}

/**
 * The ordering URL (GET form) for a browser. It never holds a login: an address is kept in histories and logs, so the
 * customer types it on the page. The documents' own example does put it there.
 */
export function orderingUrl(form: OrderForm, options: OrderingUrlOptions = {}): string {
  const url = endpointUrl(readBaseUrl(options.url ?? SECTIGO_URL), '!PlaceOrder')
  for (const [name, value] of Object.entries(sendableForm(PLACE_ORDER, form))) {
    if (!/^login(name|password)$/i.test(name)) url.searchParams.append(name, value)
  }
  return url.href
}
