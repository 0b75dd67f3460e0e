import type { DeviceFamily, DiscoverOptions, Discovery, SecretName } from '../device.ts'
import { checkSecret } from './credential.ts'
import { type Authentication, FORTANIX_SETTINGS, readFortanixSettings } from './settings.ts'

/** There is no search for a service: the one that a profile names is asked whether it is there. */
async function discover({ uri, settings, signal }: DiscoverOptions): Promise<Discovery> {
  if (uri === undefined) return { devices: [], trail: [NOT_SEARCHED] }
  const { endpoint, connection, uri: named } = readFortanixSettings(uri, settings)
  const device = { hsmType: 'FORTANIX', uri: named, vendor: 'Fortanix', model: 'Data Security Manager' } as const
  const { discoverService } = await import('../http/discover-service.ts')
  return discoverService(device, { endpoint, path: '/sys/v1/version', connection }, signal)
}

const NOT_SEARCHED =
  'Fortanix DSM is a service, so there is no search for it: specify it, for example fortanix:region=eu.'

/** Fortanix DSM over REST. Nothing of the network is loaded before `open`. */
import { fortanixSigningAccess } from './signing-access.ts'

export const family: DeviceFamily = {
  hsmType: 'FORTANIX',
  scheme: 'fortanix',
  keepsNoIssuers: 'hsm-enroll keeps the certificate alone there',
  settings: FORTANIX_SETTINGS,
  discover,
  check: async (uri, settings) => void readFortanixSettings(uri, settings),
  checkSecret,
  neededSecrets: (uri, settings) => [SECRET_OF[readFortanixSettings(uri, settings).authentication]],
  signingAccess: fortanixSigningAccess,
  open: async (uri, options) => (await import('./fortanix-device.ts')).openFortanix(uri, options),
}

/** What each way of logging in shows. */
const SECRET_OF: Readonly<Record<Authentication, SecretName>> = {
  'api-key': 'api-key',
  certificate: 'client-certificate-key',
  'external-token': 'token',
}
