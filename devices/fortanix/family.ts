import type { DeviceFamily } from '../device.ts'
import { checkSecret } from './credential.ts'
import { FORTANIX_SETTINGS, readFortanixSettings } from './settings.ts'

/** Fortanix DSM over REST. Nothing of the network is loaded before `open`. */
export const family: DeviceFamily = {
  hsmType: 'FORTANIX',
  scheme: 'fortanix',
  settings: FORTANIX_SETTINGS,
  discover: async () => ({
    devices: [],
    trail: ['Fortanix DSM is a service, so there is no search for it: specify it, for example fortanix:region=eu.'],
  }),
  check: async (uri, settings) => void readFortanixSettings(uri, settings),
  checkSecret,
  open: async (uri, options) => (await import('./fortanix-device.ts')).openFortanix(uri, options),
}
