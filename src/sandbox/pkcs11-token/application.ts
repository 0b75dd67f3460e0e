import { CKA, CKF_SESSION, CKU, SESSION_STATE } from '../../../devices/pkcs11/pkcs11-constants.ts'
import { CryptokiError } from './return-values.ts'
import type { SigningMechanism } from './signing-mechanisms.ts'
import type { Token } from './token.ts'
import type { TokenHost } from './token-host.ts'
import { flag, type TokenObject } from './token-object.ts'

/** A signature or verification under way. */
export interface SigningOperation {
  readonly mechanism: SigningMechanism
  readonly key: TokenObject
  data: Uint8Array[]
  size: number
  /** CKA_ALWAYS_AUTHENTICATE: a context-specific login must come first. */
  authenticated: boolean
}

export interface Session {
  readonly handle: bigint
  readonly token: Token
  readonly readWrite: boolean
  /** Handles not yet handed out by C_FindObjects. */
  search?: bigint[]
  hasSearched?: boolean
  signing?: SigningOperation
  verifying?: SigningOperation
}

const MAX_SESSIONS = 256

/** One connection: what PKCS#11 calls an application. Its sessions and logins end with it. */
export class Application {
  readonly host: TokenHost
  readonly #sessions = new Map<bigint, Session>()
  /** Slot id -> CK_USER_TYPE. */
  readonly #logins = new Map<bigint, bigint>()
  readonly #stopListening: () => void
  readonly #pendingEvents: bigint[] = []
  readonly #waiting = new Set<(slot: bigint | undefined) => void>()
  initialized = false
  #lastHandle = 0n

  constructor(host: TokenHost) {
    this.host = host
    this.#stopListening = host.onSlotEvent((slot) => this.#slotChanged(slot))
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  sessionsOn(token: Token): Session[] {
    return [...this.#sessions.values()].filter((session) => session.token === token)
  }

  openSession(token: Token, flags: bigint): Session {
    if ((flags & BigInt(CKF_SESSION.SERIAL)) === 0n) throw new CryptokiError('CKR_SESSION_PARALLEL_NOT_SUPPORTED')
    const readWrite = (flags & BigInt(CKF_SESSION.RW)) !== 0n
    if (!token.initialized) throw new CryptokiError('CKR_TOKEN_NOT_RECOGNIZED')
    if (readWrite && token.definition.writeProtected) throw new CryptokiError('CKR_TOKEN_WRITE_PROTECTED')
    if (!readWrite && this.userType(token) === BigInt(CKU.SO)) {
      throw new CryptokiError('CKR_SESSION_READ_WRITE_SO_EXISTS')
    }
    if (this.#sessions.size >= MAX_SESSIONS) throw new CryptokiError('CKR_SESSION_COUNT')
    const session: Session = { handle: ++this.#lastHandle, token, readWrite }
    this.#sessions.set(session.handle, session)
    return session
  }

  /** Throws CKR_SESSION_HANDLE_INVALID. */
  session(handle: bigint): Session {
    const session = this.#sessions.get(handle)
    if (session === undefined) throw new CryptokiError('CKR_SESSION_HANDLE_INVALID')
    return session
  }

  hasSession(session: Session): boolean {
    return this.#sessions.has(session.handle)
  }

  /** The last session on a token takes the login with it (PKCS#11 2.40, C_CloseSession). */
  closeSession(session: Session): void {
    this.#sessions.delete(session.handle)
    session.token.removeSessionObjects(this, session.handle)
    if (this.sessionsOn(session.token).length === 0) this.#logins.delete(session.token.slot.id)
  }

  userType(token: Token): bigint | undefined {
    return this.#logins.get(token.slot.id)
  }

  setLogin(token: Token, userType: bigint | undefined): void {
    if (userType === undefined) this.#logins.delete(token.slot.id)
    else this.#logins.set(token.slot.id, userType)
  }

  /** May see private objects: any login but that of the security officer. */
  seesPrivate(token: Token): boolean {
    const userType = this.userType(token)
    return userType !== undefined && userType !== BigInt(CKU.SO)
  }

  state(session: Session): number {
    const userType = this.userType(session.token)
    if (userType === BigInt(CKU.SO)) return SESSION_STATE.RW_SO
    if (userType === undefined) return session.readWrite ? SESSION_STATE.RW_PUBLIC : SESSION_STATE.RO_PUBLIC
    return session.readWrite ? SESSION_STATE.RW_USER : SESSION_STATE.RO_USER
  }

  /** The objects that this session may see: session objects of other applications and, without a login, private ones are not there. */
  *visibleObjects(session: Session): Iterable<TokenObject> {
    for (const object of session.token.objects) if (this.#sees(session, object)) yield object
  }

  visibleObject(session: Session, handle: bigint): TokenObject | undefined {
    const object = session.token.object(handle)
    return object !== undefined && this.#sees(session, object) ? object : undefined
  }

  #sees(session: Session, object: TokenObject): boolean {
    if (object.owner !== undefined && object.owner.application !== this) return false
    return !flag(object.attributes, CKA.PRIVATE) || this.seesPrivate(session.token)
  }

  /** undefined: none is waiting. */
  takeSlotEvent(): bigint | undefined {
    return this.#pendingEvents.shift()
  }

  /** Resolves to undefined where the connection ends first. */
  waitForSlotEvent(): Promise<bigint | undefined> {
    return new Promise((resolve) => this.#waiting.add(resolve))
  }

  /** The connection ended. */
  end(): void {
    this.#stopListening()
    this.initialized = false
    for (const session of [...this.#sessions.values()]) this.closeSession(session)
    for (const resolve of this.#waiting) resolve(undefined)
    this.#waiting.clear()
  }

  #slotChanged(slot: bigint): void {
    for (const session of [...this.#sessions.values()]) {
      if (session.token.slot.id === slot && !session.token.present) this.closeSession(session)
    }
    const [waiting] = this.#waiting
    if (waiting === undefined) this.#pendingEvents.push(slot)
    else {
      this.#waiting.delete(waiting)
      waiting(this.takeSlotEvent() ?? slot)
    }
  }
}
