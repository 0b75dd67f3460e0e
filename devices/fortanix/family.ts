import type { DeviceFamily, SecretName } from '../device.ts'
import { checkSecret } from './credential.ts'
import { type Authentication, FORTANIX_SETTINGS, readFortanixSettings } from './settings.ts'

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
  neededSecrets: (uri, settings) => [SECRET_OF[readFortanixSettings(uri, settings).authentication]],
  open: async (uri, options) => (await import('./fortanix-device.ts')).openFortanix(uri, options),
}

/** What each way of logging in shows. */
const SECRET_OF: Readonly<Record<Authentication, SecretName>> = {
  'api-key': 'api-key',
  certificate: 'client-certificate-key',
  'external-token': 'token',
}
