import { ByteReader } from '../byte-reader.ts'

export interface DeviceInfo {
  /** Major, minor, patch. */
  readonly firmware: readonly [number, number, number]
  readonly serial: string
  /** Entries that the audit log can hold, and holds. */
  readonly logSize: number
  readonly logUsed: number
  /** Algorithm numbers. */
  readonly algorithms: readonly number[]
}

/** The first page of `device info`; a plain command, no login. */
export function readDeviceInfo(reply: Uint8Array, short: () => Error): DeviceInfo {
  const reader = new ByteReader(reply, short)
  return {
    firmware: [reader.u8(), reader.u8(), reader.u8()],
    serial: String(reader.u32()),
    logSize: reader.u8(),
    logUsed: reader.u8(),
    algorithms: [...reader.rest()],
  }
}
