/** What the PIV commands work on: the card's memory, and what it forgets when it loses power. */
import type { KeyObject } from 'node:crypto'
import type { CardState } from './card-state.ts'
import type { ManagementAlgorithm } from './management-key.ts'
import type { Firmware, Personality } from './personality.ts'
import { ensure, SW } from './status-word.ts'
import type { TouchButton } from './touch-button.ts'

/** One attestation statement to be signed with the key in F9. */
export interface LeafRequest {
  readonly slot: number
  /** SubjectPublicKeyInfo, DER, of the attested key. */
  readonly spki: Uint8Array
  readonly firmware: Firmware
  readonly serial: number
  readonly pinPolicy: number
  readonly touchPolicy: number
  readonly formFactor: number
  /** What is in F9 now: the factory's, or what the owner put there. */
  readonly f9Key: KeyObject
  readonly f9Certificate: Uint8Array
}

/** Returns the leaf certificate, DER. */
export type IssueLeaf = (request: LeafRequest) => Uint8Array

/** Forgotten on power off, reset, and when another application is selected. */
export class SecurityStatus {
  pinVerified = false
  /** Set by VERIFY, used up by one signature, and by any other command in between: the PIN policy "always". */
  pinFresh = false
  managementAuthenticated = false
  /** What the card sent and waits to see answered. */
  pending:
    | { readonly kind: 'witness' | 'challenge'; readonly plain: Uint8Array; readonly algorithm: ManagementAlgorithm }
    | undefined

  dropPin(): void {
    this.pinVerified = false
    this.pinFresh = false
  }
}

export interface PivContext {
  readonly personality: Personality
  readonly serial: number
  readonly state: CardState
  security: SecurityStatus
  readonly touch: TouchButton
  /** Milliseconds since 1970 of the last touch, for the policy "cached". */
  touchedAt: number
  readonly issueLeaf: IssueLeaf
}

export function ensureManagement(card: PivContext): void {
  ensure(card.security.managementAuthenticated, SW.securityStatus)
}
