import { createHash } from 'node:crypto'
import { formatDeviceUri } from '../../../devices/device.ts'
import type { DoubleOptions, RunningDouble } from '../double.ts'
import { orClose } from '../or-close.ts'
import { findClientModule } from '../pkcs11-token/client-module.ts'
import type { TokenControl } from '../pkcs11-token/control-client.ts'
import type { LunaSettings } from '../pkcs11-token/personalities/luna.ts'
import { LUNA_LABEL, LUNA_PIN } from '../pkcs11-token/personalities/luna-identity.ts'
import { writeStandIn } from '../pkcs11-token/stand-in.ts'
import { startToken } from '../pkcs11-token/start-token.ts'

export interface LunaDouble extends RunningDouble {
  /** Faults, counters, objects. */
  readonly control: TokenControl
  /** The stand-in for the client's `cmu`. */
  readonly cmu: string
}

/** Every partition has a serial number of its own, and keeps it: 13 digits, which follow from where this one lives. */
const partitionSerial = (directory: string): string =>
  `199${(BigInt(`0x${createHash('sha256').update(directory).digest('hex').slice(0, 16)}`) % 10n ** 10n).toString().padStart(10, '0')}`

/** A Luna partition in a worker thread. Throws EnrollError `sandbox.p11-kit`, `sandbox.token`. */
export async function startDouble(
  options: DoubleOptions & { readonly personality?: LunaSettings },
): Promise<LunaDouble> {
  const module = findClientModule()
  const { cmuUrl } = await import('./cmu.ts')
  const serial = options.personality?.serial ?? partitionSerial(options.directory)
  const token = await startToken({
    directory: options.directory,
    personality: { name: 'luna', settings: { ...options.personality, serial } },
  })
  const cmu = await orClose(token, () =>
    writeStandIn(options.directory, {
      name: 'cmu',
      moduleUrl: cmuUrl,
      exportName: 'runCmu',
      controlPath: token.control.path,
    }),
  )
  return {
    hsmType: 'LUNA',
    uri: formatDeviceUri('luna', { token: LUNA_LABEL, serial }),
    settings: { module, cmu },
    secrets: { pin: LUNA_PIN },
    environment: token.environment,
    trustAnchors: token.trustAnchors,
    control: token.control,
    cmu,
    close: () => token.close(),
  }
}
