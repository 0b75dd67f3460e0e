import type { BrokeredOrder } from '../broker-client/messages.ts'
import { MessageFault, readDecision, readOrderRequest } from '../broker-client/read-messages.ts'
import { orderClaim } from '../ledger/fact.ts'
import { VERSION } from '../version.ts'
import { type Answer, Refusal } from './answer.ts'
import type { Caller } from './callers.ts'
import type { OrderDesk } from './order-desk.ts'

/** One call, taken apart. */
export interface Call {
  readonly caller: Caller
  /** What the path's pattern caught. */
  readonly parameters: readonly string[]
  readonly query: URLSearchParams
  /** Parsed JSON; undefined where the route takes none. */
  readonly body: unknown
}

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: RegExp
  /** As the OpenAPI document and the metrics have it. */
  readonly name: string
  readonly caller: Caller['kind']
  readonly handle: (call: Call, desk: OrderDesk) => Promise<Answer>
}

const SPKI = '([0-9a-f]{64})'

// biome-ignore format: a table
export const ROUTES: readonly Route[] = [
  { method: 'POST', path: /^\/v1\/orders$/, name: '/v1/orders', caller: 'host', handle: place },
  { method: 'GET', path: new RegExp(`^/v1/orders/${SPKI}$`), name: '/v1/orders/{spki}', caller: 'host', handle: look },
  { method: 'GET', path: /^\/v1\/host$/, name: '/v1/host', caller: 'host', handle: greet },
  { method: 'GET', path: /^\/v1\/requests$/, name: '/v1/requests', caller: 'person', handle: pending },
  { method: 'POST', path: new RegExp(`^/v1/requests/${SPKI}/decision$`), name: '/v1/requests/{spki}/decision', caller: 'person', handle: decide },
]

async function place({ caller, body }: Call, desk: OrderDesk): Promise<Answer> {
  if (caller.kind !== 'host') throw new Error('a route let in whom it should not')
  return orderAnswer(await desk.place(caller.host, read(body, readOrderRequest)))
}

async function look({ caller, parameters, query }: Call, desk: OrderDesk): Promise<Answer> {
  if (caller.kind !== 'host') throw new Error('a route let in whom it should not')
  const order = await desk.look(caller.host, claimOf(parameters, query))
  if (order === undefined) {
    // The same for a key that nobody asked for and for another host's.
    throw new Refusal(404, 'broker.no-request', 'The broker has no order of this host for the key.', 'Order first.')
  }
  return orderAnswer(order)
}

/** What a host asks before it generates a key. */
async function greet({ caller }: Call): Promise<Answer> {
  if (caller.kind !== 'host') throw new Error('a route let in whom it should not')
  return { status: 200, body: { name: caller.host.name, version: VERSION } }
}

async function pending(_: Call, desk: OrderDesk): Promise<Answer> {
  return { status: 200, body: { requests: await desk.pending() } }
}

async function decide({ caller, parameters, query, body }: Call, desk: OrderDesk): Promise<Answer> {
  if (caller.kind !== 'person') throw new Error('a route let in whom it should not')
  const order = await desk.decide(caller.person, claimOf(parameters, query), read(body, readDecision))
  return { status: 200, body: order }
}

const claimOf = ([spki = '']: readonly string[], query: URLSearchParams): string =>
  orderClaim(spki, query.get('test') === 'true')

/** Something goes on with these: they are asked for again. */
const UNDER_WAY: readonly BrokeredOrder['state'][] = ['awaiting-approval', 'ordering']

/** Seconds. */
const SOON = 5
const LATER = 60

function orderAnswer(order: BrokeredOrder): Answer {
  if (UNDER_WAY.includes(order.state))
    return { status: 202, body: order, retryAfter: order.state === 'ordering' ? SOON : LATER }
  return { status: 200, body: order, ...(order.state === 'ordered' ? { retryAfter: LATER } : {}) }
}

function read<T>(body: unknown, reader: (body: unknown) => T): T {
  try {
    return reader(body)
  } catch (error) {
    if (!(error instanceof MessageFault)) throw error
    throw new Refusal(
      400,
      'broker.refused',
      `The broker could not read the message: ${error.message}.`,
      'Use the same version of hsm-enroll on the host and on the broker.',
    )
  }
}
