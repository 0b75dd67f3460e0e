import { DeviceError, parseDeviceUri, type SettingDefinition } from '../device.ts'
import {
  CONNECTION_SETTINGS,
  type ConnectionSettings,
  readConnectionSettings,
  readEndpoint,
} from '../http/connection-settings.ts'
import { SettingReader, settingError } from '../setting-reader.ts'
import { type KeyRingName, parseKeyRingName } from './resource-name.ts'

const DEFAULT_ENDPOINT = 'https://cloudkms.googleapis.com'
const PACKAGE_FORMS = ['statement', 'bundle-zip', 'statement+chains'] as const
export type PackageForm = (typeof PACKAGE_FORMS)[number]

const AUTHENTICATIONS = ['application-default', 'access-token'] as const
const PROTECTION_LEVELS = ['HSM', 'HSM_SINGLE_TENANT'] as const

// biome-ignore format: a table, a row a line
export const MARVELL_GOOGLE_SETTINGS: readonly SettingDefinition[] = [
  { name: 'packageForm', type: 'string', description: `What to send to the CA: ${PACKAGE_FORMS.join(', ')}. Default: statement; no published document settles this.` },
  { name: 'createKeyRing', type: 'boolean', description: 'Create the key ring if it does not exist. Default: false.' },
  { name: 'protectionLevel', type: 'string', description: `${PROTECTION_LEVELS.join(' or ')}; default HSM. SOFTWARE and EXTERNAL keys are never created.` },
  { name: 'cryptoKeyBackend', type: 'string', description: 'projects/P/locations/L/singleTenantHsmInstances/I, for HSM_SINGLE_TENANT.' },
  { name: 'authentication', type: 'string', description: 'application-default (default; credentialsFile may specify the file) or access-token (the secret "token").' },
  { name: 'credentialsFile', type: 'string', file: true, description: 'Credential configuration (service account, workload identity, …) in place of GOOGLE_APPLICATION_CREDENTIALS.' },
  { name: 'programEnvironment', type: 'string[]', description: 'Environment variables to pass to the program of a credential file. Default: only those of every program (PATH, HOME, …).' },
  { name: 'impersonate', type: 'string', description: 'E-mail of a service account to act as.' },
  { name: 'generationWaitSeconds', type: 'number', description: 'Seconds to wait for the HSM to generate the key. Default: 300.' },
  { name: 'endpoint', type: 'string', description: `URL of the Cloud KMS API; default ${DEFAULT_ENDPOINT}.` },
  ...CONNECTION_SETTINGS,
]

export interface MarvellGoogleSettings {
  readonly uri: string
  readonly place: KeyRingName
  readonly endpoint: string
  readonly packageForm: PackageForm
  readonly createKeyRing: boolean
  readonly protectionLevel: (typeof PROTECTION_LEVELS)[number]
  readonly cryptoKeyBackend?: string
  readonly authentication: (typeof AUTHENTICATIONS)[number]
  readonly credentialsFile?: string
  readonly programEnvironment: readonly string[]
  readonly impersonate?: string
  readonly generationWaitMs: number
  readonly connection: ConnectionSettings
}

/** Throws DeviceError `device.uri`, `device.settings`. */
export function readMarvellGoogleSettings(
  uri: string,
  settings: Readonly<Record<string, unknown>> | undefined,
): MarvellGoogleSettings {
  const { path, query } = parseDeviceUri(uri)
  const place = parseKeyRingName(path ?? '')
  if (place === undefined || query.size > 0) {
    throw new DeviceError('device.uri', `Could not read a key ring from "${uri.slice(0, 100)}".`, {
      remedy:
        'Write it as marvell-google:projects/P/locations/L/keyRings/R, or with /cryptoKeys/K for a key that exists.',
    })
  }
  const reader = new SettingReader(MARVELL_GOOGLE_SETTINGS, settings)
  const cryptoKeyBackend = reader.text('cryptoKeyBackend')
  const protectionLevel = reader.oneOf('protectionLevel', PROTECTION_LEVELS) ?? 'HSM'
  if ((protectionLevel === 'HSM_SINGLE_TENANT') !== (cryptoKeyBackend !== undefined) && place.cryptoKey === undefined) {
    throw settingError(
      'cryptoKeyBackend',
      'it and protectionLevel HSM_SINGLE_TENANT belong together',
      'Set both, or neither.',
    )
  }
  const impersonate = reader.text('impersonate')
  if (impersonate !== undefined && !/^[\w.+-]{1,64}@[\w.-]{1,190}$/.test(impersonate)) {
    throw settingError(
      'impersonate',
      'it is not the e-mail address of an account',
      'Write it as name@project.iam.gserviceaccount.com.',
    )
  }
  return {
    uri: `marvell-google:${path}`,
    place,
    endpoint: readEndpoint('endpoint', reader.text('endpoint') ?? DEFAULT_ENDPOINT),
    packageForm: reader.oneOf('packageForm', PACKAGE_FORMS) ?? 'statement',
    createKeyRing: reader.flag('createKeyRing') ?? false,
    protectionLevel,
    cryptoKeyBackend,
    authentication: reader.oneOf('authentication', AUTHENTICATIONS) ?? 'application-default',
    credentialsFile: reader.text('credentialsFile'),
    programEnvironment: reader.list('programEnvironment') ?? [],
    impersonate,
    generationWaitMs: (reader.wholeNumber('generationWaitSeconds', 1, 3600) ?? 300) * 1000,
    connection: readConnectionSettings(reader),
  }
}
