import { type Device, DeviceError, hasFixedPlace } from '../../../devices/device.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { readOccupant } from './occupant.ts'
import { goOnWith, holderOf } from './place-holder.ts'

/**
 * Refuses a fixed place that is taken, unless `replaceKey` names it. Where a run needs the key in it, the refusal says so and suggests
 * nothing that would cost the key. `deviceName`: as the ledger has it. Throws DeviceError `key.exists`.
 */
export async function checkPlace(
  device: Device,
  deviceName: string,
  replaceKey: string | undefined,
  setting: Parameters<typeof holderOf>[0],
): Promise<void> {
  if (!hasFixedPlace(device)) return
  try {
    device.checkPlace(replaceKey)
  } catch (error) {
    if (!(error instanceof DeviceError) || replaceKey !== undefined) throw error
    const occupant = await readOccupant(device)
    const spkiSha256 = occupant === undefined ? undefined : sha256Hex(occupant.publicKey)
    const holder = await holderOf(setting, { device: deviceName, location: device.place, spkiSha256 })
    if (holder?.stake === undefined) throw error
    throw new DeviceError(error.code, `${error.message} It belongs to the run ${holder.run}, and ${holder.stake}.`, {
      remedy: `Choose another place, or ${goOnWith(holder)}.`,
      cause: error,
    })
  }
}
