/**
 * The card's side of vpcd (vsmartcard, src/vpcd/vpcd.c and doc/api.txt): the reader driver listens, the card connects.
 * Both ways a message is two octets of length, big-endian, and a body. A body of one octet controls the card and only
 * "get ATR" is answered; a longer one is a command APDU and is answered in turn. Closing the connection is pulling the card.
 */
import type { Readable, Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { CardRemoved } from './card-fault.ts'
import type { PivCard } from './piv-card.ts'
import type { ReaderState } from './reader-states.ts'

/** Port of the driver's first reader; the second has the next one. */
export const VPCD_PORT = 0x8c7b

const CONTROL = { powerOff: 0, powerOn: 1, reset: 2, getAtr: 4 } as const

/** A connection to the driver, however it is reached. */
export interface ReaderConnection {
  readonly input: Readable
  readonly output: Writable
  close(): void
}

/** How a slot reaches its reader. */
export interface ReaderAccess {
  /** Opens a connection to the driver: puts the card in. */
  connect(): Promise<ReaderConnection>
  /** What pcscd believes. Without it, asking for the ATR counts as having seen the card. */
  state?(): Promise<ReaderState | undefined>
}

const LOOK_AGAIN_MILLISECONDS = 20

/** A reader's slot: the card is in it between `insert` and `remove`, and goes by itself where a fault says so. */
export class VpcdSlot {
  readonly card: PivCard
  readonly #reader: ReaderAccess
  #connection: ReaderConnection | undefined
  #atrAsked = false
  #eventsWhenPresent: number | undefined

  constructor(card: PivCard, reader: ReaderAccess) {
    this.card = card
    this.#reader = reader
  }

  get inserted(): boolean {
    return this.#connection !== undefined
  }

  /**
   * Resolves once pcscd has seen the card. Waits before that until pcscd has seen the last one go: put back sooner, after
   * an error, pcscd takes the reader for empty for good. Throws where either does not come within the time.
   */
  async insert(timeoutMilliseconds = 60_000): Promise<void> {
    if (this.#connection !== undefined) return
    const until = performance.now() + timeoutMilliseconds
    await this.#await((state) => state.card === 'absent' && state.events !== this.#eventsWhenPresent, until)
    const connection = await this.#reader.connect()
    this.#connection = connection
    this.#atrAsked = false
    void this.#serve(connection)
    try {
      const seen = await this.#await((state) => state.card === 'present', until)
      this.#eventsWhenPresent = seen.events
    } catch (error) {
      this.remove()
      throw error
    }
  }

  async #await(holds: (state: ReaderState) => boolean, until: number): Promise<ReaderState> {
    const inserting = this.inserted
    let cause: unknown
    while (performance.now() < until) {
      try {
        const state = await this.#state()
        if (state !== undefined && holds(state)) return state
      } catch (error) {
        // Under load its socket refuses now and then (EAGAIN).
        cause = error
      }
      if (inserting && !this.inserted) throw new Error('the reader closed the connection')
      await wait(LOOK_AGAIN_MILLISECONDS)
    }
    throw new Error(`the reader does not see the card ${inserting ? 'come' : 'go'}`, { cause })
  }

  async #state(): Promise<ReaderState | undefined> {
    if (this.#reader.state) return this.#reader.state()
    return { card: this.#atrAsked ? 'present' : 'absent', events: this.#atrAsked ? 1 : 0 }
  }

  /** Pulls the card. Its memory stays; `insert` puts it back. */
  remove(): void {
    const connection = this.#connection
    this.#connection = undefined
    this.#atrAsked = false
    connection?.close()
    this.card.reset()
  }

  /** One message after the other, in order; ends with the connection. */
  async #serve(connection: ReaderConnection): Promise<void> {
    try {
      for await (const body of readMessages(connection.input)) {
        const reply = await this.#answer(body)
        if (connection !== this.#connection) return
        if (reply === undefined) continue
        await send(connection.output, frame(reply.answer))
        if (reply.leaves) return
      }
    } catch (error) {
      // A connection that breaks is an ordinary end, and so is a card that a fault pulled out; the rest is a defect and must be seen.
      if (!(error instanceof CardRemoved) && connection === this.#connection && !isSystemError(error)) {
        setImmediate(() => {
          throw error
        })
      }
    } finally {
      if (connection === this.#connection) this.remove()
    }
  }

  async #answer(body: Uint8Array): Promise<{ readonly answer: Uint8Array; readonly leaves: boolean } | undefined> {
    if (body.length !== 1) return this.card.transmit(body)
    switch (body[0]) {
      case CONTROL.getAtr:
        this.#atrAsked = true
        return { answer: this.card.atr, leaves: false }
      case CONTROL.powerOn:
      case CONTROL.powerOff:
      case CONTROL.reset:
        this.card.reset()
        return undefined
      default:
        return undefined
    }
  }
}

const isSystemError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^(E[A-Z]+|ERR_STREAM_[A-Z_]+|ABORT_ERR)$/.test(String(error.code))

const send = (output: Writable, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => output.write(bytes, (error) => (error ? reject(error) : resolve())))

function frame(body: Uint8Array): Uint8Array {
  const header = Buffer.alloc(2)
  header.writeUInt16BE(body.length)
  return Buffer.concat([header, body])
}

async function* readMessages(input: Readable): AsyncGenerator<Uint8Array> {
  let pending = Buffer.alloc(0)
  for await (const chunk of input) {
    pending = Buffer.concat([pending, chunk as Buffer])
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0)
      const body = pending.subarray(2, end)
      pending = pending.subarray(end)
      yield body
    }
  }
}
