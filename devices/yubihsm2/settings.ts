/** What a profile may say of a YubiHSM 2, checked before anything is sent. */
import { DeviceError, type DeviceUri, parseDeviceUri, type SettingDefinition } from '../device.ts'
import { SettingReader, settingError } from '../setting-reader.ts'
import { DEFAULT_CONNECTOR } from './connector.ts'
import { parseObjectId } from './object-type.ts'

// biome-ignore format: a table, a row a line
export const SETTINGS: readonly SettingDefinition[] = [
  { name: 'connector', type: 'string', description: `Address of the yubihsm-connector, if the URI has none. Default: ${DEFAULT_CONNECTOR}.` },
  { name: 'connectorCaFile', type: 'string', file: true, description: 'PEM file with the certificates to trust for an https connector, instead of the system ones.' },
  { name: 'authKeyId', type: 'string', description: 'Object ID of the authentication key, if the URI has no auth-key. Default: 1.' },
  { name: 'authentication', type: 'string', description: '"password" (default) or "asymmetric": the secret authentication-key is then a P-256 private key (firmware 2.3 and newer).' },
  { name: 'devicePublicKey', type: 'string', description: "The device's P-256 public key (PEM, or hex of X and Y) that asymmetric authentication requires." },
  { name: 'domains', type: 'string[]', description: 'Domains (1 to 16) of the new key. Default: those of the authentication key.' },
  { name: 'objectId', type: 'string', description: 'Object ID of the new key, such as 0x1234; refused if it is in use. Default: the device chooses.' },
  { name: 'includeIntermediates', type: 'boolean', description: 'Adds the certificates of intermediatesFile to the attestation package.' },
  { name: 'intermediatesFile', type: 'string', file: true, description: "PEM file with Yubico's sub-CA certificate of this device (its name on Yubico's site is the key identifier)." },
]

export interface YubiHsm2Settings {
  readonly connector: URL
  readonly connectorCaFile?: string
  readonly serial?: string
  readonly authKeyId: number
  readonly authentication: 'password' | 'asymmetric'
  readonly devicePublicKey?: string
  /** Bit 0 is domain 1; undefined takes the authentication key's. */
  readonly domains?: number
  /** 0 lets the device choose. */
  readonly objectId: number
  readonly intermediatesFile?: string
}

const URI_ATTRIBUTES: readonly string[] = ['connector', 'serial', 'auth-key']

/** Throws DeviceError `device.uri` or `device.settings`. */
export function readSettings(uri: string, given: Readonly<Record<string, unknown>> = {}): YubiHsm2Settings {
  const parsed = parseDeviceUri(uri)
  checkUri(uri, parsed)
  const settings = new SettingReader(SETTINGS, given)
  return {
    connector: readConnector(parsed.attributes.get('connector') ?? settings.text('connector') ?? DEFAULT_CONNECTOR),
    connectorCaFile: settings.text('connectorCaFile'),
    // Ten digits on the label and in yhusb://, eight where the device tells it: zeros before a number mean nothing.
    serial: parsed.attributes.get('serial')?.replace(/^0+(?=\d)/, ''),
    authKeyId: readAuthKeyId(parsed.attributes.get('auth-key'), settings.text('authKeyId')),
    authentication: settings.oneOf('authentication', ['password', 'asymmetric']) ?? 'password',
    devicePublicKey: settings.text('devicePublicKey'),
    domains: readDomains(settings.list('domains')),
    objectId: readObjectId('objectId', settings.text('objectId')) ?? 0,
    intermediatesFile: readIntermediates(settings),
  }
}

function checkUri(uri: string, parsed: DeviceUri): void {
  const unknown = [...parsed.attributes.keys(), ...parsed.query.keys()].find((name) => !URI_ATTRIBUTES.includes(name))
  const path = parsed.path === undefined || parsed.path === ''
  if (unknown === undefined && path && parsed.scheme === 'yubihsm2') return
  throw new DeviceError(
    'device.uri',
    `Could not read the device URI "${uri.slice(0, 80)}": "${unknown ?? parsed.path}" is not supported.`,
    {
      remedy: `Write yubihsm2:connector=${DEFAULT_CONNECTOR};serial=12345678;auth-key=1; every part is optional.`,
    },
  )
}

function readConnector(text: string): URL {
  const remedy = `Write an address such as ${DEFAULT_CONNECTOR}, without a path.`
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw settingError('connector', 'it is not an address', remedy)
  }
  const plain =
    (url.pathname === '/' || url.pathname === '') && url.search === '' && url.username === '' && url.password === ''
  if (url.protocol === 'yhusb:') {
    const serial = /\d+/.exec(text.slice('yhusb:'.length))?.[0].replace(/^0+(?=\d)/, '')
    throw settingError(
      'connector',
      'hsm-enroll does not open the USB device itself (yhusb:)',
      `Start yubihsm-connector, and write yubihsm2:connector=${DEFAULT_CONNECTOR}${serial === undefined ? '' : `;serial=${serial}`}.`,
    )
  }
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || !plain) {
    throw settingError('connector', 'it must be an http or https address without a path or a user name', remedy)
  }
  return url
}

function readAuthKeyId(inUri: string | undefined, inSettings: string | undefined): number {
  const fromUri = readObjectId('auth-key', inUri)
  const fromSetting = readObjectId('authKeyId', inSettings)
  if (fromUri !== undefined && fromSetting !== undefined && fromUri !== fromSetting) {
    throw settingError('authKeyId', 'it differs from auth-key in the URI', 'Keep one of the two.')
  }
  return fromUri ?? fromSetting ?? 1
}

/** `1`, `0x0001`. */
function readObjectId(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const id = /^\d{1,5}$/.test(text) ? Number(text) : parseObjectId(text)
  if (id !== undefined && id >= 1 && id <= 0xfffe) return id
  throw settingError(name, 'it is not an object ID', 'Write a number from 1 to 65534, or 0x0001 to 0xfffe.')
}

function readDomains(list: readonly string[] | undefined): number | undefined {
  if (list === undefined) return undefined
  const numbers = list.map((item) => (/^\d{1,2}$/.test(item) ? Number(item) : 0))
  if (numbers.length === 0 || numbers.some((number) => number < 1 || number > 16)) {
    throw settingError('domains', 'domains are numbers from 1 to 16', 'Write a list such as [1, 2].')
  }
  return numbers.reduce((mask, number) => mask | (1 << (number - 1)), 0)
}

function readIntermediates(settings: SettingReader): string | undefined {
  if (settings.flag('includeIntermediates') !== true) return undefined
  const file = settings.text('intermediatesFile')
  if (file !== undefined) return file
  throw settingError('includeIntermediates', 'intermediatesFile is not set', 'Set intermediatesFile to the PEM file.')
}
