import type { DiscoveredDevice, DiscoverOptions, Discovery } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { Cryptoki } from './cryptoki.ts'
import { describeModule, findModule } from './find-module.ts'
import { loadModule } from './load-module.ts'
import { tokensOf } from './open-token.ts'
import { hasFlag, plainFirmware, type TokenDescription, tokenName } from './token-description.ts'
import { isOfFamily, type TokenFamily } from './token-family.ts'
import { tokenObstacles } from './token-obstacles.ts'
import { readTokenUri, tokenUri } from './token-uri.ts'

export interface DiscoveryHooks {
  /** What the family knows better than the token's own words. */
  readonly refine?: (
    device: DiscoveredDevice,
    token: TokenDescription,
    /** Where a URI or setting named the module: the device's own URI must name it too. */
    modulePath: string | undefined,
  ) => DiscoveredDevice
}

/** Loads the family's module, lists its tokens, and gives the module back; nothing is opened or logged in to. Never throws. */
export async function discoverTokens(
  family: TokenFamily,
  options: DiscoverOptions,
  hooks: DiscoveryHooks = {},
): Promise<Discovery> {
  const trail: string[] = []
  let modulePath: string | undefined
  try {
    const setting = options.settings?.module
    const query = options.uri === undefined ? undefined : readTokenUri(options.uri, family.uriAttributes)
    const explicit = query?.modulePath ?? (typeof setting === 'string' ? setting : undefined)
    const found = findModule(family.search, { explicit, name: query?.moduleName, trail })
    modulePath = found.path
    const loaded = await loadModule(found.path)
    try {
      const cryptoki = new Cryptoki(loaded.library, `module ${describeModule(found)}`, {
        signal: options.signal,
        returnCodes: family.returnCodes,
      })
      const named = found.origin === 'URI or setting' ? found.path : undefined
      const tokens = tokensOf(family, cryptoki, trail).map(({ token }) => token)
      const devices = tokens.flatMap((token): DiscoveredDevice[] => {
        if (!isOfFamily(family, token)) {
          trail.push(
            `${describeModule(found)} shows ${tokenName(token)}, model ${token.model}, which is not a ${family.vendor} token`,
          )
          return []
        }
        const device = discovered(family, token, loaded.description, tokenUri(family.scheme, token, named, tokens))
        return [hooks.refine?.(device, token, named) ?? device]
      })
      return { devices, trail }
    } finally {
      loaded.release()
    }
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    // Without a module the trail has said it all already.
    const line = modulePath === undefined ? error.remedy : `${error.message} Try: ${error.remedy}`
    return { devices: [], trail: [...trail, line] }
  }
}

function discovered(family: TokenFamily, token: TokenDescription, module: string, uri: string): DiscoveredDevice {
  return {
    hsmType: family.hsmType,
    uri,
    vendor: token.manufacturer,
    model: token.model,
    ...(token.serial === '' ? {} : { serial: token.serial }),
    firmware: (family.firmware ?? plainFirmware)(token),
    obstacles: hasFlag(token, 'TOKEN_INITIALIZED') || token.label !== '' ? tokenObstacles(token, tokenName(token)) : [],
    details: { token: token.label, slot: `${token.slotId} ${token.slotDescription}`.trim(), module },
  }
}
