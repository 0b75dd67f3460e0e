/** The YubiKey double: a PIV card in a private pcscd, reached by the same PKCS#11 module as the hardware. */
import { formatDeviceUri } from '../../../devices/device-uri.ts'
import type { DoubleOptions, RunningDouble } from '../double.ts'
import type { CardPlan } from './card/card-messages.ts'
import { DEFAULT_PIN } from './card/card-state.ts'
import { DEFAULT_SERIAL } from './card/create-piv-card.ts'
import { DEFAULT_MANAGEMENT_KEY } from './card/management-key.ts'
import { PERSONALITIES, type PersonalityName } from './card/personality.ts'
import { type CardControl, startPivCards } from './card/start-piv-cards.ts'

export interface YubikeyDouble extends RunningDouble {
  /** Faults, touch, counters, insertion and removal. */
  readonly control: CardControl
}

const PREFIX = 'yubikey-'
export const FIRMWARE = Object.keys(PERSONALITIES).map((name) => name.slice(PREFIX.length))

const isPersonality = (name: string): name is PersonalityName => Object.hasOwn(PERSONALITIES, name)

/**
 * The card lives in a thread of its own. Throws EnrollError `sandbox.unavailable` (names what to install), `sandbox.piv-card`.
 * `card`: personality and serial number. Default: firmware 5.4.3, the newest on which libykcs11 2.2.0 can generate.
 */
export async function startDouble(options: DoubleOptions & { readonly card?: CardPlan }): Promise<YubikeyDouble> {
  const personality = `${PREFIX}${options.firmware ?? ''}`
  const plan: CardPlan = { ...(isPersonality(personality) ? { personality } : {}), ...options.card }
  const running = await startPivCards({ cards: [plan], directory: options.directory })
  const [control] = running.cards
  if (control === undefined) throw new RangeError('one card was asked for and none came')
  return {
    hsmType: 'YUBIKEY',
    uri: formatDeviceUri('yubikey', { serial: String(plan.serial ?? DEFAULT_SERIAL), slot: '9c' }),
    settings: {},
    secrets: { pin: DEFAULT_PIN, 'management-key': DEFAULT_MANAGEMENT_KEY.toString('hex') },
    environment: running.environment,
    trustAnchors: running.trustAnchors.flat(),
    rootCertificates: running.rootCertificates.flat(),
    control,
    close: () => running.close(),
  }
}
