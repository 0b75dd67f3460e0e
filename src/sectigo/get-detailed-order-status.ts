import type { OrderProgress } from './certificate-authority.ts'
import { GET_DETAILED_ORDER_STATUS_ERRORS } from './errors/get-detailed-order-status.ts'
import type { SectigoClient } from './http/client.ts'
import { GET_DETAILED_ORDER_STATUS } from './parameters/get-detailed-order-status.ts'
import { requireValid } from './parameters/require-valid.ts'
import { orderProgress } from './replies/order-progress.ts'
import { type OrderNode, readOrderStatus } from './replies/order-status.ts'
import { refusedError, requireReply, unreadable } from './replies/require-reply.ts'

const ENDPOINT = GET_DETAILED_ORDER_STATUS_ERRORS.endpoint

export interface StatusQuery {
  readonly orderNumber?: string
  /** Documented for SSL, personal authentication and code signing only: prefer the order number. */
  readonly certificateId?: string
  /** 0 status; 1 and its steps; 2 and the replacement orders. Default 1. */
  readonly queryType?: 0 | 1 | 2
}

/** `!GetDetailedOrderStatus`: the order, its items and its replacements as a tree. Throws EnrollError (exit 4). */
export async function getDetailedOrderStatus(
  client: SectigoClient,
  query: StatusQuery,
  signal?: AbortSignal,
): Promise<readonly OrderNode[]> {
  const form = {
    ...(query.orderNumber === undefined ? {} : { orderNumber: query.orderNumber }),
    ...(query.certificateId === undefined ? {} : { certificateID: query.certificateId }),
    queryType: String(query.queryType ?? 1),
  }
  requireValid(GET_DETAILED_ORDER_STATUS, form)
  const reply = requireReply(await client.post({ endpoint: ENDPOINT, form, signal }), ENDPOINT)
  const status = readOrderStatus(reply.text)
  switch (status.kind) {
    case 'status':
      return status.orders
    case 'refused':
      throw refusedError(GET_DETAILED_ORDER_STATUS_ERRORS, reply, status.code, status.message)
    case 'unreadable':
      throw unreadable(ENDPOINT, reply, 'it has none of the documented forms')
  }
}

/** The same as steps for a person. */
export async function followOrder(
  client: SectigoClient,
  orderNumber: string,
  signal?: AbortSignal,
): Promise<OrderProgress> {
  const orders = await getDetailedOrderStatus(client, { orderNumber }, signal)
  const named = orders.find((order) => order.orderNumber === orderNumber)
  return orderProgress(named ?? orders.find((order) => order.orderNumber === undefined))
}
