import {
  AUTO_APPLY_ORDER_DOCUMENT_SIGNING,
  ORDER_IDENTITY_PARAMETERS,
} from '../../../sectigo/parameters/auto-apply-order-document-signing.ts'
import type { FormView } from '../../../sectigo/parameters/form-view.ts'
import { orderTable } from '../../../sectigo/parameters/order-table.ts'
import { familyOf } from '../../../sectigo/parameters/products.ts'
import { type CheckedCsr, checkCsr } from '../check-csr.ts'
import { checkForm } from '../check-form.ts'
import { checkLogin } from '../check-login.ts'
import { formatCents } from '../ledger.ts'
import { costOf, debit, type Order } from '../order-book.ts'
import { invalid, permissionDenied, Refused } from '../refusal.ts'
import { type Endpoint, lines, type Rehearsal, refuseAsAsked, urlEncoded } from '../rehearsal.ts'
import { verifyKeyAttestation } from '../verify-key-attestation.ts'

export const autoApplyOrder: Endpoint = {
  path: '!AutoApplyOrder',
  costs: true,
  refuse: refuseAsAsked,
  async handle(form, rehearsal) {
    const view = readForm(form, rehearsal)
    checkLogin(form, rehearsal)
    checkAccount(view, rehearsal)
    const request = await checkKey(view, rehearsal)
    const unique = uniqueValue(view, rehearsal)
    const order = place(form, view, request, rehearsal)
    return accepted(order, view, unique, rehearsal)
  },
}

function readForm(form: ReadonlyMap<string, string>, { account }: Rehearsal): FormView {
  const { table } = orderTable(Object.fromEntries(form))
  const identity = table === AUTO_APPLY_ORDER_DOCUMENT_SIGNING && account.foreignOrderNumber
  return checkForm(table, form, identity ? ORDER_IDENTITY_PARAMETERS : [])
}

function checkAccount(view: FormView, { account, orders }: Rehearsal): void {
  if (!account.apiEnabled) {
    throw new Refused(
      -16,
      'Permission denied! Contact Sectigo Support to have your account enabled for the !AutoApplyOrder API.',
    )
  }
  if (view.isYes('test') && !account.testOrders) throw permissionDenied('test')
  for (const name of ['isAppRepValidated', 'isCallbackCompleted']) {
    if (view.isYes(name) && !account.raPrivileges) throw permissionDenied(name)
  }
  if (view.has('caCertificateID')) throw permissionDenied('caCertificateID')
  const foreign = view.get('foreignOrderNumber')
  if (foreign !== undefined && view.isYes('checkFONsUnique')) {
    const used = orders.all.some(({ form }) => [...form].some(([name, value]) => isForeign(name) && value === foreign))
    if (used) throw invalid('foreignOrderNumber')
  }
}

const isForeign = (name: string): boolean => name.toLowerCase() === 'foreignordernumber'

async function checkKey(view: FormView, rehearsal: Rehearsal): Promise<CheckedCsr | undefined> {
  const csr = view.get('csr', 'pkcs10')
  if (csr === undefined) return undefined
  const families = view.products.map(familyOf)
  const request = checkCsr(csr, {
    minimumRsa: families.includes('code-signing') ? 3072 : 2048,
    commonName: families.includes('document-signing') ? 'person' : 'any',
    compromisedKeys: rehearsal.compromisedKeys,
  })
  const hsmType = view.get('hsmType')
  const keyAttestation = view.get('keyAttestation')
  if (hsmType !== undefined && keyAttestation !== undefined) {
    await verifyKeyAttestation(hsmType, keyAttestation, request.spki, rehearsal.attestation)
  }
  return request
}

/**
 * A CSR that was sent before needs another uniqueValue: without one the CA makes it and says so (manual, uniqueValue).
 * For domain-validated products only: the value belongs to domain control.
 */
function uniqueValue(view: FormView, { orders }: Rehearsal): string | undefined {
  const csr = view.get('csr')
  if (csr === undefined || !view.products.some((code) => familyOf(code) === 'ssl')) return undefined
  const given = view.get('uniqueValue')
  if (orders.useToken(csr, given ?? '')) return given
  if (given !== undefined) throw new Refused(-55, 'This Request Token is not unique!')
  for (let n = 1; ; n++) {
    const made = `rehearsal${n}`
    if (orders.useToken(csr, made)) return made
  }
}

function place(
  form: ReadonlyMap<string, string>,
  view: FormView,
  request: CheckedCsr | undefined,
  rehearsal: Rehearsal,
): Order {
  const test = view.isYes('test')
  const cost = view.products.reduce((sum, code) => sum + (rehearsal.prices[code] ?? rehearsal.prices.other ?? 0), 0)
  const { ledger, account } = rehearsal
  if (!test && !account.paymentRequired && ledger.credit + ledger.hardLimit < cost) {
    throw new Refused(-15, 'Not enough credit!')
  }
  const order = rehearsal.orders.place({
    products: view.products,
    form,
    placedAt: rehearsal.now(),
    cost,
    test,
    state: 'pending',
    spki: request?.spki,
  })
  // A token is personalised by Sectigo: it makes the key itself.
  if (view.isYes('SmartCardBased')) order.steps.csr = -1
  if (view.isYes('isCallbackCompleted')) order.steps.callback = 1
  if (!account.paymentRequired) debit(order, ledger)
  rehearsal.counters.ordersPlaced += 1
  rehearsal.placed(order)
  return order
}

function accepted(order: Order, view: FormView, unique: string | undefined, { account }: Rehearsal) {
  const status = account.paymentRequired ? 1 : 0
  const cost = account.paymentRequired ? formatCents(order.cost) : costOf(order)
  const tail = new Map<string, string>()
  if (view.isYes('showCertificateID')) tail.set('certificateID', order.certificateId)
  if (view.isYes('showCertificateState')) tail.set('certificateStatus', order.state)
  if (unique !== undefined) tail.set('uniqueValue', unique)
  return view.get('responseFormat') === '1'
    ? urlEncoded({
        errorCode: status,
        orderNumber: order.orderNumber,
        totalCost: cost,
        expectedDeliveryTime: 0,
        ...Object.fromEntries(tail),
      })
    : lines(status, order.orderNumber, cost, 0, ...tail.values())
}
