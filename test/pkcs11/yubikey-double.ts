import type { CardPlan } from '../../src/sandbox/yubikey/card/card-messages.ts'
import { missingForPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import { type CardControl, startPivCards } from '../../src/sandbox/yubikey/card/start-piv-cards.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'
import { allHere } from '../not-run.ts'
import { PrivateEnvironment } from './hsm-double.ts'

/** False where pcscd and its virtual reader are missing, said aloud; an error in CI, where nothing may be passed over. */
export function yubikeyDoubleAvailable(): boolean {
  return allHere(missingForPcscd())
}

export interface YubikeyDouble {
  readonly card: CardControl
  readonly trustAnchors: readonly TrustAnchor[]
  close(): Promise<void>
}

/** A card (or two) in Debian's pcscd; this process's PC/SC calls lead to it until `close`. */
export async function startYubikeys(...plans: readonly CardPlan[]): Promise<YubikeyDouble> {
  const place = new PrivateEnvironment()
  const cards = plans.map((plan) => ({ attestationKeyType: 'P-256' as const, ...plan }))
  const running = await startPivCards({ cards, directory: place.folder })
  place.set({ ...running.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: place.folder })
  const [card] = running.cards
  if (card === undefined) throw new Error('no card came')
  return {
    card,
    trustAnchors: running.trustAnchors.flat(),
    close: async () => {
      await running.close()
      place.restore()
    },
  }
}
