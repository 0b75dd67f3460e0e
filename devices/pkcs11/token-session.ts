import type { DeviceGuard, DeviceProgress, LoginOutcome, SecretName, SecretProvider } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { Secret } from '../secret.ts'
import type { SecretForm } from '../secret-form.ts'
import type { Cryptoki } from './cryptoki.ts'
import { readToken, type TokenSlot } from './list-tokens.ts'
import {
  type PinKind,
  pinFormOf,
  refuseHopelessAttempt,
  refuseMalformedPin,
  triesLeftOf,
  USER_PIN,
  wrongPin,
} from './pin-doctrine.ts'
import { CKF_SESSION, CKU } from './pkcs11-constants.ts'
import { hasFlag, type TokenDescription } from './token-description.ts'

/** Who logs in: the PKCS#11 user type and where the secret comes from. */
export interface Role {
  readonly userType: number
  readonly secret: SecretName
  readonly pin: PinKind
  /** What it looks like, beyond the token's own bounds, or in their place (a YubiKey's management key is longer than any PIN). */
  readonly form?: SecretForm
  /** The bytes as the module wants them (hex in lower case, …). */
  readonly prepare?: (secret: Secret) => Secret
}

const USER_ROLE: Role = { userType: CKU.USER, secret: 'pin', pin: USER_PIN }

export interface TokenSessionOptions {
  readonly secret: SecretProvider
  readonly onProgress?: ((progress: DeviceProgress) => void) | undefined
  readonly guard?: DeviceGuard | undefined
  /** Who signs and sees private keys. */
  readonly userRole?: Role | undefined
  /** Reads the PIN counter past PKCS#11, where the family can. */
  readonly readTriesLeft?: (() => Promise<number | undefined>) | undefined
}

const CKR_USER_ALREADY_LOGGED_IN = 'CKR_USER_ALREADY_LOGGED_IN'

/** The one session of a device: opened when first needed, one attempt per PIN, always closed. */
export class TokenSession {
  readonly cryptoki: Cryptoki
  readonly slot: TokenSlot
  readonly #options: TokenSessionOptions
  #handle: Buffer | undefined
  #role: Role | undefined
  /** What the attempt with a secret ended with: it is not repeated, in no other role either. */
  readonly #refused = new Map<SecretName, DeviceError>()
  readonly #secrets = new Map<SecretName, Secret>()

  constructor(cryptoki: Cryptoki, slot: TokenSlot, options: TokenSessionOptions) {
    this.cryptoki = cryptoki
    this.slot = slot
    this.#options = options
  }

  /** The session handle; opens a read-write session the first time. */
  get handle(): Buffer {
    this.#handle ??= this.cryptoki.run('C_OpenSession', 'read-write', (library) =>
      library.C_OpenSession(this.slot.handle, CKF_SESSION.RW | CKF_SESSION.SERIAL),
    )
    return this.#handle
  }

  get userRole(): Role {
    return this.#options.userRole ?? USER_ROLE
  }

  /** The token's flags as they are now. */
  token(): TokenDescription {
    return readToken(this.cryptoki, this.slot.handle)
  }

  /** Logs in unless this role is in already. A token that wants no login (nShield accelerator) is left alone. */
  async login(role: Role = this.userRole): Promise<void> {
    if (this.#role === role) return
    if (role.userType !== CKU.SO && !hasFlag(this.slot.token, 'LOGIN_REQUIRED')) return
    const refused = this.#refused.get(role.secret)
    if (refused !== undefined) throw refused
    if (this.#role !== undefined) this.logout()
    const handle = this.handle
    const pin = await this.#judgeAttempt(role)
    await this.#attempt(handle, role, role.userType, pin, this.#guardOf(role, pin))
    this.#role = role
  }

  /** Whatever speaks against a login without trying one: before a step that costs something and that the login comes after. */
  async refuseHopelessLogin(role: Role = this.userRole): Promise<void> {
    const refused = this.#refused.get(role.secret)
    if (refused !== undefined) throw refused
    if (this.#role !== role) await this.#judgeAttempt(role)
  }

  /** After C_SignInit, where the key asks for its PIN each time (CKA_ALWAYS_AUTHENTICATE). */
  async loginForOperation(role: Role = this.userRole): Promise<void> {
    const refused = this.#refused.get(role.secret)
    if (refused !== undefined) throw refused
    // Without a login before it (a token that wants none) this PIN is as unproven as any.
    const unproven = this.#role === undefined
    const pin = unproven ? await this.#judgeAttempt(role) : await this.#pinFor(role, this.slot.token)
    const guard = unproven ? this.#guardOf(role, pin) : undefined
    await this.#attempt(this.handle, role, CKU.CONTEXT_SPECIFIC, pin, guard)
  }

  /** A PIN pad shows its own count to who stands there, and a secret without a counter loses nothing. */
  #guardOf(role: Role, pin: Secret | undefined): DeviceGuard | undefined {
    return pin === undefined || role.pin.uncounted === true ? undefined : this.#options.guard
  }

  async #attempt(
    handle: Buffer,
    role: Role,
    userType: number,
    pin: Secret | undefined,
    guard: DeviceGuard | undefined,
  ): Promise<void> {
    const login = { secret: role.secret, name: role.pin.name }
    await guard?.beforeLogin(login)
    try {
      this.#sendLogin(handle, role, userType, pin)
    } catch (error) {
      const failure = await this.#loginFailed(error, role)
      const outcome = outcomeOf(failure)
      const triesLeft = failure instanceof DeviceError ? failure.triesLeft : undefined
      if (outcome !== undefined) await guard?.afterLogin(login, outcome, triesLeft)
      if (failure !== undefined) throw failure
      return
    }
    await guard?.afterLogin(login, 'right')
  }

  /** The PIN that the token has taken in this session, for a vendor's tool that logs in by itself. */
  acceptedPin(): Secret | undefined {
    return this.#role === undefined ? undefined : this.#secrets.get(this.#role.secret)
  }

  logout(): void {
    if (this.#role === undefined) return
    this.#role = undefined
    const handle = this.handle
    this.cryptoki.run('C_Logout', undefined, (library) => library.C_Logout(handle))
  }

  /** Logs out and closes; never throws, since the device may be gone. Wipes what secrets were kept. */
  close(): void {
    for (const secret of this.#secrets.values()) secret.wipe()
    this.#secrets.clear()
    const handle = this.#handle
    if (handle === undefined) return
    try {
      this.logout()
    } catch {
      // Closing the session logs out as well.
    }
    this.#handle = undefined
    try {
      this.cryptoki.run('C_CloseSession', undefined, (library) => library.C_CloseSession(handle))
    } catch {
      // The device is gone, and the session with it.
    }
  }

  #sendLogin(handle: Buffer, role: Role, userType: number, pin: Secret | undefined): void {
    if (pin === undefined) this.#announcePinPad(role)
    const what = pin === undefined ? 'at the device itself' : '[redacted]'
    this.cryptoki.run('C_Login', `${role.pin.name} ${what}, user type ${userType}`, (library) =>
      library.C_Login(handle, userType, pin === undefined ? '' : pin.text()),
    )
  }

  /** The PIN, after every reason against an attempt was looked for; undefined where the device asks for it itself. */
  async #judgeAttempt(role: Role): Promise<Secret | undefined> {
    const token = this.token()
    refuseUninitialised(token, role, this.cryptoki.subject)
    refuseHopelessAttempt(token, this.cryptoki.subject, role.pin, await this.#triesLeft(role))
    return await this.#pinFor(role, token)
  }

  async #triesLeft(role: Role): Promise<number | undefined> {
    return role.secret === 'pin' ? await this.#options.readTriesLeft?.() : undefined
  }

  #announcePinPad(role: Role): void {
    this.#options.onProgress?.({
      kind: 'login',
      message: `Enter the ${role.pin.name} at the device (PIN pad or PED) of ${this.cryptoki.subject}.`,
    })
  }

  /** The PIN, checked, asked for at most once; undefined where the device asks for it itself. */
  async #pinFor(role: Role, token: TokenDescription): Promise<Secret | undefined> {
    if (hasFlag(token, 'PROTECTED_AUTHENTICATION_PATH')) return undefined
    const subject = this.cryptoki.subject
    let secret = this.#secrets.get(role.secret)
    if (secret === undefined) {
      const given = await this.#options.secret({ name: role.secret, prompt: `${role.pin.name} of ${subject}` })
      if (given === undefined) {
        throw new DeviceError(
          'pin.missing',
          `Could not log in to ${subject}: no source is configured for the ${role.pin.name}.`,
          {
            remedy: `Set its source in the profile (${role.secret}: a file, a file descriptor, an environment variable or a command).`,
          },
        )
      }
      // A copy: closing wipes it, and the provider may keep its own for another device.
      secret = role.prepare === undefined ? Secret.fromBytes(given.bytes()) : role.prepare(given)
      this.#secrets.set(role.secret, secret)
    }
    refuseMalformedPin(secret, { ...pinFormOf(token), ...role.form }, subject, role.pin)
    return secret
  }

  /** What to throw; undefined where someone in this process is logged in already, which serves as well. */
  async #loginFailed(error: unknown, role: Role): Promise<unknown> {
    if (!(error instanceof DeviceError)) return error
    if (error.vendorCode === CKR_USER_ALREADY_LOGGED_IN) return undefined
    let failure = error
    if (error.code === 'pin.wrong' || error.code === 'pin.locked') {
      const flags = triesLeftOf(this.token(), role.pin)
      const left = error.code === 'pin.locked' ? 0 : (flags ?? (await this.#triesLeft(role)))
      failure = wrongPin(this.cryptoki.subject, role.pin, left, error)
    }
    this.#refused.set(role.secret, failure)
    return failure
  }
}

/** Undefined where nobody knows: the device may have judged the PIN before it was lost. */
function outcomeOf(failure: unknown): LoginOutcome | undefined {
  if (failure === undefined) return 'not-tried'
  if (!(failure instanceof DeviceError)) return undefined
  return failure.code === 'pin.wrong' || failure.code === 'pin.locked' ? 'wrong' : undefined
}

function refuseUninitialised(token: TokenDescription, role: Role, subject: string): void {
  const user = role.userType === CKU.USER
  if (!user || hasFlag(token, 'USER_PIN_INITIALIZED') || hasFlag(token, 'PROTECTED_AUTHENTICATION_PATH')) return
  throw new DeviceError('credential.refused', `Could not log in to ${subject}: no ${role.pin.name} has been set.`, {
    remedy: "Set the PIN (initialise the role) with the vendor's tool.",
    vendorCode: 'CKR_USER_PIN_NOT_INITIALIZED',
  })
}
