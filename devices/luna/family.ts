import type { DeviceFamily } from '../device.ts'
import { discoverTokens } from '../pkcs11/discover-tokens.ts'
import { openToken, readTokenSettings } from '../pkcs11/open-token.ts'
import { checkConfiguredPin, USER_PIN } from '../pkcs11/pin-doctrine.ts'
import { parseKeyLocation } from '../pkcs11/token-key.ts'
import { tokenSigningAccess } from '../pkcs11/token-signing-access.ts'
import { LunaDevice } from './luna-device.ts'
import { LUNA_FAMILY, LUNA_PIN_FORM, LUNA_SETTINGS, lunaPackageForm, lunaRole } from './luna-settings.ts'

export const family: DeviceFamily = {
  hsmType: 'LUNA',
  scheme: 'luna',
  searchLoadsModule: true,
  settings: LUNA_SETTINGS,
  discover: (options) => discoverTokens(LUNA_FAMILY, options),
  check: async (uri, given) => {
    const { settings } = readTokenSettings(LUNA_FAMILY, uri, given)
    lunaRole(settings)
    lunaPackageForm(settings)
  },
  signingAccess: (uri, given, location) => {
    const identity = parseKeyLocation(location)
    return identity === undefined ? undefined : tokenSigningAccess(LUNA_FAMILY, uri, given, identity)
  },
  checkSecret: (name, secret) => {
    if (name === 'pin') checkConfiguredPin(secret, LUNA_PIN_FORM, USER_PIN)
  },
  open: async (uri, options) =>
    await openToken(LUNA_FAMILY, uri, options, { userRole: lunaRole }, (opened) => new LunaDevice(opened)),
}
