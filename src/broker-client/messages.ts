/** What hosts and the broker say to each other: JSON over TLS with client certificates; contrib/openapi/broker.json describes it whole. */
import type { OrderForm, OrderProgress } from '../sectigo/certificate-authority.ts'

/** A host asks for one order. Asked again for the same key, it is answered with the same order. */
export interface OrderRequest {
  /** The exact form, credentials left out; request and evidence are in it as the CA takes them. */
  readonly form: OrderForm
  /** Base64 of the chains that evidence of Google needs beside the statement. */
  readonly certChains?: string
  /** The key's name on the device, where evidence names keys. */
  readonly keyName?: string
  /** The run on the host. */
  readonly run: string
  /** Hash of the entry by which the host's journal says that it orders: its head. A new one is a new wish, after a refusal. */
  readonly attempt: string
  /** The user who asks, by the host's word. */
  readonly requestedBy: string
  /** Of hsm-enroll on the host. */
  readonly version: string
}

/**
 * `none`: nothing was sent to the CA. `ordering`: it is being sent, is about to be, or was a moment ago. `refused`: the CA refused it.
 * `rejected`: the CA had accepted it first. `unknown`: nobody knows whether the CA has it; a person has to find out, on the broker.
 */
export const ORDER_STATES = [
  'none',
  'awaiting-approval',
  'declined',
  'ordering',
  'ordered',
  'issued',
  'refused',
  'rejected',
  'unknown',
] as const
export type BrokeredState = (typeof ORDER_STATES)[number]

/** An order as the broker knows it. */
export interface BrokeredOrder {
  readonly spkiSha256: string
  readonly test: boolean
  readonly host: string
  readonly state: BrokeredState
  /** Of the request that the state is of. */
  readonly attempt?: string
  readonly orderNumber?: string
  /** As the CA wrote it. */
  readonly amount?: string
  /** Of `refused`: the CA's number and words. */
  readonly refusal?: { readonly code: number; readonly message: string }
  /** Of `declined`, `rejected`, `unknown` and `none`: why. */
  readonly reason?: string
  /** Of `awaiting-approval` and `declined`: the rules that ask for a second person. */
  readonly rules?: readonly string[]
  readonly progress?: OrderProgress
  /** ISO 8601, UTC: nothing new can be known before. */
  readonly nextPollAt?: string
  /** Of `issued`: DER in base64, end entity first where the CA says which it is. */
  readonly certificates?: readonly string[]
}

/** How a call that is not answered with an order ends. */
export interface BrokerFault {
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string }
}

/** Bytes. The largest evidence is 24 KB, in base64 within JSON. */
export const MAX_REQUEST = 256 << 10
/** A long list of pending requests, or a chain of certificates. */
export const MAX_REPLY = 4 << 20

/** What a host is known by. */
export const hostPath = '/v1/host'
export const ordersPath = '/v1/orders'
/** The order of a key; rehearsals (`test=Y`) are another one. */
export const orderPath = (spkiSha256: string, test: boolean): string =>
  `${ordersPath}/${spkiSha256}${test ? '?test=true' : ''}`
