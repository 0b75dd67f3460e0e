import { type DeviceProgress, formatDeviceUri } from '../device.ts'
import type { DeviceLock } from '../lock/device-lock.ts'
import type { DeviceInfo } from './commands/device-info.ts'
import type { Connector } from './connector.ts'
import type { Session } from './session.ts'
import type { YubiHsm2Settings } from './settings.ts'

/** A connector, a session, the device's lock, and what was learnt on the way to them. */
export interface OpenedYubiHsm2 {
  readonly connector: Connector
  readonly session: Session
  readonly lock: DeviceLock
  readonly settings: YubiHsm2Settings
  readonly info: DeviceInfo
  /** PEM text, or empty. */
  readonly intermediates: string
  /** Hex of X and Y; asymmetric authentication only. */
  readonly devicePublicKey?: string
  readonly onProgress?: (progress: DeviceProgress) => void
}

/** The URI that names exactly this device and authentication key. */
export const deviceUri = (connector: URL, serial: string, authKeyId: number): string =>
  formatDeviceUri('yubihsm2', { connector: connector.origin, serial, 'auth-key': String(authKeyId) })
