import { formatDeviceUri } from '../../../devices/device.ts'
import type { DoubleOptions, RunningDouble } from '../double.ts'
import { orClose } from '../or-close.ts'
import { findClientModule } from '../pkcs11-token/client-module.ts'
import type { TokenControl } from '../pkcs11-token/control-client.ts'
import type { NshieldSettings } from '../pkcs11-token/personalities/nshield.ts'
import { NSHIELD_PIN, NSHIELD_SOFTCARD } from '../pkcs11-token/personalities/nshield-identity.ts'
import { writeStandIn } from '../pkcs11-token/stand-in.ts'
import { startToken } from '../pkcs11-token/start-token.ts'

export interface NshieldDouble extends RunningDouble {
  /** Faults, counters, objects. */
  readonly control: TokenControl
  /** The stand-in for Entrust's `nfkmattest`. */
  readonly nfkmattest: string
}

/** An nShield in a worker thread; the URI names its softcard. Throws EnrollError `sandbox.p11-kit`, `sandbox.token`. */
export async function startDouble(
  options: DoubleOptions & { readonly personality?: NshieldSettings },
): Promise<NshieldDouble> {
  const module = findClientModule()
  const { nfkmattestUrl } = await import('./nfkmattest.ts')
  const token = await startToken({
    directory: options.directory,
    personality: { name: 'nshield', settings: options.personality },
  })
  const nfkmattest = await orClose(token, () =>
    writeStandIn(options.directory, {
      name: 'nfkmattest',
      moduleUrl: nfkmattestUrl,
      exportName: 'runNfkmattest',
      controlPath: token.control.path,
    }),
  )
  return {
    hsmType: 'NSHIELD',
    uri: formatDeviceUri('nshield', { token: NSHIELD_SOFTCARD }),
    settings: { module, nfkmattest },
    secrets: { pin: NSHIELD_PIN },
    environment: token.environment,
    trustAnchors: token.trustAnchors,
    control: token.control,
    nfkmattest,
    close: () => token.close(),
  }
}
