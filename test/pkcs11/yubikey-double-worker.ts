/**
 * The YubiKey double in a thread of its own: libykcs11 blocks its caller, so the card must not live in the thread that calls.
 * Loaded in any other thread this module only tells its URL.
 */
import { isMainThread, parentPort } from 'node:worker_threads'
import type { CardFault } from '../../src/sandbox/piv-card/card-fault.ts'
import { createPivCard } from '../../src/sandbox/piv-card/create-piv-card.ts'
import { startPcscd } from '../../src/sandbox/piv-card/pcscd.ts'
import type { PersonalityName } from '../../src/sandbox/piv-card/personality.ts'
import { INS } from '../../src/sandbox/piv-card/piv-applet.ts'
import type { TouchBehaviour } from '../../src/sandbox/piv-card/touch-button.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'

export const yubikeyDoubleUrl = import.meta.url
export { INS }

export type CardRequest =
  | {
      readonly do: 'start'
      readonly cards: readonly { readonly serial: number; readonly personality?: PersonalityName }[]
    }
  | { readonly do: 'remove' | 'insert' | 'close' | 'reset' | 'clear-faults' }
  | { readonly do: 'fault'; readonly fault: CardFault }
  | {
      readonly do: 'touch'
      readonly behaviour: TouchBehaviour
      readonly policy?: { readonly slot: number; readonly touchPolicy: number }
    }
  | { readonly do: 'tries'; readonly left?: number }

export interface CardReply {
  readonly environment?: Readonly<Record<string, string>>
  readonly triesLeft?: number
  readonly trustAnchors?: readonly TrustAnchor[]
  /** How often the card asked for a touch. */
  readonly touchRequests?: number
  /** Keys by slot number. */
  readonly slots?: readonly number[]
  readonly error?: string
}

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  let running:
    | { card: ReturnType<typeof createPivCard>['card']; pcscd: Awaited<ReturnType<typeof startPcscd>> }
    | undefined
  const answer = async (request: CardRequest): Promise<CardReply> => {
    if (request.do === 'start') {
      const made = request.cards.map((card) => createPivCard({ ...card, attestationKeyType: 'P-256' }))
      const cards = made.map(({ card }) => card)
      const pcscd = await startPcscd(cards)
      const [card] = cards
      if (card === undefined) throw new Error('no card')
      running = { card, pcscd }
      return { environment: pcscd.environment, trustAnchors: made.flatMap(({ trustAnchors }) => trustAnchors) }
    }
    if (running === undefined) throw new Error('not started')
    const { card, pcscd } = running
    switch (request.do) {
      case 'remove':
        pcscd.slots[0]?.remove()
        return {}
      case 'insert':
        await pcscd.slots[0]?.insert()
        return {}
      case 'reset':
        card.state.reset()
        return {}
      case 'fault':
        card.faults.add(request.fault)
        return {}
      case 'clear-faults':
        card.faults.clear()
        return {}
      case 'touch': {
        card.touch.behaviour = request.behaviour
        card.touch.patienceMilliseconds = 300
        const { policy } = request
        const key = policy === undefined ? undefined : card.state.keys.get(policy.slot)
        if (policy !== undefined && key !== undefined)
          card.state.keys.set(policy.slot, { ...key, touchPolicy: policy.touchPolicy })
        return {}
      }
      case 'tries':
        if (request.left !== undefined) card.state.pin.left = request.left
        return {
          triesLeft: card.state.pin.left,
          slots: [...card.state.keys.keys()],
          touchRequests: card.touch.requests,
        }
      case 'close':
        await pcscd.close()
        setImmediate(() => port.close())
        return {}
      default: {
        const never: never = request
        throw new Error(`unknown request ${JSON.stringify(never)}`)
      }
    }
  }
  port.on('message', (request: CardRequest) => {
    answer(request).then(
      (reply) => port.postMessage(reply),
      (error: unknown) => port.postMessage({ error: error instanceof Error ? error.message : String(error) }),
    )
  })
}

if (!isMainThread && parentPort !== null && process.env.YUBIKEY_DOUBLE_WORKER === '1') void serve(parentPort)
