/** The YubiKey double: a PIV card in a private pcscd, reached by the same PKCS#11 module as the hardware. */
import { formatDeviceUri } from '../../../devices/device-uri.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import type { DoubleOptions, RunningDouble, StartDouble } from '../double.ts'
import { DEFAULT_PIN } from '../piv-card/card-state.ts'
import { type CreatePivCardOptions, createPivCard } from '../piv-card/create-piv-card.ts'
import { missingForPcscd, type PrivatePcscd, startPcscd } from '../piv-card/pcscd.ts'
import type { PivCard } from '../piv-card/piv-card.ts'

/** What tests reach beside the contract: the card, to make it misbehave, and its reader. */
export interface RunningYubikeyDouble extends RunningDouble {
  readonly card: PivCard
  readonly pcscd: PrivatePcscd
}

/** A socket's path holds 107 octets; this much of it is ours. */
const MAX_DIRECTORY = 107 - '/pcscd-XXXXXX/run/pcscd.comm'.length

/** Throws EnrollError `sandbox.unavailable` where pcscd or its virtual reader is not installed. */
export async function startYubikeyDouble(
  options: DoubleOptions,
  cardOptions: CreatePivCardOptions = {},
): Promise<RunningYubikeyDouble> {
  const missing = missingForPcscd()
  if (missing.length > 0) {
    throw new EnrollError('sandbox.unavailable', `Could not start the YubiKey double: ${missing.join(', ')} missing.`, {
      remedy:
        'Install pcscd, vsmartcard-vpcd, ykcs11, util-linux and iproute2 (Linux), or rehearse with another device.',
      exitCode: EXIT.usage,
    })
  }
  const { card, trustAnchors } = createPivCard(cardOptions)
  const { directory } = options
  const pcscd = await startPcscd([card], Buffer.byteLength(directory) <= MAX_DIRECTORY ? { directory } : {})
  return {
    hsmType: 'YUBIKEY',
    uri: formatDeviceUri('yubikey', { serial: String(card.serial), slot: '9c' }),
    settings: {},
    secrets: {
      pin: DEFAULT_PIN,
      'management-key': Buffer.from(card.state.managementKey.value).toString('hex'),
    },
    environment: pcscd.environment,
    trustAnchors,
    card,
    pcscd,
    close: () => pcscd.close(),
  }
}

export const startDouble: StartDouble = (options) => startYubikeyDouble(options)
