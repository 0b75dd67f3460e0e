import type { DiscoveredDevice } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { formatDeviceUri } from '../device-uri.ts'
import { blocker, type Obstacle } from '../obstacle.ts'
import type { TokenQuery } from '../pkcs11/token-uri.ts'
import type { HidKey } from './hid-keys.ts'

/** Why a key that is plugged in shows no PIV to libykcs11. */
export function whyNoPiv(key: HidKey): Obstacle {
  const name = key.info?.serial === undefined ? 'The YubiKey that is plugged in' : `YubiKey ${key.info.serial}`
  if (key.info?.usbEnabled !== undefined && !key.info.usbEnabled.includes('PIV')) {
    return blocker('piv.disabled', `${name}: PIV is disabled on this key.`, 'Enable it: ykman config usb --enable PIV')
  }
  if (!key.hasSmartCard) {
    return blocker(
      'piv.no-smart-card',
      `${name}: its smart card interface (CCID) is disabled, or it has none.`,
      'Enable it: ykman config usb --enable PIV (a Security Key has no PIV).',
    )
  }
  return blocker(
    'piv.not-seen',
    `${name} is plugged in, but its smart card is not visible.`,
    'Start pcscd (systemctl enable --now pcscd.socket), and close programs that hold the card exclusively (gpg-agent, scdaemon).',
  )
}

/**
 * "PIV is disabled on this key" in place of "no device", where HID knows better. Where the URI says more than the serial number, a
 * key may be seen well and not be the one that is meant: then the list of what was seen, which `notFound` holds, says more.
 */
export function explainAbsence(notFound: DeviceError, query: TokenQuery, keys: readonly HidKey[]): DeviceError {
  const { serial, token, model, manufacturer, slotId, slotDescription } = query
  if ([token, model, manufacturer, slotId, slotDescription].some((named) => named !== undefined)) return notFound
  const key = keys.find(({ info }) => serial === undefined || info?.serial === serial)
  if (key === undefined) return notFound
  const { message, remedy } = whyNoPiv(key)
  return new DeviceError('device.not-found', message, { remedy, cause: notFound })
}

/** A key that HID shows and libykcs11 does not. */
export function hidOnlyDevice(key: HidKey): DiscoveredDevice {
  const { info } = key
  return {
    hsmType: 'YUBIKEY',
    uri: formatDeviceUri('yubikey', { serial: info?.serial }),
    vendor: 'Yubico',
    model: info === undefined ? 'YubiKey' : `YubiKey (${info.formFactor})`,
    serial: info?.serial,
    firmware: info?.firmware,
    fips: info?.fips ?? 'unknown',
    obstacles: [whyNoPiv(key)],
  }
}

/** What HID adds to a key that libykcs11 shows: form factor and FIPS series. */
export function withHidFacts(device: DiscoveredDevice, keys: readonly HidKey[]): DiscoveredDevice {
  const info = keys.find((key) => key.info?.serial !== undefined && key.info.serial === device.serial)?.info
  if (info === undefined) return device
  return {
    ...device,
    fips: info.fips,
    firmware: info.firmware ?? device.firmware,
    details: {
      ...device.details,
      formFactor: info.formFactor,
      ...(info.usbEnabled && { applications: info.usbEnabled.join(' ') }),
    },
  }
}
