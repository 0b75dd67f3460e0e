import type { DeviceFamily } from '../device.ts'
import { discoverTokens } from '../pkcs11/discover-tokens.ts'
import { openToken } from '../pkcs11/open-token.ts'
import { NshieldDevice } from './nshield-device.ts'
import { NSHIELD_FAMILY, NSHIELD_SETTINGS, nshieldRole } from './nshield-settings.ts'

export const family: DeviceFamily = {
  hsmType: 'NSHIELD',
  scheme: 'nshield',
  settings: NSHIELD_SETTINGS,
  discover: (options) => discoverTokens(NSHIELD_FAMILY, options),
  open: async (uri, options) =>
    await openToken(NSHIELD_FAMILY, uri, options, { userRole: nshieldRole }, (opened) => new NshieldDevice(opened)),
}
