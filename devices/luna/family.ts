import type { DeviceFamily } from '../device.ts'
import { discoverTokens } from '../pkcs11/discover-tokens.ts'
import { openToken } from '../pkcs11/open-token.ts'
import { LunaDevice } from './luna-device.ts'
import { LUNA_FAMILY, LUNA_SETTINGS, lunaRole } from './luna-settings.ts'

export const family: DeviceFamily = {
  hsmType: 'LUNA',
  scheme: 'luna',
  settings: LUNA_SETTINGS,
  discover: (options) => discoverTokens(LUNA_FAMILY, options),
  open: async (uri, options) =>
    await openToken(LUNA_FAMILY, uri, options, { userRole: lunaRole }, (opened) => new LunaDevice(opened)),
}
