import {
  type Device,
  DeviceError,
  type DeviceKey,
  type FixedPlace,
  hasCertificateStore,
} from '../../../devices/device.ts'
import { readablePublicKey } from '../../asn1/public-key.ts'
import { keyProfile } from '../../config/profile.ts'
import { placeName } from '../../ledger/fact.ts'
import { lastFact } from '../../ledger/ledger.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import type { Run } from '../run.ts'

/** Of something that is in a place and cannot be read. */
const UNREAD = 'unread'

/** SHA-256 of the key that is in the device's place; null where the place is empty. What cannot be read is something. */
export async function occupantMark(device: Device & FixedPlace): Promise<string | null> {
  const occupant = await readOccupant(device)
  if (occupant !== undefined) return sha256Hex(occupant.publicKey)
  return (await device.holds()) === undefined ? null : UNREAD
}

/** The key in the device's place; undefined where there is none, or one that cannot be read. */
export async function readOccupant(device: Device & FixedPlace): Promise<DeviceKey | undefined> {
  try {
    return await device.occupant()
  } catch (error) {
    if (error instanceof DeviceError && UNREADABLE.includes(error.code)) return undefined
    throw error
  }
}

const UNREADABLE: readonly string[] = ['key.wrong-type', 'key.not-found', 'device.protocol']

/**
 * May the key that came into the place after this run asked for one be its own? Not with an issued certificate, not of another type, and
 * not where the ledger knows another run that has made it, or has asked for one there since.
 */
export async function isOwnOccupant(run: Run, device: Device & FixedPlace, occupant: DeviceKey): Promise<boolean> {
  const { ledger, id, record, configuration } = run
  if (await holdsCertificate(device, occupant)) return false
  if (algorithmOf(occupant) !== keyProfile(configuration).algorithm) return false
  const known = await lastFact(ledger, 'key', sha256Hex(occupant.publicKey))
  if (known !== undefined && known.run !== id) return false
  const name = record.keyRequested?.deviceName
  if (name === undefined) return true
  const last = (await ledger.history('place', placeName(name, device.place))).findLast(
    ({ status }) => status === 'requested',
  )
  return last === undefined || last.run === id
}

/** One that cannot be read is one. */
async function holdsCertificate(device: Device, occupant: DeviceKey): Promise<boolean> {
  if (!hasCertificateStore(device)) return false
  try {
    return (await device.readCertificate(occupant)) !== undefined
  } catch (error) {
    if (error instanceof DeviceError && error.code === 'certificate.exists') return true
    throw error
  }
}

/** As `KeyAlgorithm` writes it. */
function algorithmOf({ publicKey }: DeviceKey): string | undefined {
  const key = readablePublicKey(publicKey)
  if (key?.type === 'RSA') return `RSA-${key.bits}`
  return key?.type === 'EC' ? key.curve : undefined
}
