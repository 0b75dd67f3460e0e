import type { Device, OpenOptions } from '../../devices/device.ts'
import { familyOf, loadFamily } from '../../devices/open.ts'
import type { Configuration } from './configuration.ts'
import { typedDeviceSettings } from './device-settings.ts'
import { deviceProfile } from './profile.ts'

/** Opens the device that a configuration names, with its settings as the family wants them. Throws ConfigError, DeviceError. */
export async function openConfiguredDevice(
  configuration: Configuration,
  options: Omit<OpenOptions, 'settings'>,
): Promise<Device> {
  const { uri, hsmType, settings } = deviceProfile(configuration)
  const family = await loadFamily(familyOf(uri, hsmType))
  return family.open(uri, { ...options, settings: typedDeviceSettings(settings, family.settings) })
}
