import { DeviceError, type DeviceFamily } from '../device.ts'

export const family: DeviceFamily = {
  hsmType: 'MARVELL_GOOGLE',
  scheme: 'marvell-google',
  settings: [],
  discover: async () => ({ devices: [], trail: [] }),
  open: async () => {
    throw new DeviceError('device.unsupported', 'not built', { remedy: '' })
  },
}
