import type { Name } from '../../asn1/name.ts'
import { ATTRIBUTE_TYPES } from '../../asn1/name.ts'
import type { IssueRequest } from './issuing-ca.ts'
import type { Order } from './order-book.ts'
import { parameter, type Rehearsal } from './rehearsal.ts'

const DOCUMENT_SIGNING = ['706', '1214']
const CODE_SIGNING = ['8', '530', '551']

/** Signs the certificate of an order that came with a CSR; an order without one is only marked as issued. */
export function issueOrder(order: Order, rehearsal: Rehearsal): void {
  order.state = 'issued'
  if (order.spki === undefined || order.certificates !== undefined) return
  const ca = order.test ? rehearsal.issuing.test : rehearsal.issuing.regular
  const certificate = ca.issue({
    subject: subjectOf(order),
    spki: order.spki,
    days: Math.min(Number(parameter(order.form, 'days') ?? '365'), 460),
    purpose: purposeOf(order),
    now: rehearsal.now(),
  })
  order.certificates = [certificate, ...ca.chain]
}

function purposeOf({ products }: Order): IssueRequest['purpose'] {
  if (products.some((code) => DOCUMENT_SIGNING.includes(code) || /^605\d$/.test(code))) return 'document-signing'
  return products.some((code) => CODE_SIGNING.includes(code)) ? 'code-signing' : 'other'
}

/** An organization's name, or that of the person within it. */
function subjectOf(order: Order): Name {
  const value = (name: string) => parameter(order.form, name) ?? ''
  const forename = value('appRepForename') || value('foreName')
  const surname = value('appRepSurname') || value('surName')
  const person = `${forename} ${surname}`.trim()
  const individual = order.products.includes('1214') || value('includeIndividual') === 'Y'
  const organization = value('organizationName')
  const attributes: readonly (readonly [string, string])[] = [
    ['C', value('countryName') || value('country')],
    ['ST', value('stateOrProvinceName')],
    ['L', value('localityName')],
    ['O', organization],
    ['CN', individual && person !== '' ? person : organization || person || `Order ${order.orderNumber}`],
  ]
  return attributes.filter(([, text]) => text !== '').map(([short, text]) => [{ oid: oidOf(short), value: text }])
}

const oidOf = (short: string): string => ATTRIBUTE_TYPES.find((type) => type.short === short)?.oid ?? ''
