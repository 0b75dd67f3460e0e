import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { DeviceError, type DeviceFamily, parseDeviceUri, type SecretName } from '../../devices/device.ts'
import { familyOf, loadFamily } from '../../devices/open.ts'
import { EnrollError } from '../errors.ts'
import { othersMay } from '../files/others-may.ts'
import { ConfigError } from './config-error.ts'
import type { Configuration } from './configuration.ts'
import { deviceProfile } from './profile.ts'
import { readSecret, type SecretReading } from './secret-source.ts'
import { SETTINGS } from './settings.ts'

/**
 * What can be found wrong with the sources of the configured secrets, and with the form of what they give, without asking anybody and without using one up: a variable,
 * a file, a systemd credential is read and forgotten again; a prompt wants somebody to ask; a command, a descriptor and a pipe give
 * their secret once and are left alone. `section`: the secrets of the device, or of the CA's account, alone.
 */
export async function secretFaults(
  configuration: Configuration,
  reading: SecretReading,
  section?: 'device' | 'sectigo' | 'acme',
): Promise<readonly (ConfigError | DeviceError)[]> {
  const faults: (ConfigError | DeviceError)[] = []
  const family = await familyOfConfiguration(configuration)
  for (const { setting, name, source } of configuredSources(configuration)) {
    if (section !== undefined && !setting.startsWith(`${section}.`)) continue
    if (!(await canBeLookedAt(source, reading))) continue
    try {
      const secret = await readSecret(source, { name, prompt: `secret ${setting}` }, reading)
      try {
        if (setting.startsWith('device.')) family?.checkSecret?.(name, secret)
      } finally {
        secret.wipe()
      }
    } catch (error) {
      if (!(error instanceof ConfigError) && !(error instanceof DeviceError)) throw error
      faults.push(error)
    }
  }
  return faults
}

/** A file that holds a secret, and that others than its owner can read or change. */
export interface OpenSecret {
  readonly setting: string
  readonly file: string
  /** In words: "mode 0644". */
  readonly mode: string
}

/** Secrets in files whose mode does not keep them: everybody on the host has the secret, or may put another in its place. */
export async function openSecrets(
  configuration: Configuration,
  section?: 'device' | 'sectigo' | 'acme',
): Promise<readonly OpenSecret[]> {
  const open: OpenSecret[] = []
  for (const { setting, source } of configuredSources(configuration)) {
    if (!source.startsWith(FILE) || (section !== undefined && !setting.startsWith(`${section}.`))) continue
    const file = source.slice(FILE.length)
    const mode = await othersMay('read', file)
    if (mode !== undefined) open.push({ setting, file, mode })
  }
  return open
}

const FILE = 'file:'

/** Undefined where the URI names none: that is somebody else's to refuse. */
async function familyOfConfiguration(configuration: Configuration): Promise<DeviceFamily | undefined> {
  try {
    const { uri, hsmType } = deviceProfile(configuration)
    return await loadFamily(familyOf(uri, hsmType))
  } catch (error) {
    if (error instanceof EnrollError || error instanceof DeviceError) return undefined
    throw error
  }
}

/** The settings whose secrets a person types. */
export const promptedSecrets = (configuration: Configuration): readonly string[] =>
  configuredSources(configuration).flatMap(({ setting, source }) => (source === 'prompt' ? [setting] : []))

interface ConfiguredSource {
  /** The setting that names the source. */
  readonly setting: string
  readonly name: SecretName
  readonly source: string
}

function configuredSources(configuration: Configuration): readonly ConfiguredSource[] {
  const sources = SETTINGS.flatMap(({ path, type }): readonly ConfiguredSource[] => {
    const source = type === 'secret' ? configuration.text(path) : undefined
    if (source === undefined) return []
    const name = path.startsWith(DEVICE) ? (path.slice(DEVICE.length) as SecretName) : 'password'
    return [{ setting: path, name, source }]
  })
  const uri = configuration.text('device.uri')
  const pinSource = uri === undefined ? undefined : pinSourceOf(uri)
  if (pinSource === undefined) return sources
  return [...sources, { setting: 'device.uri (pin-source)', name: 'pin', source: pinSource }]
}

const DEVICE = 'device.secrets.'

/** The file of `pin-source` (RFC 7512, 2.4). What cannot be read, or names no file, is the family's to refuse. */
function pinSourceOf(uri: string): string | undefined {
  try {
    const source = parseDeviceUri(uri).query.get('pin-source')
    if (source === undefined || source.startsWith('/')) return source && `file:${source}`
    return `file:${fileURLToPath(source.replace(/^file:(?!\/\/)/, 'file://'))}`
  } catch {
    return undefined
  }
}

async function canBeLookedAt(source: string, { prompt }: SecretReading): Promise<boolean> {
  if (source === 'prompt') return prompt === undefined
  if (/^(env|credential):/.test(source)) return true
  if (!source.startsWith(FILE)) return false
  // What is not there at all is read, so that the reading says so.
  const found = await stat(source.slice(FILE.length)).catch(() => undefined)
  return found === undefined || found.isFile() || found.isDirectory()
}
