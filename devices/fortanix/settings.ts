import { DeviceError, formatDeviceUri, parseDeviceUri, type SettingDefinition } from '../device.ts'
import {
  CONNECTION_SETTINGS,
  type ConnectionSettings,
  readCertificates,
  readConnectionSettings,
  readEndpoint,
} from '../http/connection-settings.ts'
import { SettingReader, settingError } from '../setting-reader.ts'

/** Region -> endpoint of the DSM SaaS clusters. Source: Fortanix, "Configure API client"; a region more is a line more. */
const REGIONS: Readonly<Record<string, string>> = {
  amer: 'https://amer.smartkey.io',
  eu: 'https://eu.smartkey.io',
  uk: 'https://uk.smartkey.io',
  apps: 'https://apps.smartkey.io',
}

const AUTHENTICATIONS = ['api-key', 'certificate', 'external-token'] as const
export type Authentication = (typeof AUTHENTICATIONS)[number]

// biome-ignore format: a table, a row a line
export const FORTANIX_SETTINGS: readonly SettingDefinition[] = [
  { name: 'region', type: 'string', description: `Region of DSM SaaS: ${Object.keys(REGIONS).join(', ')}.` },
  { name: 'endpoint', type: 'string', description: 'URL of your own cluster, in place of region.' },
  { name: 'group', type: 'string', description: "UUID of the group for new keys. Default: the app's default group." },
  { name: 'authentication', type: 'string', description: 'How the app logs in: api-key (default), certificate or external-token.' },
  { name: 'appId', type: 'string', description: 'UUID of the app; needed for certificate, and for an external JWT.' },
  { name: 'clientCertificateFile', type: 'string', file: true, description: "PEM certificate of the app, for 'certificate'." },
  { name: 'approvalWaitSeconds', type: 'number', description: 'Seconds to wait for a quorum approval before the run stops (resume it later). Default 0.' },
  ...CONNECTION_SETTINGS,
]

export interface FortanixSettings {
  readonly endpoint: string
  /** True for a cluster of the DSM SaaS, where key attestation is documented. */
  readonly saas: boolean
  readonly group?: string
  readonly authentication: Authentication
  readonly appId?: string
  readonly approvalWaitMs: number
  readonly connection: ConnectionSettings
  /** Names exactly this cluster and group. */
  readonly uri: string
}

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const URI_ATTRIBUTES = new Set(['region', 'endpoint', 'group'])

/** The URI's attributes win over the settings of the same name. Throws DeviceError `device.uri`, `device.settings`. */
export function readFortanixSettings(
  uri: string,
  settings: Readonly<Record<string, unknown>> | undefined,
): FortanixSettings {
  const { attributes, query, path } = parseDeviceUri(uri)
  const unknown = [...attributes.keys(), ...query.keys()].find((name) => !URI_ATTRIBUTES.has(name)) ?? path
  if (unknown !== undefined) {
    throw new DeviceError('device.uri', `Could not use "${unknown.slice(0, 60)}" in a fortanix: URI.`, {
      remedy: 'Write it as fortanix:region=eu;group=UUID or fortanix:endpoint=https://dsm.example;group=UUID.',
    })
  }
  const reader = new SettingReader(FORTANIX_SETTINGS, settings)
  const named = (name: string): string | undefined => attributes.get(name) ?? reader.text(name)
  const endpoint = readPlace(attributes.has('region') ? undefined : named('endpoint'), named('region'))
  const group = named('group')
  if (group !== undefined && !UUID.test(group)) throw settingError('group', 'it is not a UUID', 'Copy it from DSM.')
  const authentication = reader.oneOf('authentication', AUTHENTICATIONS) ?? 'api-key'
  const appId = reader.text('appId')
  if (appId !== undefined && !UUID.test(appId)) throw settingError('appId', 'it is not a UUID', 'Copy it from the app.')
  const certificate = reader.text('clientCertificateFile')
  if (authentication === 'certificate' && (certificate === undefined || appId === undefined)) {
    throw settingError('authentication', 'certificate needs clientCertificateFile and appId', 'Add both.')
  }
  return {
    endpoint,
    saas: /(^|\.)smartkey\.io$/.test(new URL(endpoint).hostname),
    group: group?.toLowerCase(),
    authentication,
    appId,
    approvalWaitMs: (reader.wholeNumber('approvalWaitSeconds', 0, 7 * 24 * 3600) ?? 0) * 1000,
    connection: {
      ...readConnectionSettings(reader),
      clientCertificate: certificate && readCertificates('clientCertificateFile', certificate),
    },
    uri: formatDeviceUri('fortanix', { endpoint, group }),
  }
}

function readPlace(endpoint: string | undefined, region: string | undefined): string {
  if (endpoint !== undefined) return readEndpoint('endpoint', endpoint)
  const known = region === undefined ? undefined : Object.hasOwn(REGIONS, region) ? REGIONS[region] : undefined
  if (known !== undefined) return known
  const why = region === undefined ? 'neither region nor endpoint is set' : 'there is no such region'
  throw settingError('region', why, `Use one of ${Object.keys(REGIONS).join(', ')}, or endpoint=https://….`)
}
