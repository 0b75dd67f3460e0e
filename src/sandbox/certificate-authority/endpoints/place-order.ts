import { itemFaults, type PlaceOrderItem, splitPlaceOrder } from '../../../sectigo/other-products/place-order-items.ts'
import {
  PLACE_ORDER,
  PLACE_ORDER_ITEM,
  PLACE_ORDER_PRODUCTS,
} from '../../../sectigo/other-products/place-order-parameters.ts'
import type { FormView } from '../../../sectigo/parameters/form-view.ts'
import { type CheckedCsr, checkCsr } from '../check-csr.ts'
import { checkForm } from '../check-form.ts'
import { checkLogin } from '../check-login.ts'
import { invalid, missing, Refused } from '../refusal.ts'
import { type Endpoint, type EndpointReply, parameter, type Rehearsal, urlEncoded } from '../rehearsal.ts'
import { verifyKeyAttestation } from '../verify-key-attestation.ts'

/** Item parameters that the page does not list ("a sample"; its HTML example has 1_MACAddress) pass unread. */
const KNOWN_ITEM = new Set(PLACE_ORDER_ITEM.parameters.map(({ name }) => name.toLowerCase()))

export const placeOrder: Endpoint = {
  path: '!PlaceOrder',
  get: true,
  costs: true,
  refuse: (form, { code, message, item }) =>
    deliver(parameter(form, 'errorURL'), {
      errorCode: code,
      errorMessage: message,
      ...(item && { errorItem: item }),
    }),
  async handle(form, rehearsal) {
    const { order, items, repeated } = splitPlaceOrder(Object.fromEntries(form))
    const [twice] = repeated
    if (twice !== undefined) throw invalid(twice)
    const view = checkForm(PLACE_ORDER, new Map(Object.entries(order)))
    const itemViews = items.map((item) => ({ index: item.index, view: checkItem(item) }))
    const [fault] = itemFaults(view, itemViews)
    if (fault?.code === -39) throw new Refused(-39, 'At least 1 item is missing from this order!', fault.parameter)
    if (fault !== undefined) throw fault.code === -3 ? missing(fault.parameter) : invalid(fault.parameter)
    checkLogin(form, rehearsal)
    checkCompany(view, itemViews)
    const request = await checkKeys(itemViews, rehearsal)
    const placed = rehearsal.orders.place({
      products: itemViews.map((item) => item.view.get('PPP') ?? item.view.get('ID') ?? ''),
      form,
      placedAt: rehearsal.now(),
      cost: itemViews.reduce((sum, item) => sum + priceOf(item.view, rehearsal), 0),
      test: false,
      state: view.isYes('reseller') ? 'awaiting-authorization' : 'pending',
      spki: request?.spki,
    })
    rehearsal.counters.ordersPlaced += 1
    rehearsal.placed(placed)
    // The sample success reply has the order number alone.
    return deliver(parameter(form, 'successURL'), { orderNumber: placed.orderNumber })
  },
}

/** To a browser the reply is a redirect that carries it in the query. */
function deliver(target: string | undefined, values: Readonly<Record<string, string | number>>): EndpointReply {
  const reply = urlEncoded(values)
  if (target === undefined || !/^https?:\/\//.test(target)) return reply
  const separator = target.includes('?') ? '&' : '?'
  return { status: 302, contentType: 'text/plain', body: '', location: `${target}${separator}${reply.body}` }
}

function checkItem(item: PlaceOrderItem): FormView {
  const known = Object.entries(item.form).filter(([name]) => KNOWN_ITEM.has(name.toLowerCase()))
  try {
    return checkForm(PLACE_ORDER_ITEM, new Map(known))
  } catch (error) {
    if (!(error instanceof Refused) || error.item === undefined) throw error
    const name = `${item.index}_${error.item}`
    throw new Refused(error.code, error.message.replace(`'${error.item}'`, `'${name}'`), name)
  }
}

/** -62: an organization's certificate needs its name. -65: no plan for the product. */
function checkCompany(view: FormView, items: readonly { readonly view: FormView }[]): void {
  for (const item of items) {
    const code = item.view.get('PPP')
    if (code !== undefined && PLACE_ORDER_PRODUCTS[code] === undefined) {
      throw new Refused(-65, 'PlanID for this product not found.')
    }
    if (PLACE_ORDER_PRODUCTS[code ?? '']?.kind === 'organization' && !view.has('organizationName')) {
      throw new Refused(-62, 'Company name is required but missing.', 'organizationName')
    }
  }
}

async function checkKeys(
  items: readonly { readonly view: FormView }[],
  rehearsal: Rehearsal,
): Promise<CheckedCsr | undefined> {
  let request: CheckedCsr | undefined
  for (const { view } of items) {
    const csr = view.get('csr')
    if (csr === undefined) continue
    request = checkCsrHere(csr, rehearsal)
    const hsmType = view.get('hsmType')
    const keyAttestation = view.get('keyAttestation')
    if (hsmType !== undefined && keyAttestation !== undefined) {
      await verifyKeyAttestation(hsmType, keyAttestation, request.spki, rehearsal.attestation)
    }
  }
  return request
}

/** The endpoint's table has no CSR errors but the key size: the others become an invalid argument. */
function checkCsrHere(csr: string, { compromisedKeys }: Rehearsal): CheckedCsr {
  try {
    return checkCsr(csr, { minimumRsa: 2048, commonName: 'any', compromisedKeys })
  } catch (error) {
    if (error instanceof Refused && error.code === -13) throw error
    if (error instanceof Refused) throw invalid('csr')
    throw error
  }
}

const priceOf = (view: FormView, { prices }: Rehearsal): number =>
  prices[view.get('PPP') ?? view.get('ID') ?? 'other'] ?? prices.other ?? 0
