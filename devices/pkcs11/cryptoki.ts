import { setTimeout as wait } from 'node:timers/promises'
import type { DeviceTrace } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import type { CryptokiLibrary } from './load-module.ts'
import { pkcs11Error, returnCodeOf, type VendorReturnCodes } from './pkcs11-error.ts'

export interface CryptokiObserver {
  readonly onTrace?: ((trace: DeviceTrace) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** Codes that this vendor's module gives only when it cannot reach the device any more. */
  readonly goneCodes?: readonly number[] | undefined
  readonly returnCodes?: VendorReturnCodes | undefined
}

/** Codes that say little: whether the token is still there decides what they mean. */
const VAGUE = new Set([0x05, 0x06, 0x30])
/** pcscd looks at some readers by turns, every 0.4 seconds: a key that was pulled out is still listed for as long. */
const NOTICED_AFTER = { asks: 5, milliseconds: 200 } as const
const CKF_REMOVABLE_DEVICE = 0x02

/**
 * Runs the calls of one module for one device: counts and traces each (never an argument that holds a secret), turns every
 * CK_RV into a DeviceError, and keeps a long call off the event loop.
 */
export class Cryptoki {
  readonly library: CryptokiLibrary
  /** For messages; becomes the token's name once one is chosen. */
  subject: string
  /** The slot whose token a vague error is blamed on. */
  slot: Buffer | undefined
  #calls = 0
  #logins = 0
  #running: { readonly ended: Promise<unknown>; readonly body: unknown } | undefined
  readonly #observer: CryptokiObserver

  constructor(library: CryptokiLibrary, subject: string, observer: CryptokiObserver = {}) {
    this.library = library
    this.subject = subject
    this.#observer = observer
  }

  get calls(): number {
    return this.#calls
  }

  get logins(): number {
    return this.#logins
  }

  /** True while a call is inside the module on another thread. */
  get busy(): boolean {
    return this.#running !== undefined
  }

  /** One synchronous call. Throws DeviceError. */
  run<Result>(call: string, detail: string | undefined, body: (library: CryptokiLibrary) => Result): Result {
    this.#begin(call)
    const started = performance.now()
    try {
      const result = body(this.library)
      this.#trace(call, detail, started)
      return result
    } catch (cause) {
      throw this.#failed(call, detail, started, cause)
    }
  }

  /**
   * One call on a thread of the pool. An abort rejects at once with `device.aborted`; the device finishes on its own, and
   * nothing else may enter the module before it has (`settled`).
   */
  async runLong<Result>(
    call: string,
    detail: string,
    body: (library: CryptokiLibrary) => Promise<Result>,
  ): Promise<Result> {
    this.#begin(call)
    const started = performance.now()
    const running = body(this.library).then(
      (result) => {
        this.#trace(call, detail, started)
        return result
      },
      async (cause: unknown) => {
        throw await this.#blamedLater(call, this.#failed(call, detail, started, cause), cause)
      },
    )
    // The addon's thread reads and writes the caller's buffers by raw pointers. After an abort only `body` holds them.
    this.#running = { ended: running, body }
    const clear = (): void => {
      this.#running = undefined
    }
    running.then(clear, clear)
    return await orAborted(running, this.#observer.signal, call, this.subject)
  }

  /** Waits for a call that is still inside the module, at most `milliseconds`; true when none is left. */
  async settled(milliseconds?: number): Promise<boolean> {
    const running = this.#running?.ended.catch(() => undefined)
    if (running === undefined) return true
    if (milliseconds === undefined) await running
    else {
      let timer: NodeJS.Timeout | undefined
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, milliseconds)
      })
      await Promise.race([running, timeout])
      clearTimeout(timer)
    }
    return this.#running === undefined
  }

  /** The line that `--trace` ends with. */
  traceTotals(): void {
    this.#observer.onTrace?.({
      call: 'PKCS#11',
      detail: `${this.#calls} calls, ${this.#logins} logins on ${this.subject}`,
    })
  }

  #begin(call: string): void {
    if (this.#running !== undefined) {
      throw new DeviceError(
        'device.busy',
        `Could not start ${call} on ${this.subject}: an earlier call is still running in the module.`,
        {
          remedy: 'Wait until the device has finished, then resume the run.',
        },
      )
    }
    if (this.#observer.signal?.aborted === true && call !== 'C_CloseSession' && call !== 'C_Logout') {
      throw aborted(call, this.subject)
    }
    this.#calls++
    if (call === 'C_Login') this.#logins++
  }

  #trace(call: string, detail: string | undefined, started: number, failure?: string): void {
    const text = [detail, failure].filter((part) => part !== undefined).join(' -> ')
    this.#observer.onTrace?.({
      call,
      ...(text === '' ? {} : { detail: text }),
      durationMs: Math.round((performance.now() - started) * 10) / 10,
    })
  }

  #failed(call: string, detail: string | undefined, started: number, cause: unknown): unknown {
    const rv = returnCodeOf(cause)
    if (rv === undefined) {
      this.#trace(call, detail, started, 'failed before the module was reached')
      return cause
    }
    const error = pkcs11Error(call, rv, this.subject, cause, this.#observer.returnCodes)
    this.#trace(call, detail, started, error.vendorCode)
    const lost = this.slot !== undefined && this.#observer.goneCodes?.includes(rv) === true
    const gone = lost || (VAGUE.has(rv) && this.#tokenIsGone())
    return gone ? this.#gone(call, error) : error
  }

  /** A removal that is taken note of a little later. A token that nobody can pull out is believed at once. */
  async #blamedLater(call: string, failure: unknown, cause: unknown): Promise<unknown> {
    const vague =
      failure instanceof DeviceError && failure.code !== 'device.gone' && VAGUE.has(returnCodeOf(cause) ?? 0)
    if (!vague || !this.#isRemovable()) return failure
    for (let ask = 0; ask < NOTICED_AFTER.asks; ask++) {
      await wait(NOTICED_AFTER.milliseconds)
      if (this.#tokenIsGone()) return this.#gone(call, failure)
    }
    return failure
  }

  #isRemovable(): boolean {
    if (this.slot === undefined) return false
    try {
      this.#calls++
      return (this.library.C_GetSlotInfo(this.slot).flags & CKF_REMOVABLE_DEVICE) !== 0
    } catch {
      return false
    }
  }

  #gone(call: string, error: DeviceError): DeviceError {
    return new DeviceError('device.gone', `Could not finish ${call} on ${this.subject}: the device was removed.`, {
      remedy:
        'Plug the device in again (or restart its service) and resume the run: if the key was generated, it is found again.',
      cause: error,
      vendorCode: error.vendorCode,
    })
  }

  #tokenIsGone(): boolean {
    if (this.slot === undefined) return false
    const slot = this.slot
    try {
      this.#calls += 2
      this.library.C_GetTokenInfo(slot)
      return !this.library.C_GetSlotList(true).some((each) => each.equals(slot))
    } catch (error) {
      const rv = returnCodeOf(error)
      return rv === 0xe0 || rv === 0x32 || rv === 0x03 || rv === 0x190
    }
  }
}

function aborted(call: string, subject: string): DeviceError {
  return new DeviceError('device.aborted', `Stopped before ${call} on ${subject} was finished.`, {
    remedy: 'Resume the run: if the device finished generating the key meanwhile, it is found again.',
  })
}

function orAborted<Result>(
  running: Promise<Result>,
  signal: AbortSignal | undefined,
  call: string,
  subject: string,
): Promise<Result> {
  if (signal === undefined) return running
  return new Promise<Result>((resolve, reject) => {
    const stop = (): void => reject(aborted(call, subject))
    signal.addEventListener('abort', stop, { once: true })
    const done = (): void => signal.removeEventListener('abort', stop)
    running.then(
      (result) => {
        done()
        resolve(result)
      },
      (error: unknown) => {
        done()
        reject(error)
      },
    )
  })
}
