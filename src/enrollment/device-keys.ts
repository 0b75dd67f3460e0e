import { type Device, DeviceError, hasIssuerStore, hasKeyDeletion, hasKeyListing } from '../../devices/device.ts'
import { EnrollError } from '../errors.ts'
import { deviceName, placeName } from '../ledger/fact.ts'
import { type Ledger, lastFact } from '../ledger/ledger.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { openLedger } from './open-ledger.ts'
import { deleteUnclaimed } from './order-claims.ts'
import { holderOf, type PlaceHolder } from './replacing/place-holder.ts'
import { withRun } from './run.ts'
import type { EnrollmentServices } from './services.ts'

/** A key on a device, with what the ledger knows of it. */
export interface DeviceKeyEntry {
  readonly location: string
  readonly label?: string
  /** SHA-256 of the SubjectPublicKeyInfo, hex; absent if the public key cannot be read. */
  readonly spkiSha256?: string
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey?: Uint8Array
  readonly unread?: string
  /** Absent for a key that no run of the ledger has generated. */
  readonly holder?: PlaceHolder
}

type Setting = Pick<EnrollmentServices, 'stateDirectory' | 'now'> & { readonly ledger: Ledger }

/** Every key that the login sees. Throws DeviceError `device.unsupported` for a device that does not list its keys. */
export async function listDeviceKeys(device: Device, setting: Setting): Promise<readonly DeviceKeyEntry[]> {
  if (!hasKeyListing(device)) throw unsupported(device, 'list')
  const name = await nameOf(device)
  const entries: DeviceKeyEntry[] = []
  for (const { location, label, publicKey, unread } of await device.listKeys()) {
    const spkiSha256 = publicKey === undefined ? undefined : sha256Hex(publicKey)
    const held = await holder(setting, name, location, spkiSha256)
    entries.push({ location, label, spkiSha256, publicKey, unread, holder: held })
  }
  return entries
}

/** The same of one key, by its location. Throws DeviceError `key.not-found`. */
export async function deviceKeyAt(device: Device, location: string, setting: Setting): Promise<DeviceKeyEntry> {
  const [entry, ...others] = (await listDeviceKeys(device, setting)).filter((key) => key.location === location)
  if (entry !== undefined && others.length === 0) return entry
  throw new DeviceError('key.not-found', `Could not find the key ${location.slice(0, 120)} on the device.`, {
    remedy: 'Specify it as `hsm-enroll keys list` prints it.',
  })
}

/**
 * Deletes a key and its certificate from the device, and has the run that it belonged to say so. Throws EnrollError `key.held` where a
 * run that is open or paid has it, DeviceError where the device does not delete it.
 */
export async function deleteDeviceKey(
  device: Device,
  entry: DeviceKeyEntry,
  services: EnrollmentServices,
  operator: string,
): Promise<void> {
  const { location, publicKey, spkiSha256, holder: held } = entry
  refuseHeld(location, held)
  if (!hasKeyDeletion(device)) throw unsupported(device, 'delete')
  const name = await nameOf(device)
  const ledger = await openLedger(services)
  const remove = async (): Promise<void> => {
    // A person has had time to think about it, in which a run may have ordered for it.
    refuseHeld(location, await holder({ ...services, ledger }, name, location, spkiSha256))
    // As it was listed, and shown in the question: another key that has come into its place stays.
    await device.deleteKey(location, publicKey)
  }
  const removeAndSay = async (): Promise<void> => {
    if (held?.record === undefined || held.record.spkiSha256 !== spkiSha256) {
      await remove()
      await recordDeletion(ledger, name, entry)
    } else {
      await withRun(held.run, services, async (run) => {
        await remove()
        await run.log({ type: 'key-deleted', location, by: operator })
      })
    }
  }
  if (spkiSha256 === undefined) await removeAndSay()
  else await deleteUnclaimed(ledger, spkiSha256, removeAndSay, () => device.findKey({ location }))
  if (hasIssuerStore(device)) await device.removeUnusedIssuers()
}

function refuseHeld(location: string, held: PlaceHolder | undefined): void {
  if (held?.stake === undefined) return
  throw new EnrollError(
    'key.held',
    `Could not delete the key ${location}: it belongs to the run ${held.run}, and ${held.stake}.`,
    {
      remedy: `Give that run up first: \`hsm-enroll runs abandon ${held.run}\`.`,
    },
  )
}

/** Of a key whose run cannot speak for it any more. */
async function recordDeletion(
  ledger: Ledger,
  device: string,
  { location, spkiSha256, holder: held }: DeviceKeyEntry,
): Promise<void> {
  if (held === undefined) return
  const { run, record } = held
  const test = record?.test ?? false
  const place = placeName(device, location)
  await ledger.record({ kind: 'place', subject: place, run, status: 'free', device, location, spkiSha256, test })
  if (spkiSha256 === undefined) return
  const before = await lastFact(ledger, 'key', spkiSha256)
  await ledger.record({ kind: 'key', subject: spkiSha256, run, status: 'deleted', place, test: before?.test ?? test })
}

const nameOf = async (device: Device): Promise<string> => {
  const { hsmType, serial, uri } = await device.describe()
  return deviceName(hsmType, serial ?? uri)
}

const holder = (
  { ledger, stateDirectory, now }: Setting,
  device: string,
  location: string,
  spkiSha256: string | undefined,
): Promise<PlaceHolder | undefined> =>
  holderOf({ ledger, stateDirectory, now: now() }, { device, location, spkiSha256 })

const unsupported = ({ hsmType }: Device, what: 'list' | 'delete'): DeviceError =>
  new DeviceError('device.unsupported', `Could not ${what} keys: hsm-enroll does not do that on ${hsmType} devices.`, {
    remedy: `Use the vendor's own tool to ${what} them.`,
  })
