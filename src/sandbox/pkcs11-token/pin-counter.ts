import { CryptokiError } from './return-values.ts'

/** One PIN of a token with its try counter. Test values only: the PIN is kept as it is. */
export class PinCounter {
  readonly #max: number
  #pin: string | undefined
  #failures = 0

  constructor(pin: string | undefined, maxFailures: number) {
    this.#pin = pin
    this.#max = maxFailures
  }

  get initialized(): boolean {
    return this.#pin !== undefined
  }

  get triesLeft(): number {
    return Math.max(0, this.#max - this.#failures)
  }

  get countLow(): boolean {
    return this.#failures > 0 && this.triesLeft > 0
  }

  get finalTry(): boolean {
    return this.triesLeft === 1
  }

  get locked(): boolean {
    return this.triesLeft === 0
  }

  /** Throws CKR_PIN_LOCKED, CKR_USER_PIN_NOT_INITIALIZED or, at the price of one try, CKR_PIN_INCORRECT. */
  verify(pin: Uint8Array): void {
    if (this.locked) throw new CryptokiError('CKR_PIN_LOCKED')
    if (this.#pin === undefined) throw new CryptokiError('CKR_USER_PIN_NOT_INITIALIZED')
    if (!Buffer.from(this.#pin, 'utf8').equals(pin)) {
      this.#failures++
      throw new CryptokiError(this.locked ? 'CKR_PIN_LOCKED' : 'CKR_PIN_INCORRECT')
    }
    this.#failures = 0
  }

  /** As the pin pad of a token with a protected authentication path would report it. */
  verified(): void {
    if (this.locked) throw new CryptokiError('CKR_PIN_LOCKED')
    if (this.#pin === undefined) throw new CryptokiError('CKR_USER_PIN_NOT_INITIALIZED')
    this.#failures = 0
  }

  replace(pin: Uint8Array | undefined): void {
    this.#pin = pin === undefined ? undefined : Buffer.from(pin).toString('utf8')
    this.#failures = 0
  }

  /** Puts the counter where a test wants it. */
  setTriesLeft(tries: number): void {
    this.#failures = this.#max - Math.min(this.#max, Math.max(0, tries))
  }
}
