import type { Device, DeviceFamily, DiscoverOptions, Discovery, OpenOptions } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { formatDeviceUri } from '../device-uri.ts'
import { discoverTokens } from '../pkcs11/discover-tokens.ts'
import { openToken } from '../pkcs11/open-token.ts'
import { readTokenUri } from '../pkcs11/token-uri.ts'
import { findHidKeys } from './hid-keys.ts'
import { hidOnlyDevice, whyNoPiv, withHidFacts } from './hid-obstacles.ts'
import { pivUserRole } from './management-key.ts'
import { readPinCounter } from './pin-counter.ts'
import { YubikeyDevice } from './yubikey-device.ts'
import { YUBIKEY_FAMILY, YUBIKEY_SETTINGS } from './yubikey-settings.ts'

/** What libykcs11 shows, joined with what HID shows: a key with PIV switched off is named, not passed over. */
async function discover(options: DiscoverOptions): Promise<Discovery> {
  const tokens = await discoverTokens(YUBIKEY_FAMILY, options, {
    recognises: ({ manufacturer, model }) => /yubi/i.test(`${manufacturer} ${model}`),
    refine: (device, token) => ({
      ...device,
      vendor: 'Yubico',
      uri: formatDeviceUri('yubikey', { serial: token.serial }),
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
    throw error instanceof DeviceError && error.code === 'device.not-found' ? await explainAbsence(error, uri) : error
  }
}

/** "PIV is disabled on this key" in place of "no device", where HID knows better. */
async function explainAbsence(error: DeviceError, uri: string): Promise<DeviceError> {
  const { serial } = readTokenUri(uri, YUBIKEY_FAMILY.uriAttributes)
  const { keys } = await findHidKeys()
  const key = keys.find(({ info }) => serial === undefined || info?.serial === serial)
  if (key === undefined) return error
  const { message, remedy } = whyNoPiv(key)
  return new DeviceError('device.not-found', message, { remedy, cause: error })
}

export const family: DeviceFamily = {
  hsmType: 'YUBIKEY',
  scheme: 'yubikey',
  settings: YUBIKEY_SETTINGS,
  discover,
  open,
}
