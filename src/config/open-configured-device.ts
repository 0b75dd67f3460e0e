import {
  type Device,
  DeviceError,
  type HsmType,
  type Obstacle,
  type OpenOptions,
  type SigningAccess,
} from '../../devices/device.ts'
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
  const advice = family.advise?.(uri, settings, keyProfile(configuration)) ?? []
  if (family.keepsNoIssuers === undefined || configuration.text('install.chain') !== 'true') return advice
  const without: Obstacle = {
    severity: 'warning',
    code: 'install.chain',
    message: `install.chain has no effect on this device: ${family.keepsNoIssuers}`,
    remedy: 'Pass fullchain.pem of the run to the programs that sign, and remove the setting.',
  }
  return [...advice, without]
}

/** How other programs reach the key of a run. `location`: as the device names it. Throws ConfigError, DeviceError. */
export async function signingAccessOf(
  configuration: Configuration,
  location: string,
  serial: string | undefined,
): Promise<{ readonly hsmType: HsmType; readonly access: SigningAccess }> {
  const { uri, hsmType, settings } = deviceProfile(configuration)
  const family = await loadFamily(familyOf(uri, hsmType))
  const access = family.signingAccess(uri, settings, location, serial)
  if (access !== undefined) return { hsmType: family.hsmType, access }
  throw new DeviceError('device.uri', `Could not find the place of the key "${location.slice(0, 120)}".`, {
    remedy: 'Correct the device in the profile of the run.',
  })
}
