import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ConfigError } from './config-error.ts'
import { type ConfigurationFile, type RawValue, readConfigurationFile } from './configuration-file.ts'
import { SYSTEM_CONFIG_DIRECTORY, stateDirectory, userConfigDirectory } from './directories.ts'
import { SECRET_SOURCE_FORMS } from './secret-source-forms.ts'
import { environmentName, SETTINGS, type Setting, settingByPath } from './settings.ts'

export interface ConfiguredValue {
  readonly value: RawValue
  /** "flag", "environment HSM_ENROLL_…", a file name, or "default". */
  readonly origin: string
  readonly layer: 'default' | 'file' | 'profile' | 'environment' | 'flag' | 'run'
}

/** All values in force, each with where it came from. Precedence: flag > environment > profile > project > user > system > default. */
export class Configuration {
  readonly values: ReadonlyMap<string, ConfiguredValue>

  constructor(values: ReadonlyMap<string, ConfiguredValue>) {
    this.values = values
  }

  text(path: string): string | undefined {
    const value = this.values.get(path)?.value
    return typeof value === 'string' ? value : value?.join(',')
  }

  required(path: string): string {
    const value = this.text(path)
    if (value !== undefined && value !== '') return value
    const description = settingByPath.get(path)?.description ?? path
    throw new ConfigError(
      'missing',
      `Could not begin: "${path}" is not set (${description}).`,
      `Add ${path} to the profile, or set ${environmentName(path)}.`,
    )
  }

  list(path: string): readonly string[] {
    const value = this.values.get(path)?.value
    if (value === undefined) return []
    return typeof value === 'string'
      ? value
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== '')
      : value
  }

  flag(path: string): boolean {
    return this.text(path) === 'true'
  }

  integer(path: string): number | undefined {
    const value = this.text(path)
    return value === undefined ? undefined : Number(value)
  }

  /** The keys of an open section (`device`, `order`) that are no settings of ours. */
  section(name: 'device' | 'order'): ReadonlyMap<string, ConfiguredValue> {
    const prefix = `${name}.`
    return new Map(
      [...this.values]
        .filter(([path]) => path.startsWith(prefix) && !settingByPath.has(path))
        .map(([path, value]) => [path.slice(prefix.length), value]),
    )
  }
}

export interface ConfigurationSources {
  /** A profile: a file, or a name looked up as NAME.yaml in the profiles folder beside the user's and the system's configuration. */
  readonly profile?: string
  /** Values given as flags, by path. */
  readonly flags?: Readonly<Record<string, RawValue | undefined>>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly systemDirectory?: string
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )

/** Reads every layer. Throws ConfigError for the first value that is wrong. */
export async function loadConfiguration(sources: ConfigurationSources = {}): Promise<Configuration> {
  const env = sources.env ?? process.env
  const cwd = sources.cwd ?? process.cwd()
  const systemDirectory = sources.systemDirectory ?? SYSTEM_CONFIG_DIRECTORY
  const values = new Map<string, ConfiguredValue>()
  for (const setting of SETTINGS)
    if (setting.default !== undefined) put(values, setting.path, setting.default, 'default', 'default')
  put(values, 'stateDirectory', stateDirectory(env), 'default', 'default')
  const putFile = ({ file, values: read }: ConfigurationFile, layer: 'file' | 'profile'): void => {
    for (const [path, value] of read) put(values, path, value, file, layer)
  }
  for (const file of [
    join(systemDirectory, 'config.yaml'),
    join(userConfigDirectory(env), 'config.yaml'),
    join(cwd, 'hsm-enroll.yaml'),
  ]) {
    if (await exists(file)) putFile(await readConfigurationFile(file), 'file')
  }
  if (sources.profile !== undefined) {
    const folders = [userConfigDirectory(env), systemDirectory]
    putFile(await readConfigurationFile(await findProfile(sources.profile, cwd, folders)), 'profile')
  }
  for (const setting of SETTINGS) {
    const name = environmentName(setting.path)
    const value = env[name]
    if (value !== undefined && value !== '') put(values, setting.path, value, `environment ${name}`, 'environment')
  }
  for (const [path, value] of Object.entries(sources.flags ?? {})) {
    if (value !== undefined) put(values, path, located(path, value, cwd), 'flag', 'flag')
  }
  return new Configuration(values)
}

/** A relative file name in a flag counts from the working folder; a run that is resumed elsewhere must still find it. */
function located(path: string, value: RawValue, cwd: string): RawValue {
  const type = settingByPath.get(path)?.type
  if (type !== 'file' && type !== 'files') return value
  return typeof value === 'string' ? resolve(cwd, value) : value.map((file) => resolve(cwd, file))
}

function put(
  values: Map<string, ConfiguredValue>,
  path: string,
  value: RawValue,
  origin: string,
  layer: ConfiguredValue['layer'],
): void {
  const setting = settingByPath.get(path)
  const items = typeof value === 'string' ? [value] : value
  if (setting === undefined) refuseSecretOutside(path, origin)
  else for (const item of items) checkValue(setting, item, origin)
  if (/^(device|sectigo)\./.test(path) && items.some(holdsPassword)) refusePassword(path, origin)
  values.set(path, { value, origin, layer })
}

/** A device setting that carries the name of a secret would be kept in the journal and printed: refused unread. */
function refuseSecretOutside(path: string, origin: string): void {
  const place = path.replace(/^device\./, 'device.secrets.')
  if (place === path || settingByPath.get(place)?.type !== 'secret') return
  throw new ConfigError(
    'secret-source',
    `Could not follow "${path}" (${origin}): a secret has no place there.`,
    `Write ${place}, and name where it comes from: file:, fd:, env:, credential:, exec: or prompt.`,
  )
}

/** An address with a login in it (RFC 3986 3.2.1), also percent-encoded as in a device URI. */
const holdsPassword = (value: string): boolean =>
  /\/\/[^/?#\s]*:[^/?#\s]*@/.test(value.replace(/%(2F|3A|40)/gi, (encoded) => decodeURIComponent(encoded)))

/** As with a secret outside its place: the journal keeps every value, and `config check` prints it. */
function refusePassword(path: string, origin: string): never {
  throw new ConfigError(
    'secret-source',
    `Could not follow "${path}" (${origin}): the address holds a password, which would be kept and printed.`,
    'Leave it out here; a proxy with a password goes into HTTPS_PROXY, in the environment.',
  )
}

/** Values never appear in these errors: what stands there may be the secret itself. */
function checkValue(setting: Setting, value: string, origin: string): void {
  if (setting.type === 'secret' && value !== 'prompt' && !/^(file|fd|env|credential|exec):/.test(value)) {
    throw new ConfigError(
      'secret-source',
      `Could not follow "${setting.path}" (${origin}): it begins with none of ${SECRET_SOURCE_FORMS}.`,
      'Name where the secret comes from, here and in the environment alike; the secret itself would be kept and printed.',
    )
  }
  if (setting.path === 'device.uri' && /[?&;]pin-value=/i.test(value)) {
    throw new ConfigError(
      'secret-source',
      `Could not follow "device.uri" (${origin}): pin-value puts the PIN itself into the address.`,
      'Remove it, and name a source in device.secrets.pin or with pin-source=.',
    )
  }
  const fail = (expected: string): ConfigError =>
    new ConfigError(
      'value',
      `Could not follow "${setting.path}" (${origin}): it must be ${expected}.`,
      `${setting.path} is ${setting.description}.`,
    )
  if (setting.allowed !== undefined && !setting.allowed.includes(value))
    throw fail(`one of ${setting.allowed.join(', ')}`)
  if (setting.type === 'integer' && !/^\d{1,9}$/.test(value)) throw fail('a whole number')
  if (setting.type === 'boolean' && value !== 'true' && value !== 'false') throw fail('true or false')
}

async function findProfile(name: string, cwd: string, directories: readonly string[]): Promise<string> {
  const direct = resolve(cwd, name)
  if (await exists(direct)) return direct
  const tried = [direct]
  if (/^[\w.-]+$/.test(name)) {
    for (const directory of directories) {
      const file = join(directory, 'profiles', name.endsWith('.yaml') ? name : `${name}.yaml`)
      if (await exists(file)) return file
      tried.push(file)
    }
  }
  throw new ConfigError(
    'no-profile',
    `Could not find the profile "${name}" (tried ${tried.join(', ')}).`,
    'Name a file, or put NAME.yaml into one of those folders.',
  )
}
