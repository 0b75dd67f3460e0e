import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { writePem } from '../../asn1/pem.ts'
import type { FlowAction } from './flow.ts'
import type { Order } from './order-book.ts'

export interface PushOptions {
  readonly url: string
  readonly user?: string
  readonly password?: string
  /** POST with certificate and chain, instead of GET. */
  readonly withCertificate?: boolean
  /** PEM that vouches for the receiver. */
  readonly caCertificates?: string
}

/** One notification as it was sent, and what came back; up to three attempts. */
export interface PushRecord {
  readonly orderNumber: string
  readonly status: string
  readonly statusCode: number
  readonly answers: readonly (number | string)[]
}

/** AutoApplyOrder 3.44, section 6. The certificate's state goes with every event. */
const STATUS: Readonly<Record<Order['state'], readonly [status: string, code: number, description: string]>> = {
  'awaiting-authorization': ['awaitingbrandvalidation', 12, 'Awaiting Validation (Brand)'],
  pending: ['awaitingbrandvalidation', 12, 'Awaiting Validation (Brand)'],
  issued: ['issued', 6, 'Valid'],
  rejected: ['rejected', 7, 'Rejected'],
  revoked: ['revoked', 8, 'Revoked'],
  replaced: ['replaced', 14, 'Replaced'],
  failed: ['failed', 3, 'PRE-SIGN FAILED'],
}

const EVENTS: Readonly<Partial<Record<FlowAction, readonly [status: string, description: string]>>> = {
  callback: ['verified', 'Phone number verified'],
  'send-agreement': ['click-through', 'EV click-through e-mail sent'],
}

/** Tells the receiver of a change, three times at most, as Sectigo does. Never throws. */
export async function sendPush(order: Order, action: FlowAction, options: PushOptions): Promise<PushRecord> {
  const [state, statusCode, description] = STATUS[order.state]
  const [status, statusDesc] = EVENTS[action] ?? [state, withReason(description, order)]
  const parameters = new URLSearchParams({
    orderNumber: order.orderNumber,
    certificateID: order.certificateId,
    status,
    statusCode: String(statusCode),
    statusDesc,
    ...(action in EVENTS ? { verificationCode: 'rehearsalCode123' } : {}),
    ...(options.withCertificate === true ? certificateOf(order) : {}),
  })
  const answers: (number | string)[] = []
  for (let attempt = 0; attempt < 3; attempt++) {
    const answer = await call(parameters, options)
    answers.push(answer)
    if (typeof answer === 'number' && answer >= 200 && answer < 300) break
  }
  return { orderNumber: order.orderNumber, status, statusCode, answers }
}

const withReason = (description: string, { reason, state }: Order): string =>
  reason !== undefined && (state === 'rejected' || state === 'failed') ? `${description}: ${reason}` : description

function certificateOf(order: Order): Record<string, string> {
  const [own, ...chain] = order.state === 'issued' ? (order.certificates ?? []) : []
  if (own === undefined) return {}
  return {
    certificate: writePem('CERTIFICATE', own),
    caCertificate: chain.map((der) => writePem('CERTIFICATE', der)).join(''),
  }
}

function call(parameters: URLSearchParams, options: PushOptions): Promise<number | string> {
  const post = options.withCertificate === true
  const url = new URL(options.url)
  if (!post) url.search = parameters.toString()
  const body = post ? parameters.toString() : undefined
  const login = `${options.user ?? ''}:${options.password ?? ''}`
  return new Promise((resolve) => {
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = open(url, {
      method: post ? 'POST' : 'GET',
      agent: false,
      timeout: 5000,
      ca: options.caCertificates,
      headers: {
        ...(options.user === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
    })
    request.once('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.once('timeout', () => request.destroy())
    request.once('error', (error) => resolve(error.message))
    request.end(body)
  })
}
