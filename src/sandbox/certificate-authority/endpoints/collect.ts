import { integer, oid, sequence, setOf, tlv } from '../../../asn1/der-writer.ts'
import { writePem } from '../../../asn1/pem.ts'
import { COLLECT } from '../../../sectigo/parameters/collect.ts'
import { checkForm } from '../check-form.ts'
import { checkLogin } from '../check-login.ts'
import { invalid, Refused } from '../refusal.ts'
import { type Endpoint, type EndpointReply, lines, refuseAsAsked } from '../rehearsal.ts'

const FLOOR = 3 * 3_600_000
const lastCalls = new WeakMap<object, Map<string, number>>()

/** The form of CollectSSL: status line 2 with certificates, 1 available, 0 in process. */
export const collect: Endpoint = {
  path: 'download/CollectSSL',
  exclusive: true,
  refuse: refuseAsAsked,
  handle(form, rehearsal) {
    const view = checkForm(COLLECT, form)
    checkLogin(form, rehearsal)
    const number = view.get('orderNumber', 'baseOrderNumber')
    const order =
      number === undefined ? rehearsal.orders.findCertificate(view.get('certificateID')) : rehearsal.orders.find(number)
    if (order === undefined) throw invalid(number === undefined ? 'certificateID' : 'orderNumber')
    countPoll(rehearsal, order.orderNumber, rehearsal.now())
    if (order.state === 'rejected') throw new Refused(-14, `The order was rejected: ${order.reason ?? ''}`)
    if (order.certificates === undefined || order.state !== 'issued') return lines(0)
    return certificates(order.certificates, view.get('queryType') ?? '0', view.get('responseType') ?? '3', {
      binary: view.get('responseEncoding') === '1',
    })
  },
}

function countPoll(rehearsal: { readonly counters: { collectedTooSoon: number } }, order: string, now: number): void {
  const calls = lastCalls.get(rehearsal) ?? new Map<string, number>()
  lastCalls.set(rehearsal, calls)
  const last = calls.get(order)
  if (last !== undefined && now - last < FLOOR) rehearsal.counters.collectedTooSoon += 1
  calls.set(order, now)
}

function certificates(
  list: readonly Uint8Array[],
  queryType: string,
  responseType: string,
  { binary }: { readonly binary: boolean },
): EndpointReply {
  const [own, ...chain] = list
  if (queryType === '0' || own === undefined) return lines(1)
  const wanted = queryType === '2' ? [own] : queryType === '3' ? chain : list
  if (responseType !== '2') return lines(2, ...wanted.map((der) => writePem('CERTIFICATE', der).trimEnd()))
  const pkcs7 = certsOnly(wanted)
  return binary
    ? { contentType: 'application/x-pkcs7-certificates', body: pkcs7 }
    : lines(2, Buffer.from(pkcs7).toString('base64'))
}

/** Certs-only SignedData (RFC 5652 5.1). */
function certsOnly(list: readonly Uint8Array[]): Uint8Array {
  const data = sequence(oid('1.2.840.113549.1.7.1'))
  const signedData = sequence(integer(1), setOf(), data, tlv(0xa0, ...list), setOf())
  return sequence(oid('1.2.840.113549.1.7.2'), tlv(0xa0, signedData))
}
