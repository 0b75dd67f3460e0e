import type { OrderForm } from '../certificate-authority.ts'
import type { FormView } from '../parameters/form-view.ts'
import { PLACE_ORDER_PRODUCTS, type PlaceOrderKind, TOKEN_SHIPPING_PARAMETERS } from './place-order-parameters.ts'

export interface PlaceOrderItem {
  readonly index: number
  /** Parameter names without the prefix. */
  readonly form: OrderForm
}

const ITEM = /^_?([1-9]\d{0,2})_(\w{1,64})$/

export interface SplitPlaceOrder {
  readonly order: OrderForm
  readonly items: readonly PlaceOrderItem[]
  /** Names that stand both with and without the underscore: nobody knows which of the two the CA takes. */
  readonly repeated: readonly string[]
}

/** Splits a form into what belongs to the order and what to each item (`1_PPP`, `_1_PPP`), items in order. */
export function splitPlaceOrder(form: OrderForm): SplitPlaceOrder {
  const order = new Map<string, string>()
  const items = new Map<number, Map<string, string>>()
  const repeated: string[] = []
  for (const [name, value] of Object.entries(form)) {
    const match = ITEM.exec(name)
    if (match === null) order.set(name, value)
    else {
      const [index, parameter] = [Number(match[1]), match[2] ?? '']
      const item = items.get(index) ?? new Map<string, string>()
      if (item.has(parameter)) repeated.push(`${index}_${parameter}`)
      items.set(index, item.set(parameter, value))
    }
  }
  return {
    order: Object.fromEntries(order),
    items: [...items].sort(([a], [b]) => a - b).map(([index, item]) => ({ index, form: Object.fromEntries(item) })),
    repeated,
  }
}

/** What is wrong between the items of an order, with the documents' error number. */
export interface ItemFault {
  readonly code: -3 | -4 | -39
  readonly parameter: string
  readonly detail: string
  readonly remedy: string
}

/**
 * Items number from 1 without gaps; a certificate on a token comes with a token and one shipping, and with an address. The
 * page asks for them with every Organization certificate, which a key in the customer's own device cannot need: they are
 * asked for where no key attestation is given.
 */
export function itemFaults(
  order: FormView,
  items: readonly { readonly index: number; readonly view: FormView }[],
): ItemFault[] {
  if (items.length === 0) {
    return [
      { code: -39, parameter: '1_PPP', detail: 'the order contains no item', remedy: 'Add 1_PPP, for example 6053.' },
    ]
  }
  const gap = items.findIndex(({ index }, position) => index !== position + 1)
  if (gap >= 0) {
    const detail = `item ${gap + 1} is missing`
    return [{ code: -3, parameter: `${gap + 1}_PPP`, detail, remedy: 'Number the items from 1 without gaps.' }]
  }
  const kinds = items.map(({ view }) => kindOf(view))
  const onToken = items.some(
    ({ view }) =>
      view.isYes('smartCardBased') ||
      (kindOf(view) === 'organization' && !view.has('smartCardBased') && !view.has('hsmType', 'keyAttestation')),
  )
  if (!onToken) return withoutToken(kinds)
  const faults: ItemFault[] = []
  for (const kind of ['token', 'shipping'] as const) {
    if (kinds.filter((found) => found === kind).length === 1) continue
    const code = kind === 'token' ? '495' : 'one of 496, 497 and 498'
    faults.push({
      code: -39,
      parameter: 'PPP',
      detail: `a token order needs ${code} exactly once`,
      remedy: `Add an item with PPP ${code}.`,
    })
  }
  for (const parameter of TOKEN_SHIPPING_PARAMETERS) {
    if (order.has(parameter)) continue
    faults.push({ code: -3, parameter, detail: 'it is required for a token order', remedy: `Specify ${parameter}.` })
  }
  return faults
}

function withoutToken(kinds: readonly (PlaceOrderKind | undefined)[]): ItemFault[] {
  const stray = kinds.some((kind) => kind === 'token' || kind === 'shipping')
  const detail = 'token or shipping is ordered for a key that stays in your own device'
  return stray ? [{ code: -4, parameter: 'PPP', detail, remedy: 'Remove 495 to 498, or set smartCardBased to Y.' }] : []
}

const kindOf = (view: FormView): PlaceOrderKind | undefined => PLACE_ORDER_PRODUCTS[view.get('PPP') ?? '']?.kind
