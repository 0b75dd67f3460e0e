/**
 * The card's side of vpcd (vsmartcard, src/vpcd/vpcd.c and doc/api.txt): the reader driver listens, the card connects.
 * Both ways a message is two octets of length, big-endian, and a body. A body of one octet controls the card and only
 * "get ATR" is answered; a longer one is a command APDU and is answered in turn. Closing the connection is pulling the card.
 */
import type { Readable, Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { CardRemoved } from './card-fault.ts'
import type { PivCard } from './piv-card.ts'

/** Port of the driver's first reader; the second has the next one. */
export const VPCD_PORT = 0x8c7b

const CONTROL = { powerOff: 0, powerOn: 1, reset: 2, getAtr: 4 } as const

/**
 * pcscd looks for a card every 0.4 s by asking for the ATR; once it asks again it has taken note of the answer before.
 * When it starts it asks three times at once, and gives the card power in between.
 */
const POLLS_AT_START = 4
const POLLS_LATER = 2

/**
 * How long a card stays out at least. Put back sooner, pcscd may never see that it was gone, and after an error it then
 * takes the reader for empty for good. A person is never that quick.
 */
const ABSENCE_MILLISECONDS = 900

/** A connection to the driver, however it is reached. */
export interface ReaderConnection {
  readonly input: Readable
  readonly output: Writable
  close(): void
}

/** A reader's slot: the card is in it between `insert` and `remove`, and goes by itself where a fault says so. */
export class VpcdSlot {
  readonly card: PivCard
  readonly #connect: () => Promise<ReaderConnection>
  #connection: ReaderConnection | undefined
  #seen: (() => void) | undefined
  #pollsToWait = 0
  #known = false
  #removedAt = Number.NEGATIVE_INFINITY

  /** `connect` opens a connection to the driver. */
  constructor(card: PivCard, connect: () => Promise<ReaderConnection>) {
    this.card = card
    this.#connect = connect
  }

  get inserted(): boolean {
    return this.#connection !== undefined
  }

  /** Resolves once the reader has seen the card. Throws where it does not within `timeoutMilliseconds`. */
  async insert(timeoutMilliseconds = 10_000): Promise<void> {
    if (this.#connection !== undefined) return
    const absence = performance.now() - this.#removedAt
    if (absence < ABSENCE_MILLISECONDS) await wait(ABSENCE_MILLISECONDS - absence)
    const connection = await this.#connect()
    this.#connection = connection
    const seen = new Promise<void>((resolve) => {
      this.#pollsToWait = this.#known ? POLLS_LATER : POLLS_AT_START
      this.#seen = resolve
    })
    const gone = this.#serve(connection).then(() => {
      throw new Error('the reader closed the connection')
    })
    gone.catch(() => undefined)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('the reader did not look for a card')), timeoutMilliseconds)
    })
    try {
      await Promise.race([seen, gone, late])
      this.#known = true
    } catch (error) {
      this.remove()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Pulls the card. Its memory stays; `insert` puts it back. */
  remove(): void {
    const connection = this.#connection
    this.#connection = undefined
    if (connection === undefined) return
    this.#removedAt = performance.now()
    connection.close()
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
        if (--this.#pollsToWait <= 0) this.#seen?.()
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
