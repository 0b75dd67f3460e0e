import type { Device as HidInterface } from 'node-hid'
import { DeviceError } from '../device-error.ts'
import { loadNativeAddon } from '../native-addon.ts'
import { HidAnswerError, type HidDeviceInfo } from './hid-device-info.ts'
import { type HidPort, readConfigByFido, readConfigByOtp } from './hid-read-config.ts'

const YUBICO = 0x1050
/** Product ids whose USB interfaces hold no smart card (ykman core): PIV cannot be reached there. */
const WITHOUT_CCID: ReadonlySet<number> = new Set([
  0x0010, 0x0110, 0x0113, 0x0114, 0x0120, 0x0401, 0x0402, 0x0403, 0x0410,
])
const FIDO_USAGE_PAGE = 0xf1d0
const KEYBOARD = { usagePage: 1, usage: 6 } as const

/** A YubiKey as its HID interfaces tell; `info` is absent where nobody let us ask. */
export interface HidKey {
  readonly productId: number
  readonly hasSmartCard: boolean
  readonly info?: HidDeviceInfo
}

export interface HidSearch {
  readonly keys: readonly HidKey[]
  /** What could not be looked at, one line each. */
  readonly trail: readonly string[]
}

/** Every YubiKey with a HID interface, asked who it is. Never throws: without the addon or the right to open, the trail says so. */
export async function findHidKeys(): Promise<HidSearch> {
  let addon: typeof import('node-hid')
  try {
    addon = await loadNativeAddon('node-hid')
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    return {
      keys: [],
      trail: [`HID: ${error.message} ${error.remedy}`],
    }
  }
  try {
    const interfaces = await addon.devicesAsync()
    const trail: string[] = []
    const keys = await readKeys(
      interfaces.filter(({ vendorId }) => vendorId === YUBICO),
      async (path) => openPort(await addon.HIDAsync.open(path, { nonExclusive: true })),
      trail,
    )
    return { keys, trail }
  } catch (error) {
    return { keys: [], trail: [`HID: ${error instanceof Error ? error.message.slice(0, 120) : String(error)}`] }
  }
}

type OpenPort = (path: string) => Promise<HidPort & { close(): Promise<void> }>

/** One key per FIDO interface; a key without one by its keyboard. Exported for tests. */
export async function readKeys(
  interfaces: readonly HidInterface[],
  open: OpenPort,
  trail: string[],
): Promise<readonly HidKey[]> {
  const fido = interfaces.filter(({ usagePage }) => usagePage === FIDO_USAGE_PAGE)
  const keyboards = interfaces.filter(
    ({ usagePage, usage }) => usagePage === KEYBOARD.usagePage && usage === KEYBOARD.usage,
  )
  const withoutFido = keyboards.filter(({ productId }) => !fido.some((each) => each.productId === productId))
  const keys: HidKey[] = []
  for (const [each, read] of [
    ...fido.map((one) => [one, readConfigByFido] as const),
    ...withoutFido.map((one) => [one, readConfigByOtp] as const),
  ]) {
    const info = await readOne(each, open, read, trail)
    keys.push({
      productId: each.productId,
      hasSmartCard: !WITHOUT_CCID.has(each.productId),
      info,
    })
  }
  return keys
}

async function readOne(
  { path, productId }: HidInterface,
  open: OpenPort,
  read: (port: HidPort) => Promise<HidDeviceInfo>,
  trail: string[],
): Promise<HidDeviceInfo | undefined> {
  const name = `HID: YubiKey (1050:${productId.toString(16).padStart(4, '0')})`
  if (path === undefined) return undefined
  try {
    const port = await open(path)
    try {
      return await read(port)
    } finally {
      await port.close()
    }
  } catch (error) {
    const why =
      error instanceof HidAnswerError
        ? error.message
        : `${path} cannot be opened; install contrib/udev/70-hsm-enroll.rules (Windows: run as administrator)`
    trail.push(`${name}: ${why}`)
    return undefined
  }
}

interface NodeHid {
  write(values: Buffer): Promise<number>
  read(milliseconds?: number): Promise<Buffer | undefined>
  sendFeatureReport(data: Buffer): Promise<number>
  getFeatureReport(reportId: number, length: number): Promise<Buffer>
  close(): Promise<void>
}

const REPORT_NUMBER = 0

/** hidapi wants the report number in front of what is sent, and gives it back in front of feature reports. */
function openPort(device: NodeHid): HidPort & { close(): Promise<void> } {
  return {
    write: async (report) => void (await device.write(Buffer.from([REPORT_NUMBER, ...report]))),
    read: async (milliseconds) => {
      const packet = await device.read(Math.ceil(milliseconds))
      return packet === undefined || packet.length === 0 ? undefined : packet
    },
    sendFeature: async (report) => void (await device.sendFeatureReport(Buffer.from([REPORT_NUMBER, ...report]))),
    getFeature: async () => {
      const report = await device.getFeatureReport(REPORT_NUMBER, 9)
      return report.length === 9 ? report.subarray(1) : report
    },
    close: () => device.close(),
  }
}
