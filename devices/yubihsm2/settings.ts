/** What a profile may say of a YubiHSM 2, checked before anything is sent. */
import { DeviceError, type DeviceUri, parseDeviceUri, type SettingDefinition } from '../device.ts'
import { DEFAULT_CONNECTOR } from './connector.ts'
import { parseObjectId } from './object-type.ts'

export const SETTINGS: readonly SettingDefinition[] = [
  {
    name: 'connector',
    type: 'string',
    description: `Address of the yubihsm-connector where the URI names none; ${DEFAULT_CONNECTOR} without it.`,
  },
  {
    name: 'connectorCaFile',
    type: 'string',
    description: 'PEM file with the certificates to trust for an https connector, in place of the system ones.',
  },
  {
    name: 'authKeyId',
    type: 'number',
    description: 'Object id of the authentication key, where the URI has no auth-key; 1 without it.',
  },
  {
    name: 'authentication',
    type: 'string',
    description:
      '"password" (default) or "asymmetric": the secret authentication-key is then a P-256 private key (firmware 2.3 and newer).',
  },
  {
    name: 'devicePublicKey',
    type: 'string',
    description: "The device's P-256 public key (PEM, or hex of X and Y) that asymmetric authentication must meet.",
  },
  {
    name: 'domains',
    type: 'string[]',
    description: 'Domains (1 to 16) of the new key; those of the authentication key without it.',
  },
  {
    name: 'objectId',
    type: 'string',
    description: 'Object id of the new key, such as 0x1234; refused where it is taken. The device chooses without it.',
  },
  {
    name: 'includeIntermediates',
    type: 'boolean',
    description: 'Adds the certificates of intermediatesFile to the attestation package.',
  },
  {
    name: 'intermediatesFile',
    type: 'string',
    description:
      "PEM file with Yubico's sub-CA certificate of this device (its name on Yubico's site is the key identifier).",
  },
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

const bad = (name: string, why: string, remedy: string): DeviceError =>
  new DeviceError('device.settings', `Could not use the YubiHSM 2 setting "${name}": ${why}.`, { remedy })

/** Throws DeviceError `device.uri` or `device.settings`. */
export function readSettings(uri: string, given: Readonly<Record<string, unknown>> = {}): YubiHsm2Settings {
  const parsed = parseDeviceUri(uri)
  checkUri(uri, parsed)
  for (const name of Object.keys(given)) {
    if (!SETTINGS.some((setting) => setting.name === name)) {
      throw bad(name, 'there is no such setting', `Use one of ${SETTINGS.map((setting) => setting.name).join(', ')}.`)
    }
  }
  const text = (name: string): string | undefined => optionalText(given, name)
  return {
    connector: readConnector(parsed.attributes.get('connector') ?? text('connector') ?? DEFAULT_CONNECTOR),
    authKeyId: readAuthKeyId(parsed.attributes.get('auth-key'), given.authKeyId),
    authentication: readAuthentication(text('authentication')),
    objectId: readObjectId(given.objectId),
    serial: parsed.attributes.get('serial'),
    connectorCaFile: text('connectorCaFile'),
    devicePublicKey: text('devicePublicKey'),
    domains: readDomains(given.domains),
    intermediatesFile: readIntermediates(given),
  }
}

function checkUri(uri: string, parsed: DeviceUri): void {
  const unknown = [...parsed.attributes.keys(), ...parsed.query.keys()].find((name) => !URI_ATTRIBUTES.includes(name))
  const path = parsed.path === undefined || parsed.path === ''
  if (unknown === undefined && path && parsed.scheme === 'yubihsm2') return
  throw new DeviceError(
    'device.uri',
    `Could not read the device URI "${uri.slice(0, 80)}": "${unknown ?? parsed.path}" has no meaning here.`,
    {
      remedy: `Write yubihsm2:connector=${DEFAULT_CONNECTOR};serial=12345678;auth-key=1; every part may be left out.`,
    },
  )
}

function optionalText(given: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = given[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.trim() === '') throw bad(name, 'it must be a text', 'Write it as a string.')
  return value
}

function readConnector(text: string): URL {
  const remedy = `Write an address such as ${DEFAULT_CONNECTOR}, without a path.`
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw bad('connector', `"${text.slice(0, 80)}" is no address`, remedy)
  }
  const plain =
    (url.pathname === '/' || url.pathname === '') && url.search === '' && url.username === '' && url.password === ''
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || !plain) {
    throw bad('connector', 'only http and https addresses without a path or a user name are understood', remedy)
  }
  return url
}

/** `1`, `0x0001`. */
function readAuthKeyId(inUri: string | undefined, setting: unknown): number {
  const read = (value: unknown): number | undefined => {
    if (value === undefined) return undefined
    const id = objectId(value)
    if (id === undefined)
      throw bad(
        'auth-key',
        `"${String(value).slice(0, 20)}" is no object id`,
        'Write a number from 1 to 65534, or 0x0001 to 0xfffe.',
      )
    return id
  }
  const fromUri = read(inUri)
  const fromSetting = read(setting)
  if (fromUri !== undefined && fromSetting !== undefined && fromUri !== fromSetting) {
    throw bad('authKeyId', 'it differs from auth-key in the URI', 'Keep one of the two.')
  }
  return fromUri ?? fromSetting ?? 1
}

function objectId(value: unknown): number | undefined {
  const text = String(value)
  const id = /^\d{1,5}$/.test(text) ? Number(text) : parseObjectId(text)
  return id === undefined || id < 1 || id > 0xfffe ? undefined : id
}

function readObjectId(value: unknown): number {
  if (value === undefined) return 0
  const id = objectId(value)
  if (id === undefined)
    throw bad('objectId', `"${String(value).slice(0, 20)}" is no object id`, 'Write 0x0001 to 0xfffe, or leave it out.')
  return id
}

function readAuthentication(text: string | undefined): 'password' | 'asymmetric' {
  if (text === undefined || text === 'password') return 'password'
  if (text === 'asymmetric') return text
  throw bad('authentication', `"${text.slice(0, 20)}" is unknown`, 'Write password or asymmetric.')
}

function readDomains(value: unknown): number | undefined {
  if (value === undefined) return undefined
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const numbers = list.map((item) => (/^\d{1,2}$/.test(String(item)) ? Number(item) : 0))
  if (numbers.length === 0 || numbers.some((number) => number < 1 || number > 16)) {
    throw bad('domains', 'domains are numbers from 1 to 16', 'Write a list such as [1, 2].')
  }
  return numbers.reduce((mask, number) => mask | (1 << (number - 1)), 0)
}

function readIntermediates(given: Readonly<Record<string, unknown>>): string | undefined {
  const include = given.includeIntermediates ?? false
  if (typeof include !== 'boolean')
    throw bad('includeIntermediates', 'it must be true or false', 'Write true or false.')
  const file = optionalText(given, 'intermediatesFile')
  if (include && file === undefined) {
    throw bad(
      'includeIntermediates',
      'intermediatesFile does not say where they are',
      'Name the PEM file in intermediatesFile.',
    )
  }
  return include ? file : undefined
}
