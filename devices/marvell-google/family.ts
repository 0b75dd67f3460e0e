import type { DeviceFamily, DiscoverOptions, Discovery } from '../device.ts'
import { checkToken } from './credential-failure.ts'
import { MARVELL_GOOGLE_SETTINGS, readMarvellGoogleSettings } from './settings.ts'

/** There is no search for a service: the key ring that a profile names is shown if its service answers. */
async function discover({ uri, settings, signal }: DiscoverOptions): Promise<Discovery> {
  if (uri === undefined) return { devices: [], trail: [NOT_SEARCHED] }
  const { endpoint, connection, place, uri: named } = readMarvellGoogleSettings(uri, settings)
  const model = 'Cloud HSM (Marvell LiquidSecurity)'
  const device = { hsmType: 'MARVELL_GOOGLE', uri: named, vendor: 'Google', model } as const
  const { discoverService } = await import('../http/discover-service.ts')
  return discoverService(device, { endpoint, path: `/v1/${place.ring}`, connection }, signal)
}

const NOT_SEARCHED =
  'Cloud HSM is a service, so there is no search for it: specify a key ring, marvell-google:projects/P/locations/L/keyRings/R.'

/** Google Cloud KMS at protection level HSM (Marvell LiquidSecurity). Nothing of the network is loaded before `open`. */
import { marvellGoogleSigningAccess } from './signing-access.ts'

export const family: DeviceFamily = {
  hsmType: 'MARVELL_GOOGLE',
  scheme: 'marvell-google',
  keepsNoIssuers: 'Cloud HSM keeps no certificates',
  settings: MARVELL_GOOGLE_SETTINGS,
  discover,
  check: async (uri, settings) => void readMarvellGoogleSettings(uri, settings),
  checkSecret: (name, secret) => {
    if (name === 'token') checkToken(secret.text().trim())
  },
  signingAccess: marvellGoogleSigningAccess,
  open: async (uri, options) => (await import('./marvell-google-device.ts')).openMarvellGoogle(uri, options),
}
