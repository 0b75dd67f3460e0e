import { DeviceError, parseDeviceUri } from '../../../devices/device.ts'
import { familyOf, loadFamily } from '../../../devices/open.ts'
import type { Configuration } from '../../config/configuration.ts'
import { deviceProfile, keyProfile } from '../../config/profile.ts'
import { EnrollError } from '../../errors.ts'

/** The settings, by path, of the secrets that the device needs and that have no source. What is wrong with the URI is said elsewhere. */
export async function missingSecrets(configuration: Configuration): Promise<readonly string[]> {
  try {
    const { uri, hsmType, settings } = deviceProfile(configuration)
    const family = await loadFamily(familyOf(uri, hsmType))
    const pinSource = parseDeviceUri(uri).query.has('pin-source')
    return (family.neededSecrets?.(uri, settings, keyProfile(configuration)) ?? [])
      .filter((name) => !(name === 'pin' && pinSource))
      .map((name) => `device.secrets.${name}`)
      .filter((path) => configuration.text(path) === undefined)
  } catch (error) {
    if (error instanceof EnrollError || error instanceof DeviceError) return []
    throw error
  }
}
