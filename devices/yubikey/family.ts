import type { Device, DeviceFamily, DiscoverOptions, Discovery, OpenOptions } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { formatDeviceUri } from '../device-uri.ts'
import { discoverTokens } from '../pkcs11/discover-tokens.ts'
import { openToken, readTokenSettings } from '../pkcs11/open-token.ts'
import { checkConfiguredPin } from '../pkcs11/pin-doctrine.ts'
import { readTokenUri } from '../pkcs11/token-uri.ts'
import { chosenSlot } from './chosen-slot.ts'
import { findHidKeys } from './hid-keys.ts'
import { explainAbsence, hidOnlyDevice, withHidFacts } from './hid-obstacles.ts'
import { policyAdvice } from './key-policy.ts'
import { PIV_PIN_FORM, pivUserRole, readManagementKey } from './management-key.ts'
import { readPinCounter } from './pin-counter.ts'
import { YubikeyDevice } from './yubikey-device.ts'
import { YUBIKEY_FAMILY, YUBIKEY_SETTINGS } from './yubikey-settings.ts'
import { yubikeySigningAccess } from './yubikey-signing-access.ts'

/** What libykcs11 shows, joined with what HID shows: a key with PIV switched off is named, not passed over. */
async function discover(options: DiscoverOptions): Promise<Discovery> {
  const tokens = await discoverTokens(YUBIKEY_FAMILY, options, {
    refine: (device, token, modulePath) => ({
      ...device,
      vendor: 'Yubico',
      uri: formatDeviceUri('yubikey', { serial: token.serial }, { 'module-path': modulePath }),
    }),
  })
  const hid = await findHidKeys()
  const seen = new Set(tokens.devices.map(({ serial }) => serial))
  const hidOnly = hid.keys.filter(({ info }) => (info?.serial === undefined ? seen.size === 0 : !seen.has(info.serial)))
  return {
    devices: [...tokens.devices.map((device) => withHidFacts(device, hid.keys)), ...hidOnly.map(hidOnlyDevice)],
    trail: [...tokens.trail, ...hid.trail],
  }
}

async function open(uri: string, options: OpenOptions): Promise<Device> {
  try {
    return await openToken(
      YUBIKEY_FAMILY,
      uri,
      options,
      {
        userRole: () => pivUserRole,
        readTriesLeft: (token, settings) => readPinCounter(token, settings.text('pivTool')),
      },
      (opened) => new YubikeyDevice(opened),
    )
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code !== 'device.not-found') throw error
    const { keys } = await findHidKeys()
    throw explainAbsence(error, readTokenUri(uri, YUBIKEY_FAMILY.uriAttributes), keys)
  }
}

export const family: DeviceFamily = {
  hsmType: 'YUBIKEY',
  scheme: 'yubikey',
  keepsNoIssuers: 'PIV has no place for issuers',
  searchLoadsModule: true,
  settings: YUBIKEY_SETTINGS,
  discover,
  check: async (uri, given) => {
    const { query, settings } = readTokenSettings(YUBIKEY_FAMILY, uri, given)
    chosenSlot(query, settings)
  },
  signingAccess: yubikeySigningAccess,
  advise: (uri, given, key) => {
    const { query, settings } = readTokenSettings(YUBIKEY_FAMILY, uri, given)
    return policyAdvice(chosenSlot(query, settings), key)
  },
  checkSecret: (name, secret) => {
    if (name === 'pin') checkConfiguredPin(secret, PIV_PIN_FORM, pivUserRole.pin)
    if (name === 'management-key') readManagementKey(secret, true).wipe()
  },
  neededSecrets: (uri, given, { pinPolicy = 'default' }) => {
    const { query, settings } = readTokenSettings(YUBIKEY_FAMILY, uri, given)
    const pinProtected = settings.flag('pinProtectedManagementKey') === true
    // Slot 9e asks for no PIN unless its key is told to (NIST SP 800-73-4 part 1, 3.3).
    const withoutPin = pinPolicy === 'never' || (pinPolicy === 'default' && chosenSlot(query, settings).name === '9e')
    return [
      ...(withoutPin && !pinProtected ? [] : (['pin'] as const)),
      ...(pinProtected ? [] : (['management-key'] as const)),
    ]
  },
  open,
}
