import { DeviceError, type DeviceFamily, type DiscoverOptions, type Discovery } from '../device.ts'
import { Connector } from './connector.ts'
import { checkSecret } from './credential.ts'
import { connectionObstacles } from './obstacles.ts'
import { identify, openDevice } from './open-device.ts'
import { deviceUri } from './opened-device.ts'
import { readSettings, SETTINGS } from './settings.ts'
import { yubihsm2SigningAccess } from './signing-access.ts'

/** `discover` may take two seconds in all: status, then device info. */
const DISCOVERY_MS = 900

/** Asks the configured connector, or the default one on this host. */
async function discover(options: DiscoverOptions): Promise<Discovery> {
  const settings = readSettings(options.uri ?? 'yubihsm2:', onlyOwn(options.settings ?? {}))
  const connector = new Connector(settings.connector, settings.connectorCaFile)
  try {
    const info = await identify(connector, undefined, DISCOVERY_MS, options.signal)
    const device = {
      hsmType: 'YUBIHSM2',
      uri: deviceUri(settings.connector, info.serial, settings.authKeyId),
      vendor: 'Yubico',
      model: 'YubiHSM 2',
      serial: info.serial,
      firmware: info.firmware.join('.'),
      obstacles: connectionObstacles(settings),
      details: { 'Audit log': `${info.logUsed} of ${info.logSize}` },
    } as const
    return { devices: [device], trail: [`${settings.connector.origin}: YubiHSM 2 ${info.serial}`] }
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    return { devices: [], trail: [`${settings.connector.origin}: ${error.message}`] }
  } finally {
    connector.close()
  }
}

/** A search goes through every family with the same settings: those of others are passed over. */
const onlyOwn = (settings: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => SETTINGS.some((setting) => setting.name === name)))

export const family: DeviceFamily = {
  hsmType: 'YUBIHSM2',
  scheme: 'yubihsm2',
  keepsNoIssuers: 'its PKCS#11 module shows programs no subjects and issuers to find them by',
  settings: SETTINGS,
  discover,
  check: async (uri, settings) => void readSettings(uri, settings),
  checkSecret,
  signingAccess: yubihsm2SigningAccess,
  neededSecrets: (uri, settings) => [
    readSettings(uri, settings).authentication === 'asymmetric' ? 'authentication-key' : 'password',
  ],
  open: openDevice,
}
