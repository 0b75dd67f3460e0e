import type { Device, HsmType, OpenOptions } from '../../devices/device.ts'
import { familyOf, loadFamily } from '../../devices/open.ts'
import type { Configuration } from './configuration.ts'
import { typedDeviceSettings } from './device-settings.ts'
import { deviceProfile } from './profile.ts'

/** Opens the device that a configuration names, with its settings as the family wants them. Throws ConfigError, DeviceError. */
export async function openConfiguredDevice(
  configuration: Configuration,
  options: Omit<OpenOptions, 'settings'>,
): Promise<Device> {
  const { family, uri, settings } = await configuredFamily(configuration)
  return family.open(uri, { ...options, settings })
}

/** What opening would refuse of URI and settings by themselves; asks nothing of the device. Throws ConfigError, DeviceError. */
export async function checkConfiguredDevice(configuration: Configuration): Promise<HsmType> {
  const { family, uri, settings } = await configuredFamily(configuration)
  await family.check(uri, settings)
  return family.hsmType
}

async function configuredFamily(configuration: Configuration) {
  const { uri, hsmType, settings } = deviceProfile(configuration)
  const family = await loadFamily(familyOf(uri, hsmType))
  return { family, uri, settings: typedDeviceSettings(settings, family.settings) }
}
