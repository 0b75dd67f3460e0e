import type { DeviceFamily } from '../device.ts'
import { formatDeviceUri } from '../device-uri.ts'
import { discoverTokens } from '../pkcs11/discover-tokens.ts'
import { openToken } from '../pkcs11/open-token.ts'
import { pivUserRole } from './management-key.ts'
import { readPinCounter } from './pin-counter.ts'
import { printVersion, unpackVersion } from './ykcs11-abilities.ts'
import { YubikeyDevice } from './yubikey-device.ts'
import { YUBIKEY_FAMILY, YUBIKEY_SETTINGS } from './yubikey-settings.ts'

export const family: DeviceFamily = {
  hsmType: 'YUBIKEY',
  scheme: 'yubikey',
  settings: YUBIKEY_SETTINGS,
  discover: (options) =>
    discoverTokens(YUBIKEY_FAMILY, options, {
      recognises: ({ manufacturer, model }) => /yubi/i.test(`${manufacturer} ${model}`),
      refine: (device, token) => ({
        ...device,
        vendor: 'Yubico',
        firmware: printVersion(unpackVersion(token.firmware)),
        uri: formatDeviceUri('yubikey', { serial: token.serial }),
      }),
    }),
  open: async (uri, options) =>
    await openToken(
      YUBIKEY_FAMILY,
      uri,
      options,
      {
        userRole: () => pivUserRole,
        readTriesLeft: (token, settings) => readPinCounter(token, settings.text('pivTool')),
      },
      (opened) => new YubikeyDevice(opened),
    ),
}
