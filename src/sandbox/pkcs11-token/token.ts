import { CKF, SLOT_FLAG } from '../../../devices/pkcs11/pkcs11-constants.ts'
import type { SlotDefinition, TokenDefinition } from './personality.ts'
import { PinCounter } from './pin-counter.ts'
import { CryptokiError } from './return-values.ts'
import type { ObjectDraft, TokenObject } from './token-object.ts'

const MAX_OBJECTS = 4096
const DEFAULT_SO_TRIES = 10

/** One slot and the token in it. Lives as long as the server: what it holds survives every client. */
export class Token {
  readonly slot: SlotDefinition
  readonly definition: TokenDefinition
  readonly userPin: PinCounter
  readonly soPin: PinCounter
  readonly rolePins: ReadonlyMap<bigint, PinCounter>
  readonly #objects = new Map<bigint, TokenObject>()
  label: string
  initialized: boolean
  present: boolean
  userPinExpired: boolean
  #nextHandle: () => bigint

  constructor(slot: SlotDefinition, nextHandle: () => bigint) {
    this.slot = slot
    this.definition = slot.token
    this.userPin = new PinCounter(slot.token.userPin, slot.token.maxPinFailures)
    this.soPin = new PinCounter(slot.token.soPin, DEFAULT_SO_TRIES)
    this.rolePins = new Map(
      [...(slot.token.roles ?? [])].map(([role, pin]) => [role, new PinCounter(pin, slot.token.maxPinFailures)]),
    )
    this.label = slot.token.label
    this.initialized = slot.token.initialized ?? true
    this.present = slot.present ?? true
    this.userPinExpired = slot.token.userPinExpired ?? false
    this.#nextHandle = nextHandle
  }

  get slotFlags(): number {
    return (
      SLOT_FLAG.HW_SLOT |
      (this.present ? SLOT_FLAG.TOKEN_PRESENT : 0) |
      (this.slot.removable ? SLOT_FLAG.REMOVABLE_DEVICE : 0)
    )
  }

  get tokenFlags(): number {
    const { definition, userPin, soPin } = this
    const when = (condition: boolean | undefined, bit: number): number => (condition ? bit : 0)
    return (
      CKF.RNG |
      CKF.RESTORE_KEY_NOT_NEEDED |
      when(definition.writeProtected, CKF.WRITE_PROTECTED) |
      when(definition.loginRequired, CKF.LOGIN_REQUIRED) |
      when(this.initialized, CKF.TOKEN_INITIALIZED) |
      when(definition.protectedAuthenticationPath, CKF.PROTECTED_AUTHENTICATION_PATH) |
      when(userPin.initialized, CKF.USER_PIN_INITIALIZED) |
      when(userPin.countLow, CKF.USER_PIN_COUNT_LOW) |
      when(userPin.finalTry, CKF.USER_PIN_FINAL_TRY) |
      when(userPin.locked, CKF.USER_PIN_LOCKED) |
      when(this.userPinExpired, CKF.USER_PIN_TO_BE_CHANGED) |
      when(soPin.countLow, CKF.SO_PIN_COUNT_LOW) |
      when(soPin.finalTry, CKF.SO_PIN_FINAL_TRY) |
      when(soPin.locked, CKF.SO_PIN_LOCKED)
    )
  }

  get objects(): Iterable<TokenObject> {
    return this.#objects.values()
  }

  object(handle: bigint): TokenObject | undefined {
    return this.#objects.get(handle)
  }

  /** Makes objects visible together, or none of them. */
  add(drafts: readonly ObjectDraft[]): TokenObject[] {
    if (this.#objects.size + drafts.length > MAX_OBJECTS) throw new CryptokiError('CKR_DEVICE_MEMORY')
    const { reusedHandles } = this.definition
    return drafts.map((draft) => {
      const object = { ...draft, handle: reusedHandles ? BigInt(this.#objects.size + 1) : this.#nextHandle() }
      this.#objects.set(object.handle, object)
      return object
    })
  }

  remove(handle: bigint): void {
    this.#objects.delete(handle)
    if (!this.definition.reusedHandles) return
    const left = [...this.#objects.values()]
    this.#objects.clear()
    for (const [index, object] of left.entries()) {
      const moved = { ...object, handle: BigInt(index + 1) }
      this.#objects.set(moved.handle, moved)
    }
  }

  removeSessionObjects(application: object, session: bigint): void {
    for (const { handle, owner } of this.#objects.values()) {
      if (owner?.application === application && owner.session === session) this.#objects.delete(handle)
    }
  }

  /** C_InitToken: everything goes, the user PIN too. */
  initialize(label: string): void {
    this.#objects.clear()
    this.userPin.replace(undefined)
    this.label = label
    this.initialized = true
  }
}
