/**
 * One certificate by ACME device-attest-01 (RFC 8555 7.4, draft-ietf-acme-device-attest-09). An order issues nothing until it is
 * finalised: whatever fails before that is certain. From there on the order itself says what became of it, and is asked before
 * anything is sent again.
 */
import { EnrollError, sentence } from '../errors.ts'
import { jsonMember } from '../json-member.ts'
import type { AttestedOrder, OrderOutcome } from '../sectigo/certificate-authority.ts'
import { type AcmeClient, type AcmeEnd, addressIn } from './acme-client.ts'
import type { AcmeReply } from './acme-reply.ts'
import { attestationObject } from './attestation-object.ts'
import { isBadNonce, isProblem, problemOf, refusalOf } from './problem.ts'

export interface Pace {
  /** Milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<void>
}

const POLLS = 10
const PAUSE = 1000
const CHALLENGE = 'device-attest-01'

/** Ends as an outcome that the run can keep. */
class Ended extends Error {
  readonly outcome: OrderOutcome
  constructor(outcome: OrderOutcome) {
    super(outcome.kind)
    this.outcome = outcome
  }
}

/**
 * Places the order, answers its challenge with the device, and finalises it. Throws DeviceError, EnrollError before it is finalised, when
 * nothing can have been issued; from then on every end is an outcome.
 */
export async function placeOrder(client: AcmeClient, order: AttestedOrder, pace: Pace): Promise<OrderOutcome> {
  try {
    const { newOrder } = await client.directory()
    const identifiers = [{ type: 'permanent-identifier', value: order.serial }]
    const placed = requireReply(await client.post(newOrder, { identifiers }, { again: true }), 'newOrder')
    const url = placed.location === undefined ? undefined : new URL(placed.location, newOrder).href
    if (url === undefined) throw unreadable('newOrder', 'no address of the order')
    const finalize = addressIn(placed.json, 'finalize', unreadable('newOrder', 'no address to finalise it at'))
    await order.note({ type: 'acme-order', url })
    if (statusOf(placed) !== 'ready') await authorize(client, placed, order, pace)
    await untilReady(client, url, pace)
    await order.note({ type: 'finalizing', url })
    return await finalise(client, { url, finalize, csr: order.csr, first: true })
  } catch (error) {
    if (error instanceof Ended) return error.outcome
    throw error
  }
}

/** Answers the one challenge of the order's one authorization. */
async function authorize(client: AcmeClient, placed: AcmeReply, order: AttestedOrder, pace: Pace): Promise<void> {
  const [address] = listOf(placed.json, 'authorizations')
  const authorization = await client.read(addressIn({ address }, 'address', unreadable('newOrder', 'no authorization')))
  if (statusOf(authorization) === 'valid') return
  const offered = listOf(authorization.json, 'challenges')
  const challenge = offered.find((each) => jsonMember(each, 'type') === CHALLENGE)
  if (challenge === undefined) throw notOffered(offered)
  const url = addressIn(challenge, 'url', unreadable('the authorization', 'no address of the challenge'))
  const token = jsonMember(challenge, 'token')
  if (typeof token !== 'string' || !/^[\w-]{1,256}$/.test(token)) throw unreadable('the challenge', 'no token')
  const { thumbprint } = await client.accountKey()
  const object = await attestationObject(order.x5c, order.signer, Buffer.from(`${token}.${thumbprint}`))
  await answer(client, url, { attObj: Buffer.from(object).toString('base64url') }, pace)
}

/** The challenge is asked, not the authorization: step-ca leaves that pending after a failure. Its answer is sent again only after badNonce, where it still waits for one. */
async function answer(client: AcmeClient, url: string, payload: unknown, { sleep }: Pace): Promise<void> {
  const first = await client.post(url, payload, { again: false })
  if (first.kind === 'not-sent') throw new Ended(first)
  const turnedAway = first.kind === 'reply' && isBadNonce(first)
  if (first.kind === 'reply' && first.status >= 300 && !turnedAway) throw refused(first)
  let seen = first.kind === 'reply' && !turnedAway ? first : await client.read(url)
  for (let polls = 0; polls < POLLS; polls++) {
    if (seen.status >= 300) throw refused(seen)
    const status = statusOf(seen)
    if (status === 'valid') return
    if (status === 'invalid') throw refusedBy(seen)
    if (status === 'pending' && first.kind === 'unknown') throw lost('the challenge', first.reason)
    if (status === 'pending' && turnedAway && polls === 0) {
      requireReply(await client.post(url, payload, { again: false }), 'the challenge')
    } else await sleep(PAUSE)
    seen = await client.read(url)
  }
  throw lost('the challenge', 'the server has not decided it')
}

async function untilReady(client: AcmeClient, url: string, { sleep }: Pace): Promise<void> {
  for (let polls = 0; polls < POLLS; polls++) {
    const order = await client.read(url)
    if (order.status >= 300) throw refused(order)
    const status = statusOf(order)
    if (status === 'ready') return
    if (status !== 'pending') throw refusedBy(order)
    await sleep(PAUSE)
  }
  throw lost('the order', 'it has not become ready although its challenge is valid')
}

interface Finalising {
  readonly url: string
  readonly finalize: string
  readonly csr: Uint8Array
  readonly first: boolean
}

/**
 * Sent once. After badNonce, and after an answer that is lost or is not the ACME server's, the order is asked; only what is still ready is
 * finalised again, and only after badNonce.
 */
async function finalise(client: AcmeClient, asked: Finalising): Promise<OrderOutcome> {
  const { url, finalize, csr, first } = asked
  let end: AcmeEnd
  try {
    end = await client.post(finalize, { csr: Buffer.from(csr).toString('base64url') }, { again: false })
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
    // No nonce: the request was never signed.
    return { kind: 'not-sent', reason: error.message, remedy: error.remedy }
  }
  if (end.kind === 'not-sent') return end
  if (end.kind === 'reply' && end.status < 300 && isFinalised(statusOf(end))) return ordered(url)
  const now = await orderNow(client, url)
  if (isFinalised(now)) return ordered(url)
  // A gateway that gave up says nothing of the server behind it, which may be issuing still.
  const isItsWord = end.kind === 'reply' && end.status >= 400 && isProblem(end)
  if (end.kind === 'unknown' || !(isItsWord || now === 'invalid') || now === undefined) {
    const said = end.kind === 'unknown' ? end.reason : `the server answered ${inWords(end)}`
    return { kind: 'unknown', reason: `the order ${url} was to be finalised, and ${said}` }
  }
  if (isBadNonce(end) && first && now === 'ready') return finalise(client, { ...asked, first: false })
  return { kind: 'rejected', refusal: refusalOf(end.status, problemOf(end.json)) }
}

const isFinalised = (status: string | undefined): boolean => status === 'valid' || status === 'processing'

const ordered = (url: string): OrderOutcome => ({ kind: 'ordered', orderNumber: url, paymentRequired: false })

/** Undefined where it cannot be asked. */
async function orderNow(client: AcmeClient, url: string): Promise<string | undefined> {
  try {
    const reply = await client.read(url)
    return reply.status < 300 ? statusOf(reply) : undefined
  } catch (error) {
    if (error instanceof EnrollError) return undefined
    throw error
  }
}

export function statusOf({ json }: AcmeReply): string | undefined {
  const status = jsonMember(json, 'status')
  return typeof status === 'string' ? status : undefined
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list = jsonMember(value, name)
  return Array.isArray(list) ? list.slice(0, 16) : []
}

export const inWords = (reply: AcmeReply): string => {
  const { type, detail } = problemOf(reply.json)
  return `HTTP ${reply.status} ${type}: ${detail}`
}

/** Throws where there is no answer, or no good one: nothing has been issued at that point. */
function requireReply(end: AcmeEnd, what: string): AcmeReply {
  if (end.kind === 'not-sent') throw new Ended(end)
  if (end.kind === 'unknown') throw lost(what, end.reason)
  if (end.status >= 300) throw refused(end)
  return end
}

const refused = (reply: AcmeReply): Ended =>
  new Ended({ kind: 'rejected', refusal: refusalOf(reply.status, problemOf(reply.json)) })

/** By the `error` of what it shows. */
const refusedBy = ({ status, json }: AcmeReply): Ended =>
  new Ended({ kind: 'rejected', refusal: refusalOf(status, problemOf(jsonMember(json, 'error'))) })

/** No status of HTTP: the server has not said it. */
const NO_ANSWER = 0

const lost = (what: string, why: string): Ended =>
  new Ended({
    kind: 'rejected',
    refusal: {
      code: NO_ANSWER,
      message: sentence(`no usable answer to ${what}: ${why}`),
      cause: 'the order was not finalised, so that no certificate was issued for it',
      remedy:
        'Check the server, then order again with `hsm-enroll runs resume RUN --order-again`: it will be a new order.',
      final: false,
    },
  })

const notOffered = (offered: readonly unknown[]): EnrollError => {
  const types = offered.map((each) => String(jsonMember(each, 'type')).slice(0, 40)).join(', ')
  return new EnrollError(
    'acme.challenge',
    `Could not prove the device to the ACME server: it offers no device-attest-01 (offered: ${types || 'nothing'}).`,
    { remedy: 'Use a provisioner that has the challenge device-attest-01 and the attestation format step.' },
  )
}

const unreadable = (what: string, why: string): EnrollError =>
  new EnrollError('acme.unreadable', `Could not read the answer of the ACME server to ${what}: ${why}.`, {
    remedy: 'Check acme.directory; nothing has been issued.',
  })
