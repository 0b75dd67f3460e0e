import { join } from 'node:path'
import type { RunningDouble } from '../../src/sandbox/double.ts'

/** A double that says how many keys were ever generated on it, as only somebody beside the program can know. */
export interface CountedDevice {
  readonly double: RunningDouble
  keys(): Promise<number>
  /** Makes room for another run where the device has little of it. */
  empty(): Promise<void>
}

const keep = async (): Promise<void> => undefined

/** CKA_CLASS and CKO_PRIVATE_KEY (PKCS#11, pkcs11t.h). */
const CLASS = '0'
const PRIVATE_KEY = 3

async function tokenDevice(
  double: RunningDouble,
  objects: () => Promise<readonly TokenObject[]>,
): Promise<CountedDevice> {
  const isPrivateKey = ({ attributes, tokenObject }: TokenObject): boolean =>
    tokenObject && Buffer.from(attributes[CLASS] ?? '', 'base64')[0] === PRIVATE_KEY
  return { double, keys: async () => (await objects()).filter(isPrivateKey).length, empty: keep }
}

interface TokenObject {
  readonly tokenObject: boolean
  readonly attributes: Readonly<Record<string, string>>
}

/** Each family's double with its own witness. `directory` exists. */
export const COUNTED_DEVICES: Readonly<Record<string, (directory: string) => Promise<CountedDevice>>> = {
  yubihsm2: async () => {
    const { startYubiHsm2Double } = await import('../../src/sandbox/yubihsm2/double.ts')
    const double = await startYubiHsm2Double()
    const { OBJECT_TYPES } = await import('../../devices/yubihsm2/object-type.ts')
    return {
      double,
      keys: async () => double.device.store.list().filter(({ type }) => type === OBJECT_TYPES['asymmetric-key']).length,
      empty: async () => double.device.reset(),
    }
  },
  yubikey: async (directory) => {
    const { startDouble } = await import('../../src/sandbox/yubikey/double.ts')
    const double = await startDouble({ directory })
    // GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4, part 2, 3.3.2) that the card carried out.
    const generated = (command: string, response: string): boolean =>
      command.slice(2, 4) === '47' && response.endsWith('9000')
    return {
      double,
      keys: async () =>
        (await double.control.record()).filter(({ command, response }) => generated(command, response)).length,
      empty: async () => {
        await double.control.factoryReset()
        await double.control.clearRecord()
      },
    }
  },
  luna: async (directory) => {
    const { startDouble } = await import('../../src/sandbox/luna/double.ts')
    const double = await startDouble({ directory })
    return tokenDevice(double, () => double.control.objects())
  },
  nshield: async (directory) => {
    const { startDouble } = await import('../../src/sandbox/nshield/double.ts')
    const double = await startDouble({ directory })
    return tokenDevice(double, () => double.control.objects())
  },
  fortanix: async (directory) => {
    const { startDsmDouble } = await import('../../src/sandbox/fortanix/double.ts')
    const double = await startDsmDouble({ directory })
    return { double, keys: async () => double.service.keys.length, empty: keep }
  },
  'marvell-google': async (directory) => {
    const { startKmsDouble } = await import('../../src/sandbox/marvell-google/double.ts')
    const double = await startKmsDouble({ directory: join(directory) })
    return { double, keys: async () => double.service.generated.length, empty: keep }
  },
}
