/** Cards in a private pcscd, in a thread of their own: for a program that loads libykcs11 into itself. */
import { Worker } from 'node:worker_threads'
import { EnrollError } from '../../../errors.ts'
import type { TrustAnchor } from '../../../trust-anchors/trust-anchor.ts'
import { runnableModule } from '../../pkcs11-token/runnable-module.ts'
import type { ApduExchange } from './apdu-record.ts'
import type { CardFault } from './card-fault.ts'
import type { CardPlan, CardReply, CardRequest, CardSnapshot, FromWorker, ToWorker } from './card-messages.ts'
import { missingForPcscd } from './pcscd.ts'
import type { TouchBehaviour } from './touch-button.ts'

export interface RunningPivCards {
  /** For whoever talks PC/SC; put into `process.env` before the PKCS#11 module is initialised. */
  readonly environment: Readonly<Record<string, string>>
  /** One per card, in order. */
  readonly cards: readonly CardControl[]
  /** Test anchors of each card, in order. */
  readonly trustAnchors: readonly (readonly TrustAnchor[])[]
  /** What stands above F9 and is not on each card, the test root last, DER. */
  readonly rootCertificates: readonly (readonly Uint8Array[])[]
  /** Ends daemon and thread; safe to call twice. */
  close(): Promise<void>
}

export interface PivCardsOptions {
  /** One or two. */
  readonly cards: readonly CardPlan[]
  /** For the daemon's files; exists and is private to this run. */
  readonly directory: string
}

/** A socket's path holds 107 octets; this much of it is ours. */
const MAX_DIRECTORY = 107 - '/pcscd-XXXXXX/run/pcscd.comm'.length
/** A key generation under way may take as long; then the thread is ended by force. */
const CLOSE_TIMEOUT_MILLISECONDS = 5000

/** Throws EnrollError `sandbox.unavailable` where programs are missing, `sandbox.piv-card` where they do not come up. */
export async function startPivCards({ cards, directory }: PivCardsOptions): Promise<RunningPivCards> {
  const missing = missingForPcscd()
  if (missing.length > 0) throw unavailable(missing)
  const { cardWorkerData, cardWorkerUrl } = await import('./card-worker.ts')
  const workerData = cardWorkerData({
    cards,
    ...(Buffer.byteLength(directory) <= MAX_DIRECTORY ? { directory } : {}),
  })
  const worker = new Worker(await runnableModule(cardWorkerUrl, directory), { workerData })
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const { environment, trustAnchors, rootCertificates } = await started(worker)
  const ask = conversation(worker)
  // A caller that dies without closing must not be kept alive by its cards.
  worker.unref()
  return {
    environment,
    trustAnchors,
    rootCertificates,
    cards: cards.map((_plan, index) => new CardControl(ask, index)),
    close: async () => {
      worker.ref()
      const message: ToWorker = { kind: 'close' }
      worker.postMessage(message)
      const patience = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MILLISECONDS)
      await ended
      clearTimeout(patience)
    },
  }
}

type Ask = (request: CardRequest) => Promise<CardReply>

/** One card from the other thread: its reader's slot, its misbehaviour, what it saw. */
export class CardControl {
  readonly #ask: Ask
  readonly #card: number

  constructor(ask: Ask, card: number) {
    this.#ask = ask
    this.#card = card
  }

  /** Resolves once pcscd has seen the card. */
  insert = (): Promise<void> => this.#do({ do: 'insert', card: this.#card })
  remove = (): Promise<void> => this.#do({ do: 'remove', card: this.#card })
  addFault = (fault: CardFault): Promise<void> => this.#do({ do: 'fault', card: this.#card, fault })
  clearFaults = (): Promise<void> => this.#do({ do: 'clear-faults', card: this.#card })
  clearRecord = (): Promise<void> => this.#do({ do: 'clear-record', card: this.#card })
  /** Keys, certificates, PIN, PUK, management key as the factory left them. */
  factoryReset = (): Promise<void> => this.#do({ do: 'factory-reset', card: this.#card })
  setTriesLeft = (tries: { readonly pin?: number; readonly puk?: number }): Promise<void> =>
    this.#do({ do: 'tries-left', card: this.#card, ...tries })
  /** `patienceMilliseconds`: how long the card waits for the touch. */
  setTouch = (behaviour: TouchBehaviour, patienceMilliseconds?: number): Promise<void> =>
    this.#do({
      do: 'touch',
      card: this.#card,
      behaviour,
      patienceMilliseconds,
    })

  async snapshot(): Promise<CardSnapshot> {
    const reply = await this.#ask({ do: 'snapshot', card: this.#card })
    if (reply.kind !== 'snapshot') throw unexpected(reply)
    return reply.snapshot
  }

  /** What went over the wire, without the secrets. */
  async record(): Promise<readonly ApduExchange[]> {
    const reply = await this.#ask({ do: 'record', card: this.#card })
    if (reply.kind !== 'record') throw unexpected(reply)
    return reply.exchanges
  }

  async #do(request: CardRequest): Promise<void> {
    const reply = await this.#ask(request)
    if (reply.kind !== 'done') throw unexpected(reply)
  }
}

const failed = (why: string): EnrollError =>
  new EnrollError('sandbox.piv-card', `Could not use the PIV card double: ${why}.`, {
    remedy: 'Look whether pcscd starts here (pcscd --foreground), and use a short private directory (TMPDIR).',
  })

const unexpected = (reply: CardReply): EnrollError =>
  failed(reply.kind === 'failed' ? reply.message : `it answered "${reply.kind}"`)

const unavailable = (missing: readonly string[]): EnrollError =>
  new EnrollError('sandbox.unavailable', `Could not start the YubiKey double: ${missing.join(', ')} missing.`, {
    remedy: 'Install pcscd, vsmartcard-vpcd, ykcs11, util-linux and iproute2 (Linux), or rehearse with another device.',
  })

function started(worker: Worker): Promise<Extract<FromWorker, { kind: 'started' }>> {
  return new Promise((resolve, reject) => {
    worker.once('message', (message: FromWorker) => {
      if (message.kind === 'started') resolve(message)
      else reject(failed(message.kind === 'failed' ? message.message : 'it answered before it was asked'))
    })
    worker.once('error', (error) => reject(failed(error.message)))
    worker.once('exit', (code) => reject(failed(`its thread ended (${code})`)))
  })
}

function conversation(worker: Worker): Ask {
  const waiting = new Map<number, (reply: CardReply) => void>()
  let last = 0
  worker.on('message', (message: FromWorker) => {
    if (message.kind !== 'reply') return
    waiting.get(message.id)?.(message.reply)
    waiting.delete(message.id)
    if (waiting.size === 0) worker.unref()
  })
  worker.once('exit', () => {
    for (const resolve of waiting.values()) resolve({ kind: 'failed', message: 'its thread ended' })
    waiting.clear()
  })
  return (request) =>
    new Promise((resolve) => {
      const id = ++last
      waiting.set(id, resolve)
      worker.ref()
      const message: ToWorker = { kind: 'request', id, request }
      worker.postMessage(message)
    })
}
