/** What passes between the thread that holds the cards and the one that uses them. */
import type { TrustAnchor } from '../../../trust-anchors/trust-anchor.ts'
import type { ApduExchange } from './apdu-record.ts'
import type { CardFault } from './card-fault.ts'
import type { PersonalityName } from './personality.ts'
import type { TouchBehaviour } from './touch-button.ts'

export interface CardPlan {
  readonly personality?: PersonalityName
  readonly serial?: number
  readonly attestationKeyType?: 'RSA-2048' | 'P-256'
}

/** `card`: 0 for the first, 1 for the second. */
export type CardRequest =
  | {
      readonly do: 'insert' | 'remove' | 'clear-faults' | 'clear-record' | 'factory-reset' | 'snapshot' | 'record'
      readonly card: number
    }
  | { readonly do: 'fault'; readonly card: number; readonly fault: CardFault }
  | {
      readonly do: 'touch'
      readonly card: number
      readonly behaviour: TouchBehaviour
      readonly patienceMilliseconds?: number
    }
  | { readonly do: 'tries-left'; readonly card: number; readonly pin?: number; readonly puk?: number }

/** What a test may know of a card without asking it by APDU. */
export interface CardSnapshot {
  readonly serial: number
  readonly inserted: boolean
  readonly pinTriesLeft: number
  readonly pukTriesLeft: number
  readonly touchRequests: number
  readonly keys: readonly {
    readonly slot: number
    /** The algorithm octet: 0x07 RSA 2048, 0x11 P-256, 0x14 P-384. */
    readonly algorithm: number
    readonly generated: boolean
    readonly pinPolicy: number
    readonly touchPolicy: number
  }[]
  /** Ids of the data objects that are there. */
  readonly objects: readonly number[]
}

export type CardReply =
  | { readonly kind: 'done' }
  | { readonly kind: 'snapshot'; readonly snapshot: CardSnapshot }
  | { readonly kind: 'record'; readonly exchanges: readonly ApduExchange[] }
  | { readonly kind: 'failed'; readonly message: string }

export type FromWorker =
  | {
      readonly kind: 'started'
      readonly environment: Readonly<Record<string, string>>
      readonly trustAnchors: readonly (readonly TrustAnchor[])[]
      readonly rootCertificates: readonly (readonly Uint8Array[])[]
    }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'reply'; readonly id: number; readonly reply: CardReply }

export type ToWorker =
  | { readonly kind: 'request'; readonly id: number; readonly request: CardRequest }
  | { readonly kind: 'close' }
