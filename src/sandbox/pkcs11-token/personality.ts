/** What makes the virtual token a certain product: its slots, tokens, mechanisms and refusals, as data and a few rules. */
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import type { ObjectDraft } from './token-object.ts'

export interface MechanismInfo {
  readonly mechanism: number
  readonly minKeySize: number
  readonly maxKeySize: number
  readonly flags: number
}

/** A key pair about to be made; the templates hold values in the caller's memory order. */
export interface KeyPairRequest {
  readonly mechanism: number
  readonly publicTemplate: ReadonlyMap<number, Uint8Array>
  readonly privateTemplate: ReadonlyMap<number, Uint8Array>
  /** CK_USER_TYPE of the login, undefined where nobody is logged in. */
  readonly userType: bigint | undefined
}

/** What the product adds to a finished pair. */
export interface KeyPairExtras {
  readonly publicAttributes?: ReadonlyMap<number, Uint8Array>
  readonly privateAttributes?: ReadonlyMap<number, Uint8Array>
  /** What the vendor's own tool would export, where that is not an attribute. */
  readonly evidence?: Uint8Array
}

export interface TokenRules {
  /** Throws CryptokiError to refuse. `any-pin`: logged in whatever the PIN is. */
  admitLogin?(userType: bigint): 'any-pin' | undefined
  admitKeyPair?(request: KeyPairRequest): void
  /** Called with the finished objects before the token takes them up. */
  completeKeyPair?(publicKey: ObjectDraft, privateKey: ObjectDraft): KeyPairExtras
  /** Throws CryptokiError to refuse reading attributes in a session that has or has not searched for objects before. */
  admitRead?(hasSearched: boolean): void
}

export interface TokenDefinition {
  readonly label: string
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly hardwareVersion: readonly [number, number]
  readonly firmwareVersion: readonly [number, number]
  readonly loginRequired: boolean
  readonly protectedAuthenticationPath?: boolean
  readonly pinLength: { readonly min: number; readonly max: number }
  /** undefined: CKF_USER_PIN_INITIALIZED is not set. */
  readonly userPin: string | undefined
  readonly soPin: string
  readonly maxPinFailures: number
  /** CKF_USER_PIN_TO_BE_CHANGED: no login until C_SetPIN. */
  readonly userPinExpired?: boolean
  /** Vendor roles beside CKU_USER: CK_USER_TYPE -> PIN, undefined where the role was never set up. */
  readonly roles?: ReadonlyMap<bigint, string | undefined>
  readonly initialized?: boolean
  readonly writeProtected?: boolean
  readonly mechanisms: readonly MechanismInfo[]
  /** CKA_EC_POINT inside an OCTET STRING (the standard's words) or bare, as some modules answer. */
  readonly ecPoint?: 'wrapped' | 'bare'
  /** A handle is a place in the list: what is destroyed leaves its handle to the next object (as tpm2-pkcs11 1.9 reuses them). */
  readonly reusedHandles?: boolean
  /** All certificates of one label have one subject, as in NSS's software token. */
  readonly oneSubjectPerLabel?: boolean
  readonly rules?: TokenRules
}

export interface SlotDefinition {
  readonly id: bigint
  readonly description: string
  readonly manufacturer: string
  readonly removable?: boolean
  /** False: the slot is there, the card is not. */
  readonly present?: boolean
  readonly token: TokenDefinition
}

export interface Personality {
  readonly libraryManufacturer: string
  readonly libraryDescription: string
  readonly libraryVersion: readonly [number, number]
  readonly slots: readonly SlotDefinition[]
  /** The test root that the evidence ends in; empty where the product has none. */
  readonly trustAnchors: readonly TrustAnchor[]
}
