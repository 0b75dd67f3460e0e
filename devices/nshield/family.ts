import { DeviceError, type DeviceFamily } from '../device.ts'

export const family: DeviceFamily = {
  hsmType: 'NSHIELD',
  scheme: 'nshield',
  settings: [],
  discover: async () => ({ devices: [], trail: [] }),
  open: async () => {
    throw new DeviceError('device.unsupported', 'not built', { remedy: '' })
  },
}
