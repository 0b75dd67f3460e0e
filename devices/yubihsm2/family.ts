import { DeviceError, type DeviceFamily } from '../device.ts'

export const family: DeviceFamily = {
  hsmType: 'YUBIHSM2',
  scheme: 'yubihsm2',
  settings: [],
  discover: async () => ({ devices: [], trail: [] }),
  open: async () => {
    throw new DeviceError('device.unsupported', 'not built', { remedy: '' })
  },
}
