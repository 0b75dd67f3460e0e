/**
 * Holds the cards and their pcscd in a thread: libykcs11 blocks its caller, so the card must not live in the thread that
 * calls. Loaded in any other thread this module only tells its URL.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { CardPlan, CardReply, CardRequest, CardSnapshot, FromWorker, ToWorker } from './card-messages.ts'
import { createPivCard } from './create-piv-card.ts'
import { type PrivatePcscd, startPcscd } from './pcscd.ts'
import type { VpcdSlot } from './vpcd.ts'

export const cardWorkerUrl = import.meta.url

const KIND = 'hsm-enroll-piv-card'

export interface CardWorkerData {
  readonly kind: typeof KIND
  readonly cards: readonly CardPlan[]
  /** For the daemon's folder; undefined for the system's temporary one. */
  readonly directory?: string
}

export const cardWorkerData = (data: Omit<CardWorkerData, 'kind'>): CardWorkerData => ({ kind: KIND, ...data })

function isCardWorkerData(data: unknown): data is CardWorkerData {
  return typeof data === 'object' && data !== null && 'kind' in data && data.kind === KIND
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function serve(port: NonNullable<typeof parentPort>, data: CardWorkerData): Promise<void> {
  const tell = (message: FromWorker): void => port.postMessage(message)
  const created = data.cards.map((plan) => createPivCard(plan))
  const pcscd = await startPcscd(
    created.map(({ card }) => card),
    data.directory === undefined ? {} : { directory: data.directory },
  )
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'close') {
      void pcscd.close().finally(() => port.close())
      return
    }
    answer(pcscd, message.request).then(
      (reply) => tell({ kind: 'reply', id: message.id, reply }),
      (error: unknown) => tell({ kind: 'reply', id: message.id, reply: { kind: 'failed', message: messageOf(error) } }),
    )
  })
  tell({
    kind: 'started',
    environment: pcscd.environment,
    trustAnchors: created.map(({ trustAnchors }) => trustAnchors),
    rootCertificates: created.map(({ intermediates, root }) => [...intermediates, root.certificate]),
  })
}

async function answer(pcscd: PrivatePcscd, request: CardRequest): Promise<CardReply> {
  const slot = pcscd.slots[request.card]
  if (slot === undefined) throw new RangeError(`there is no card ${request.card}`)
  const { card } = slot
  switch (request.do) {
    case 'snapshot':
      return { kind: 'snapshot', snapshot: snapshotOf(slot) }
    case 'record':
      return { kind: 'record', exchanges: card.record.exchanges }
    case 'insert':
      await slot.insert()
      break
    case 'remove':
      slot.remove()
      break
    case 'fault':
      card.faults.add(request.fault)
      break
    case 'clear-faults':
      card.faults.clear()
      break
    case 'clear-record':
      card.record.clear()
      break
    case 'factory-reset':
      card.state.reset()
      break
    case 'touch':
      card.touch.behaviour = request.behaviour
      if (request.patienceMilliseconds !== undefined) card.touch.patienceMilliseconds = request.patienceMilliseconds
      break
    case 'tries-left':
      if (request.pin !== undefined) card.state.pin.left = request.pin
      if (request.puk !== undefined) card.state.puk.left = request.puk
  }
  return { kind: 'done' }
}

function snapshotOf({ card, inserted }: VpcdSlot): CardSnapshot {
  return {
    serial: card.serial,
    inserted,
    pinTriesLeft: card.state.pin.left,
    pukTriesLeft: card.state.puk.left,
    touchRequests: card.touch.requests,
    keys: [...card.state.keys].map(([slot, { type, generated, pinPolicy, touchPolicy }]) => ({
      slot,
      algorithm: type.id,
      generated,
      pinPolicy,
      touchPolicy,
    })),
    objects: [...card.state.objects.keys()],
  }
}

if (!isMainThread && parentPort !== null && isCardWorkerData(workerData)) {
  const port = parentPort
  serve(port, workerData).catch((error: unknown) => {
    const message: FromWorker = { kind: 'failed', message: messageOf(error) }
    port.postMessage(message)
    port.close()
  })
}
