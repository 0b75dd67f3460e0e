import type { Device, HsmType, Obstacle, OpenOptions } from '../../devices/device.ts'
import { familyOf, loadFamily } from '../../devices/open.ts'
import type { Configuration } from './configuration.ts'
import { deviceProfile, keyProfile } from './profile.ts'

/**
 * Opens the device that a configuration specifies, with its settings and without a run.
 *
 * @throws EnrollError `config.missing`; DeviceError as `openDevice`.
 * @example
 * ```ts
 * const configuration = await loadConfiguration({ profile: 'signing.yaml' })
 * const device = await openConfiguredDevice(configuration, { secret: createSecretProvider(configuration) })
 * console.log((await device.describe()).obstacles)
 * await device.close()
 * ```
 */
export async function openConfiguredDevice(
  configuration: Configuration,
  options: Omit<OpenOptions, 'settings'>,
): Promise<Device> {
  const { uri, hsmType, settings } = deviceProfile(configuration)
  return (await loadFamily(familyOf(uri, hsmType))).open(uri, { ...options, settings })
}

/** What opening would refuse of URI and settings by themselves; asks nothing of the device. Throws ConfigError, DeviceError. */
export async function checkConfiguredDevice(configuration: Configuration): Promise<HsmType> {
  const { uri, hsmType, settings } = deviceProfile(configuration)
  const family = await loadFamily(familyOf(uri, hsmType))
  await family.check(uri, settings)
  return family.hsmType
}

/** What a key by this profile will mean to programs that sign with it, as its family knows it. Throws ConfigError, DeviceError. */
export async function adviceOnConfiguredKey(configuration: Configuration): Promise<readonly Obstacle[]> {
  const { uri, hsmType, settings } = deviceProfile(configuration)
  const family = await loadFamily(familyOf(uri, hsmType))
  return family.advise?.(uri, settings, keyProfile(configuration)) ?? []
}
