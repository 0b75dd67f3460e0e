import type { Balance, OrderStep, Refusal } from '../sectigo/certificate-authority.ts'
import type { OtherOrders } from '../sectigo/resolve-unknown.ts'

/** How far a run has come. `checked` means: the evidence is acceptable and an order may be placed. */
const RUN_STATES = [
  'planned',
  'key-generated',
  'csr-signed',
  'attested',
  'checked',
  'submitting',
  'ordered',
  'rejected',
  'unknown',
  'issued',
  'installed',
  'abandoned',
] as const
/** How far a run has come. `checked`: the evidence is acceptable and an order may be placed. */
export type RunState = (typeof RUN_STATES)[number]

/** Is `state` at or past `goal`, counting along the order of RUN_STATES? */
export const hasReached = (state: RunState, goal: RunState): boolean =>
  RUN_STATES.indexOf(state) >= RUN_STATES.indexOf(goal)

/** A file of the run folder, by name and content. */
export interface Artefact {
  readonly file: string
  readonly sha256: string
}

/** One order, as its intent was journalled before it was sent. */
export interface Submission {
  readonly type: 'submitting'
  /** SHA-256 of the exact form, credentials left out. */
  readonly formSha256: string
  readonly csrSha256?: string
  readonly spkiSha256?: string
  /** Name of the marker that holds the key (or the form) for this run. */
  readonly claim: string
  /** The same for the keys of further items. */
  readonly otherClaims?: readonly string[]
  readonly endpoint: string
  readonly test: boolean
  /** The order waits until `!AutoAuthorize` lets it go on. */
  readonly toAuthorize?: true
  /** It goes to an ACME server: the events that follow say how far it came. */
  readonly acme?: true
  /** What the account had before, where it could be read. */
  readonly balanceBefore?: Balance
  /** When it had been read, by the ledger's clock (ISO 8601, UTC), where that was not for this order alone. */
  readonly balanceReadBy?: string
}

/** A key whose certificate is renewed, by the run that has both. */
export interface Renewed {
  readonly run: string
  readonly spkiSha256: string
  /** Where the key is, and the end of its certificate (ISO 8601, UTC). */
  readonly location?: string
  readonly notAfter: string
}

/** What the journal records. Every event is written to disk before the run goes on; none holds a secret. */
export type RunEvent =
  | {
      readonly type: 'planned'
      /** Every value in force, without the secrets (their sources are named). */
      readonly settings: Readonly<Record<string, string | readonly string[]>>
      readonly profile?: string
      /** What the profile is known by, whatever name leads to it: `profileMarks`. */
      readonly profileMarks?: readonly string[]
      /** The key that this run's own is to follow. */
      readonly renews?: Renewed
      /** The runs of the profile that a person wanted this one beside. */
      readonly beside?: readonly string[] | undefined
      readonly test: boolean
      readonly keyLabel: string
      readonly keyId: string
      /** False for a run that only orders with material made elsewhere. */
      readonly device: boolean
    }
  /** Settings that replace those of the plan from here on: a corrected profile, a flag, the environment. */
  | {
      readonly type: 'settings-changed'
      readonly settings: Readonly<Record<string, string | readonly string[]>>
      /** The profile that they come from; the run stays that of every profile that it ever had. */
      readonly profile?: string
      readonly profileMarks?: readonly string[]
    }
  /** The one device that the run works with from here on: family and serial number, as the ledger names it. */
  | { readonly type: 'device-chosen'; readonly deviceName: string }
  /** `occupant` is the SPKI hash of the key that was in the place before, where the device has fixed places; null for an empty one. */
  | {
      readonly type: 'key-requested'
      readonly device: string
      readonly algorithm: string
      readonly occupant?: string | null
      /** Family and serial number, as the ledger names the device. */
      readonly deviceName?: string
      /** Where the key will be, if the device has fixed places; else the label that it gets. */
      readonly place?: string
      /** The key that goes when the new one serves; on a device with fixed places, at once. */
      readonly replaces?: { readonly location: string; readonly spkiSha256?: string; readonly certificate?: Artefact }
    }
  /** The key that the run replaces was deleted from the device. */
  | { readonly type: 'key-removed'; readonly location: string; readonly spkiSha256?: string }
  /** The run's own key was deleted from the device, with its certificate: `keys delete`. */
  | { readonly type: 'key-deleted'; readonly location: string; readonly by: string }
  /** The device refused to generate: the place is taken. What is there is not this run's. */
  | { readonly type: 'key-refused' }
  | {
      readonly type: 'key-generated'
      readonly location: string
      readonly spkiSha256: string
      readonly publicKey: Artefact
      readonly found: boolean
    }
  | { readonly type: 'csr-signed'; readonly request: Artefact; readonly spkiSha256: string }
  /** The request is not used, and is kept under this name: another one with the same key takes its place. */
  | { readonly type: 'request-withdrawn'; readonly request: Artefact; readonly reasons: readonly string[] }
  | {
      readonly type: 'attested'
      readonly attestation: Artefact
      readonly certChains?: Artefact
      readonly others: readonly Artefact[]
    }
  | { readonly type: 'check-refused'; readonly result: Artefact; readonly failed: readonly string[] }
  | { readonly type: 'checked'; readonly result: Artefact }
  | Submission
  | { readonly type: 'not-sent'; readonly reason: string }
  /** The ACME server has an order, at this address; until it is finalised it issues nothing. */
  | { readonly type: 'acme-order'; readonly url: string }
  /** It is about to be finalised. */
  | { readonly type: 'finalizing'; readonly url: string }
  | {
      readonly type: 'ordered'
      readonly orderNumber: string
      readonly amount?: string
      readonly paymentRequired: boolean
      readonly certificateId?: string
      readonly resolvedBy?: string
    }
  | { readonly type: 'rejected'; readonly refusal: Refusal; readonly causes: readonly string[] }
  /** An order that was accepted and then rejected or cancelled, as its status says. */
  | { readonly type: 'order-rejected'; readonly reason: string }
  | {
      readonly type: 'unknown'
      readonly reason: string
      /** What did come back, the login taken out: an order number may stand in it. */
      readonly reply?: string
      readonly balanceAfter?: Balance
      /** What other runs have ordered between the readings of the balance, by the ledger. */
      readonly others?: OtherOrders
      /** An operator said before what became of the order, and takes that back. */
      readonly takenBack?: true
    }
  | { readonly type: 'not-placed'; readonly resolvedBy: string }
  | {
      readonly type: 'progress'
      readonly summary: string
      readonly steps: readonly OrderStep[]
      readonly nextPollAt?: string
    }
  | {
      readonly type: 'issued'
      readonly certificate: Artefact
      readonly chain?: Artefact
      /** The certificate and its issuers, as programs that sign want them. */
      readonly fullchain?: Artefact
      readonly serialNumber: string
      readonly notAfter: string
      readonly source: string
      readonly subject?: string
      readonly issuer?: string
      /** What the subject says otherwise than the order did. */
      readonly remark?: string
      /** The certificate that the run had before. */
      readonly replaces?: Artefact
    }
  | { readonly type: 'installed'; readonly where: string }
  /**
   * The journal had lost its end: what the ledger still knows of what stood there. `entries` are the hashes of the lost entries that it
   * has facts of. Where an order is among them its outcome is unknown.
   */
  | {
      readonly type: 'recovered'
      readonly entries: readonly string[]
      readonly key?: {
        readonly occupant?: string | null
        readonly deviceName?: string
        readonly place?: string
        readonly location?: string
        readonly spkiSha256?: string
      }
      readonly order?: Omit<Submission, 'type'> & {
        readonly orderNumber?: string
        /** Hash of the lost entry that submitted it. */
        readonly intent?: string
      }
    }
  /** Who signs does so with the key of this run from now on, and not with the one that it renews. */
  | { readonly type: 'switched'; readonly by: string }
  /** The key of the run is not needed any more although its certificate may still be good: its place may be taken. */
  | { readonly type: 'retired'; readonly by: string }
  /** The order was revoked at the CA, or cancelled before it was issued: by `by` here, or as the CA says. */
  | { readonly type: 'order-revoked'; readonly by: string }
  /** A person gave the run up; `despiteOrder`: also an order that exists, or may. */
  | { readonly type: 'abandoned'; readonly by: string; readonly despiteOrder: boolean }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
