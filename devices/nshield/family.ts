import type { Device, DeviceFamily, OpenOptions } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { discoverTokens } from '../pkcs11/discover-tokens.ts'
import { openToken, readTokenSettings } from '../pkcs11/open-token.ts'
import { checkConfiguredPin } from '../pkcs11/pin-doctrine.ts'
import { parseKeyLocation } from '../pkcs11/token-key.ts'
import { tokenSigningAccess } from '../pkcs11/token-signing-access.ts'
import { NshieldDevice } from './nshield-device.ts'
import { NSHIELD_FAMILY, NSHIELD_SETTINGS, nshieldRole } from './nshield-settings.ts'

async function open(uri: string, options: OpenOptions): Promise<Device> {
  try {
    return await openToken(
      NSHIELD_FAMILY,
      uri,
      options,
      { userRole: nshieldRole },
      (opened) => new NshieldDevice(opened),
    )
  } catch (error) {
    throw error instanceof DeviceError && error.code === 'device.not-found' ? withLoadSharing(error) : error
  }
}

/** Without load sharing libcknfast shows no softcards at all, and says nothing of it. */
function withLoadSharing(error: DeviceError): DeviceError {
  if (process.env.CKNFAST_LOADSHARING === '1') return error
  return new DeviceError(error.code, error.message, {
    remedy: `${error.remedy} Softcards are shown only with CKNFAST_LOADSHARING=1 (environment or cknfastrc).`,
    cause: error,
  })
}

export const family: DeviceFamily = {
  hsmType: 'NSHIELD',
  scheme: 'nshield',
  searchLoadsModule: true,
  settings: NSHIELD_SETTINGS,
  discover: (options) => discoverTokens(NSHIELD_FAMILY, options),
  check: async (uri, settings) => void readTokenSettings(NSHIELD_FAMILY, uri, settings),
  signingAccess: (uri, given, location) => {
    const identity = parseKeyLocation(location)
    return identity === undefined ? undefined : tokenSigningAccess(NSHIELD_FAMILY, uri, given, identity)
  },
  checkSecret: (name, secret) => {
    if (name === 'pin') checkConfiguredPin(secret, { alphabet: 'any' }, nshieldRole().pin)
  },
  open,
}
