/**
 * What outlives a run. A fact is never changed: a later one of the same subject goes before it. `subject` names what the fact
 * is of, in text that is the same wherever it is computed:
 *
 * | kind          | subject                                                                    |
 * |---------------|----------------------------------------------------------------------------|
 * | `place`       | `placeName`: device and the place on it, in the family's own words         |
 * | `key`         | SHA-256 of the SubjectPublicKeyInfo, hex                                   |
 * | `order`       | the name of its claim: `orderClaim`                                        |
 * | `certificate` | SHA-256 of the SubjectPublicKeyInfo, hex                                   |
 * | `attempt`     | `attemptName`: device and secret                                           |
 * | `schedule`    | the account at the CA                                                      |
 * | `host`        | the name that the broker knows a host by                                   |
 * | `request`     | the name of the claim of the order that a host asked the broker for        |
 * | `delivery`    | the same: what the CA issued for it                                        |
 * | `price`       | product and days, with a space between                                     |
 */
export interface FactBodies {
  /**
   * `requested`: the device was asked for a key there, `spkiSha256` is what was there before. `refused`: it made none. `free`: the key
   * there was deleted by us.
   */
  readonly place: {
    readonly status: 'requested' | 'refused' | 'holds' | 'free'
    readonly device: string
    readonly location: string
    readonly spkiSha256?: string
    readonly test: boolean
  }
  /** `replaced`: another key of ours has taken its place. */
  readonly key: {
    readonly status: 'alive' | 'replaced' | 'abandoned' | 'deleted'
    readonly place?: string
    readonly test: boolean
  }
  readonly order: {
    readonly status: OrderStatus
    readonly test: boolean
    /** The claim that stands for the whole order, and further ones of its items. */
    readonly claim: string
    readonly otherClaims?: readonly string[]
    readonly formSha256?: string
    readonly spkiSha256?: string
    readonly endpoint?: string
    readonly orderNumber?: string
    readonly amount?: string
    /** Why the CA refused: its number and its own words. */
    readonly refusal?: { readonly code: number; readonly message: string }
    /** What the profile of the run is known by. */
    readonly profile?: readonly string[]
  }
  readonly certificate: {
    readonly serialNumber: string
    readonly subjectName: string
    readonly issuerName: string
    /** ISO 8601, UTC. */
    readonly notAfter: string
    /** Where the device keeps it, once it does. */
    readonly where?: string
  }
  /** `sent` is recorded before a secret leaves. `allowed`: a person has made sure of the secret, whatever came before. */
  readonly attempt: {
    readonly outcome: 'sent' | 'wrong' | 'right' | 'not-tried' | 'allowed'
    /** After a wrong one, where the device tells. */
    readonly triesLeft?: number
  }
  /** ISO 8601, UTC: not to be asked again before. */
  readonly schedule: { readonly notBefore: string }
  /** A host was heard of, with the version of hsm-enroll that it runs. */
  readonly host: { readonly version: string }
  readonly request: HostRequest
  /** Certificates, DER in base64, end entity first: any broker can hand them back, whichever collected them. */
  readonly delivery: { readonly orderNumber: string; readonly certificates: readonly string[] }
  /** What the CA has charged for it, in hundredths of the account's currency. */
  readonly price: { readonly hundredths: number }
}

/** What a host asked the broker to order, and how far the broker let it go. `attempt`: the head of the host's journal when it asked. */
export interface HostRequest {
  readonly status: 'received' | 'awaiting-approval' | 'approved' | 'declined'
  readonly host: string
  readonly test: boolean
  readonly attempt: string
  /** The evidence of the last fact of an order for the same key, which came to nothing before this request. */
  readonly after?: string
  /** The run on the host. */
  readonly hostRun: string
  /** Who asked there, by the host's word. */
  readonly requestedBy: string
  /** Of the form, credentials left out. */
  readonly formSha256: string
  readonly product?: string
  readonly days?: string
  readonly subjectName: string
  /** What it is expected to cost, in the account's currency. */
  readonly expectedAmount?: string
  readonly device: {
    readonly hsmType: string
    readonly model: string
    readonly serial?: string
    readonly firmware?: string
    readonly keyType?: string
  }
  /** The approval rules that it falls under. */
  readonly rules?: readonly string[]
  /** The person who decided, and why. */
  readonly by?: string
  readonly reason?: string
}

/** `intended`: the POST may have left. What follows it is the CA's answer, or a person's word. */
export type OrderStatus =
  | 'intended'
  | 'ordered'
  | 'rejected'
  | 'not-sent'
  | 'not-placed'
  | 'unknown'
  | 'order-rejected'
  | 'abandoned'

export const FACT_KINDS = [
  'place',
  'key',
  'order',
  'certificate',
  'attempt',
  'schedule',
  'host',
  'request',
  'delivery',
  'price',
] as const
/** What a fact is of: the table above. */
export type FactKind = (typeof FACT_KINDS)[number]

/** A fact of one kind, and the run that says so. */
export type Fact<Kind extends FactKind = FactKind> = {
  readonly [K in Kind]: {
    readonly kind: K
    readonly subject: string
    readonly run: string
    /** Hash of the journal entry that is the evidence; absent where a fact has none (attempts, schedules). */
    readonly entry?: string
  } & FactBodies[K]
}[Kind]

/** As the ledger holds it. */
export type RecordedFact<Kind extends FactKind = FactKind> = Fact<Kind> & {
  /** ISO 8601, UTC. */
  readonly time: string
}

/** `YUBIKEY 15732500`: the serial number, or the URI of what has none. */
export const deviceName = (hsmType: string, serialOrUri: string): string => `${hsmType} ${serialOrUri}`

/** A place on a device (`deviceName`): `YUBIKEY 15732500 9c`. */
export const placeName = (device: string, location: string): string => `${device} ${location}`

export const attemptName = (device: string, secret: string): string => `${device} ${secret}`

/** An account at a CA by its address, however a host writes that: `https://CA.example:443/products` is `https://ca.example/products/`. */
export function accountName(endpoint: string): string {
  if (!URL.canParse(endpoint)) return endpoint
  const url = new URL(endpoint)
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url.href
}

/** The name of what may be ordered once: a key, or the very form where it has no key of ours. Rehearsals count apart. */
export const orderClaim = (name: string, test: boolean): string => (test ? `${name}.test` : name)
