/**
 * What the enrolment run asks of the CA. `sectigo.ts` implements it over the endpoints; the run knows nothing of
 * parameters' spelling, response formats or error numbers.
 */

import type { DeviceKey } from '../../devices/device.ts'
import type { EnrollError } from '../errors.ts'

/** Parameters of one order by the documents' names (`product`, `days`, `organizationName`, `hsmType`, …), without the login. */
export type OrderForm = Readonly<Record<string, string>>

/** A CA refusal: by its documents nothing was ordered. */
export interface Refusal {
  /** The documents' number, e.g. -129. */
  readonly code: number
  /** The CA's own text, whole. */
  readonly message: string
  /** What the number means at this endpoint. */
  readonly cause: string
  readonly remedy: string
  /** True when sending the same order again can never succeed. */
  readonly final: boolean
  /** The CA failed on its own side, or gave a number that nobody documents: an order may have come about all the same. */
  readonly doubtful?: true
}

/** How one order ended, whatever it was. */
export type OrderOutcome =
  | {
      readonly kind: 'ordered'
      readonly orderNumber: string
      /** As the CA wrote it, in the account's currency. */
      readonly amount?: string
      /** Status 1: accepted, payment is still to be made. */
      readonly paymentRequired: boolean
      readonly certificateId?: string
      readonly certificateState?: string
    }
  | { readonly kind: 'rejected'; readonly refusal: Refusal }
  /** The request may have left this machine and no readable answer came. Never sent again. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly reply?: string }
  /** The request certainly never left (name not found, connection refused, TLS not established). */
  | {
      readonly kind: 'not-sent'
      readonly reason: string
      readonly remedy: string
      /** What it comes to, where that is not that the CA was out of reach. */
      readonly error?: EnrollError
    }

/** What an account has, as the CA writes it. */
export interface Balance {
  readonly accountId?: string
  readonly currency?: string
  /** Credit as the CA wrote it; the hard limit is apart. */
  readonly amount: string
  readonly hardLimit?: string
}

/** Where an order stands. `steps` are what is still open, in words for a person ("answer the callback"). */
export interface OrderProgress {
  readonly state: 'pending' | 'issued' | 'rejected' | 'revoked' | 'unknown'
  readonly summary: string
  readonly steps: readonly OrderStep[]
}

/** One step of the CA’s own procedure for an order. */
export interface OrderStep {
  readonly id: string
  readonly status: 'not-required' | 'open' | 'done' | 'in-progress' | 'unknown'
  /** What a person must do now, where the step is open. */
  readonly instruction?: string
}

/** What came of asking for a certificate. */
export type Collection =
  /** PEM or DER certificates, end entity first where the CA says which it is. */
  | { readonly kind: 'issued'; readonly certificates: readonly Uint8Array[] }
  /** `nextCall`: milliseconds since 1970 before which the documents forbid another call. */
  | { readonly kind: 'not-yet'; readonly message: string; readonly nextCall?: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** How a call to the CA may be ended. */
export interface CallOptions {
  readonly signal?: AbortSignal
}

/** An order that the device itself vouches for: what an ACME server needs of it. */
export interface AttestedOrder {
  /** The device's serial number, decimal. */
  readonly serial: string
  /** PKCS#10, DER. */
  readonly csr: Uint8Array
  /** The attestation, then its issuers, DER. */
  readonly x5c: readonly Uint8Array[]
  /** The attested key; its device is open. */
  readonly signer: Pick<DeviceKey, 'publicKey' | 'sign'>
  /** Journals how far the order has come, before what it says is sent. */
  readonly note: (event: { readonly type: 'acme-order' | 'finalizing'; readonly url: string }) => Promise<void>
}

/** A CA that takes orders with the device at hand. */
export interface AttestedOrders {
  /** Asks nothing that has an effect but the account's. Returns the address. Throws EnrollError. */
  reach(options?: CallOptions): Promise<string>
  /** Throws EnrollError, DeviceError where nothing can have been issued. */
  place(order: AttestedOrder): Promise<OrderOutcome>
}

/** By what a broker knows an order. */
export interface OrderKey {
  readonly spkiSha256: string
  readonly test: boolean
}

/** What a broker is told beside the form; a CA that is asked directly needs none of it. */
export interface OrderOptions extends CallOptions {
  /** What the form is for: an answer about another key is none. */
  readonly key?: OrderKey
  /** The run, and the hash of the entry by which its journal says that it orders. */
  readonly run?: string
  readonly attempt?: string
  /** Beside the evidence in the form: what its verification needs. */
  readonly certChains?: Uint8Array
  readonly keyName?: string
}

/** An order as whoever follows it knows it. */
export interface FollowedOrder {
  readonly orderNumber: string
  readonly certificateId?: string
  /** Of the key that it is for; by it a broker knows the order. */
  readonly spkiSha256?: string
  readonly test?: boolean
}

/** Reading calls throw EnrollError (`sectigo.…`, exit 4 or 2); only `applyOrder` reports every end as data. */
export interface CertificateAuthority {
  /** Checks a form against the endpoint's parameter table without sending anything; one line per fault. */
  validateOrder(form: OrderForm): readonly FormFault[]
  /** One POST, exactly once. */
  applyOrder(form: OrderForm, options?: OrderOptions): Promise<OrderOutcome>
  /**
   * What became of an order that was asked for: only a broker knows, and where there is none this is absent. Undefined where it is still
   * being ordered.
   */
  outcomeOf?(key: OrderKey, options?: CallOptions): Promise<OrderOutcome | undefined>
  balance(options?: CallOptions): Promise<Balance>
  orderProgress(orderNumber: string, options?: CallOptions): Promise<OrderProgress>
  /** The same for whoever asks again and again; undefined, without a call, where this order was asked about a moment ago. */
  orderProgressIfDue(orderNumber: string, options?: CallOptions): Promise<OrderProgress | undefined>
  collect(order: FollowedOrder, options?: CallOptions): Promise<Collection>
  /** Where it is there, orders are placed by it and by nothing else. */
  readonly attestedOrders?: AttestedOrders
}

/** What the CA would refuse, or may, of a form. */
export interface FormFault {
  readonly parameter: string
  readonly severity: 'fail' | 'warn'
  readonly detail: string
  readonly remedy: string
  readonly source: string
}
