import {
  type Device,
  type DeviceDescription,
  DeviceError,
  hasDeviceLog,
  hasKeyListing,
} from '../../../devices/device.ts'
import { type DeviceLogFile, lastEntry, signedText } from '../../bundle/device-log/device-log-file.ts'
import { readYubiHsm2Log } from '../../bundle/device-log/yubihsm2-log.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { fileSha256 } from './tool-record.ts'

/** A device as it says of itself at one moment. What it would not tell is in `faults`, in its own words. */
export interface DeviceReading {
  readonly time: string
  readonly description?: Omit<DeviceDescription, 'capabilities' | 'obstacles'>
  readonly keys?: readonly { readonly location: string; readonly label?: string; readonly spkiSha256?: string }[]
  /** The PKCS#11 module through which it was read. */
  readonly module?: { readonly path: string; readonly sha256: string }
  readonly faults: readonly string[]
}

/** One opening of the device: as read at once, and before it was closed. */
export interface DeviceOpening {
  readonly opened: DeviceReading
  readonly closed?: DeviceReading
}

/** Reads what an auditor compares; nothing is changed on the device, and a refusal is a fault of the reading, not of the run. */
export async function readDevice(device: Device, now: () => number): Promise<DeviceReading> {
  const faults: string[] = []
  const attempt = async <Value>(what: string, read: () => Promise<Value>): Promise<Value | undefined> => {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error
      faults.push(`${what}: ${error.message}`)
      return undefined
    }
  }
  const time = new Date(now()).toISOString()
  const described = await attempt('description', () => device.describe())
  const listed = hasKeyListing(device) ? await attempt('keys', () => device.listKeys()) : undefined
  const path = /^(\/.+?) \(/.exec(described?.details?.module ?? '')?.[1]
  const { capabilities: _, obstacles: __, ...description } = described ?? { capabilities: [], obstacles: [] }
  return {
    time,
    faults,
    ...(described === undefined ? {} : { description: description as DeviceReading['description'] & object }),
    ...(listed === undefined
      ? {}
      : {
          keys: listed.map(({ location, label, publicKey }) => ({
            location,
            ...(label === undefined ? {} : { label }),
            ...(publicKey === undefined ? {} : { spkiSha256: sha256Hex(publicKey) }),
          })),
        }),
    ...(path === undefined ? {} : { module: { path, sha256: await fileSha256(path) } }),
  }
}

/** The file with one more reading of the device's log; undefined where the device has none, or will not tell. */
export async function readLog(
  device: Device,
  serial: string,
  file: DeviceLogFile | undefined,
): Promise<DeviceLogFile | undefined> {
  if (!hasDeviceLog(device)) return file
  const content = await device.readDeviceLog().catch((error: unknown) => {
    if (error instanceof DeviceError) return undefined
    throw error
  })
  if (content === undefined) return file
  const readings = [...(file?.readings ?? []), Buffer.from(content.content).toString('base64')]
  return { format: content.format, serial, key: file?.key ?? '', ...file, readings }
}

/** Has the attested key sign the last digest of the log as it was read last. The log must show that afterwards: read it again. */
export async function signLog(device: Device, location: string, file: DeviceLogFile): Promise<DeviceLogFile> {
  const key = await device.findKey({ location })
  const reading = file.readings.length - 1
  const end = lastEntry(readYubiHsm2Log(Buffer.from(file.readings[reading] ?? '', 'base64')))
  if (key === undefined) return file
  const value = await key.sign('SHA-256', Buffer.from(signedText(file.serial, location, end)))
  return { ...file, key: location, signature: { reading, value: Buffer.from(value).toString('base64') } }
}
