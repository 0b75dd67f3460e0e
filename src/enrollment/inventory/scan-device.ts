import { type Device, DeviceError, hasKeyListing } from '../../../devices/device.ts'
import { deviceName } from '../../ledger/fact.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import type { EnrollmentServices } from '../services.ts'
import { type InventoryEntry, readInventory } from './read-inventory.ts'

/**
 * How a key on the device and the ledger go together. `unknown`: no run has generated it. `gone`: a run did, and it is not there.
 * `replaced`: another key is where a run's key was, and no run put it there. `unread`: there, and cannot be read.
 */
export type ScanFinding = 'known' | 'unknown' | 'gone' | 'replaced' | 'unread'

export interface ScannedKey {
  readonly location: string
  readonly finding: ScanFinding
  /** SHA-256 of the SubjectPublicKeyInfo of the key that is there, hex; of a key that is gone, of that one. */
  readonly spkiSha256?: string
  /** What the ledger has there: of a key that was replaced, the one that was there before. */
  readonly known?: InventoryEntry
  readonly detail?: string
}

export interface DeviceScan {
  readonly device: string
  /** False for a device that does not list its keys: then only those of the ledger were looked up. */
  readonly complete: boolean
  readonly keys: readonly ScannedKey[]
}

/** Compares the keys on an opened device with the ledger. Changes neither. Throws DeviceError; EnrollError `ledger.damaged`. */
export async function scanDevice(device: Device, services: EnrollmentServices): Promise<DeviceScan> {
  const { hsmType, serial, uri } = await device.describe()
  const name = deviceName(hsmType, serial ?? uri)
  const all = (await readInventory(services)).filter((entry) => entry.device === name)
  const ours = all.filter(isThere)
  const there = hasKeyListing(device) ? await listed(device, all) : await lookedUp(device, ours)
  const seen = new Set(there.map(({ known }) => known?.spkiSha256))
  const gone = ours
    .filter(({ spkiSha256 }) => !seen.has(spkiSha256))
    .map((known): ScannedKey => {
      const { location = '', spkiSha256 } = known
      return { location, finding: 'gone', spkiSha256, known }
    })
  return { device: name, complete: hasKeyListing(device), keys: [...there, ...gone] }
}

const isThere = ({ keyStatus }: InventoryEntry): boolean => keyStatus === 'alive' || keyStatus === 'abandoned'

type Listing = Parameters<typeof hasKeyListing>[0] & {
  listKeys(): Promise<readonly { location: string; publicKey?: Uint8Array; unread?: string }[]>
}

async function listed(device: Listing, all: readonly InventoryEntry[]): Promise<readonly ScannedKey[]> {
  const keys = await device.listKeys()
  const ours = all.filter(isThere)
  return keys.map(({ location, publicKey, unread }) => {
    const at = ours.find((entry) => entry.location === location)
    const deleted = all.find((entry) => entry.location === location && entry.keyStatus === 'deleted')
    // Cloud KMS lists a version until the end of the period after which it is destroyed.
    if (publicKey === undefined && at === undefined && deleted !== undefined)
      return { location, finding: 'known', known: deleted, detail: `it was deleted: ${unread}` }
    if (publicKey === undefined) return { location, finding: 'unread', known: at, detail: unread }
    const spkiSha256 = sha256Hex(publicKey)
    const known = ours.find((entry) => entry.spkiSha256 === spkiSha256)
    if (known !== undefined) return { location, finding: 'known', spkiSha256, known }
    // A device that gives a place again has another key there: known by its place alone.
    return { location, finding: at === undefined ? 'unknown' : 'replaced', spkiSha256, known: at }
  })
}

/** A device that does not list its keys is asked for each that the ledger knows. */
async function lookedUp(device: Device, ours: readonly InventoryEntry[]): Promise<readonly ScannedKey[]> {
  const keys: ScannedKey[] = []
  for (const known of ours) {
    const { location } = known
    if (location === undefined) continue
    try {
      const key = await device.findKey({ location })
      if (key === undefined) continue
      const spkiSha256 = sha256Hex(key.publicKey)
      keys.push({ location, finding: spkiSha256 === known.spkiSha256 ? 'known' : 'replaced', spkiSha256, known })
    } catch (error) {
      if (!(error instanceof DeviceError) || !OF_ONE_KEY.includes(error.code)) throw error
      if (error.code !== 'key.not-found')
        keys.push({ location, finding: 'unread', known, detail: `${error.code}: ${error.message}` })
    }
  }
  return keys
}

/** What a device says of one key; everything else is said of the device. */
const OF_ONE_KEY: readonly string[] = ['key.not-found', 'key.wrong-type', 'device.ambiguous', 'device.protocol']
