import {
  type Device,
  DeviceError,
  type DeviceKey,
  hasFixedPlace,
  hasKeyDeletion,
  hasKeyListing,
} from '../../../devices/device.ts'
import type { Run } from '../run.ts'
import { readOccupant } from './occupant.ts'
import { type ReplacedKey, readReplaced } from './replaced-key.ts'

/**
 * The key that `key.replaceKey` names, on this device; undefined where none is named, or its fixed place is empty. Throws DeviceError
 * `key.not-found`, `device.unsupported`.
 */
export async function findReplaced(
  { configuration, ledger, services }: Pick<Run, 'configuration' | 'ledger' | 'services'>,
  device: Device,
  deviceName: string,
): Promise<ReplacedKey | undefined> {
  const location = configuration.text('key.replaceKey')
  if (location === undefined) return undefined
  const setting = { ledger, stateDirectory: services.stateDirectory, now: services.now(), deviceName }
  if (hasFixedPlace(device)) {
    // Another place than the device's own is refused by the device, in its own words.
    if (location.toLowerCase() !== device.place || (await device.holds()) === undefined) return undefined
    return readReplaced(device, device.place, await readOccupant(device), setting)
  }
  if (!hasKeyDeletion(device)) {
    throw new DeviceError(
      'device.unsupported',
      `Could not replace the key ${location}: this device never deletes a key.`,
      {
        remedy: 'Omit --replace-key: the new key gets a place of its own.',
      },
    )
  }
  return readReplaced(device, location, await keyAt(device, location), setting)
}

/** The key of this very name; undefined for one that is there and cannot be read. */
async function keyAt(device: Device, location: string): Promise<DeviceKey | undefined> {
  try {
    const key = await device.findKey({ location })
    if (key !== undefined) return key
  } catch (error) {
    if (!(error instanceof DeviceError) || !UNREADABLE.includes(error.code)) throw error
    const listed = hasKeyListing(device) ? await device.listKeys() : []
    if (listed.filter((key) => key.location === location).length === 1) return undefined
    throw error
  }
  throw new DeviceError('key.not-found', `Could not find the key to replace: ${location.slice(0, 120)}.`, {
    remedy: 'Correct --replace-key, or omit it; `hsm-enroll keys list` lists the keys of the device.',
  })
}

const UNREADABLE: readonly string[] = ['key.wrong-type', 'device.ambiguous', 'device.protocol']
