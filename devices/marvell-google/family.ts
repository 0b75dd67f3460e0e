import type { DeviceFamily } from '../device.ts'
import { checkToken } from './credential-failure.ts'
import { MARVELL_GOOGLE_SETTINGS, readMarvellGoogleSettings } from './settings.ts'

/** Google Cloud KMS at protection level HSM (Marvell LiquidSecurity). Nothing of the network is loaded before `open`. */
export const family: DeviceFamily = {
  hsmType: 'MARVELL_GOOGLE',
  scheme: 'marvell-google',
  settings: MARVELL_GOOGLE_SETTINGS,
  discover: async () => ({
    devices: [],
    trail: [
      'Cloud HSM is a service, so there is no search for it: specify a key ring, marvell-google:projects/P/locations/L/keyRings/R.',
    ],
  }),
  check: async (uri, settings) => void readMarvellGoogleSettings(uri, settings),
  checkSecret: (name, secret) => {
    if (name === 'token') checkToken(secret.text().trim())
  },
  open: async (uri, options) => (await import('./marvell-google-device.ts')).openMarvellGoogle(uri, options),
}
