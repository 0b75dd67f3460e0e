import { type Device, DeviceError, type DeviceKey, type KeyRef } from '../../../devices/device.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import type { RunRecord } from '../run-record.ts'

/** How the device finds the key of a run: by what it was made with, and by where it was made. */
export const keyRefOf = ({ keyLabel, keyId, keyLocation }: RunRecord): KeyRef => ({
  label: keyLabel,
  id: Buffer.from(keyId, 'hex'),
  ...(keyLocation === undefined ? {} : { location: keyLocation }),
})

/** The key that the journal names, and no other. Throws DeviceError `key.not-found`. */
export async function findRunKey(record: RunRecord, device: Device): Promise<DeviceKey> {
  const key = await device.findKey(keyRefOf(record))
  if (key !== undefined && sha256Hex(key.publicKey) === record.spkiSha256) return key
  throw new DeviceError(
    'key.not-found',
    `Could not find this run's key ${record.keyLocation ?? record.keyLabel} on the device${key === undefined ? '' : ': another key is in its place'}.`,
    { remedy: 'Attach the device that the run started with; if the key was deleted, start a new run.' },
  )
}
