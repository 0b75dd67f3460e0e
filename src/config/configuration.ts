import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { refuseKeysInText } from '../check/read/hidden-keys.ts'
import { didYouMeanHint } from '../did-you-mean.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigurationFile, locatedValue, type RawValue, readConfigurationFile } from './configuration-file.ts'
import { checkDeviceSettings, type DeviceSection, fileSettings } from './device-settings.ts'
import { SYSTEM_CONFIG_DIRECTORY, stateDirectory, userConfigDirectory } from './directories.ts'
import { SECRET_SOURCE_FORMS } from './secret-source-forms.ts'
import { environmentName, SETTINGS, type Setting, settingByPath } from './settings.ts'

/** A value in force, and where it came from. */
export interface ConfiguredValue {
  readonly value: RawValue
  /** "flag", "environment HSM_ENROLL_…", a file name, or "default". */
  readonly origin: string
  readonly layer: 'default' | 'file' | 'profile' | 'environment' | 'flag' | 'run'
}

/**
 * All values in force, each with where it came from. Precedence: flag > environment > profile > project > user > system > default.
 *
 * @throws EnrollError `config.missing`, from `required`.
 * @example
 * ```ts
 * const configuration: Configuration = await loadConfiguration({ profile: 'signing.yaml' })
 * console.log(configuration.required('device.uri'), configuration.flag('sectigo.foreignOrderNumber'))
 * ```
 */
export class Configuration {
  readonly values: ReadonlyMap<string, ConfiguredValue>
  /** The profile as a file, whatever name or link it was given by; undefined where none was. */
  readonly profile: string | undefined

  constructor(values: ReadonlyMap<string, ConfiguredValue>, profile?: string) {
    this.values = values
    this.profile = profile
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
      `Could not start: "${path}" is not set (${description}).`,
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

/** Where `loadConfiguration` reads from; the process decides what is not given. */
export interface ConfigurationSources {
  /** A profile: a file, or a name looked up as NAME.yaml in the profiles folder beside the user's and the system's configuration. */
  readonly profile?: string
  /** Values given as flags, by path. */
  readonly flags?: Readonly<Record<string, RawValue | undefined>>
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly systemDirectory?: string
}

/**
 * Reads every layer: the defaults, the files of system, user and project, the profile, the environment (`HSM_ENROLL_…`), and flags.
 *
 * @throws EnrollError `config.…` for the first value that is wrong; no error shows a value, which may be a secret.
 * @example
 * ```ts
 * const configuration = await loadConfiguration({ profile: 'signing.yaml', flags: { 'policy.fips': 'warn' } })
 * ```
 */
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
    if (existsSync(file)) putFile(await readConfigurationFile(file), 'file')
  }
  let profile: string | undefined
  if (sources.profile !== undefined) {
    profile = await findProfile(sources.profile, cwd, [userConfigDirectory(env), systemDirectory])
    putFile(await readConfigurationFile(profile), 'profile')
  }
  // Most environments hold none, and to spell all names takes longer than to look at those that there are.
  const spoken = Object.keys(env).some((name) => name.toUpperCase().startsWith('HSM_ENROLL_')) ? SETTINGS : []
  for (const setting of spoken) {
    const name = environmentName(setting.path)
    const value = env[name]
    if (value === undefined || value === '') continue
    put(values, setting.path, located(setting.path, value, cwd), `environment ${name}`, 'environment')
  }
  for (const [path, value] of Object.entries(sources.flags ?? {})) {
    if (value !== undefined) put(values, path, located(path, value, cwd), 'flag', 'flag')
  }
  for (const [path, { value, origin, layer }] of values) {
    // Texts of our own, and the folder of the system for what programs keep.
    if (layer === 'default') continue
    for (const item of [value].flat()) refuseKeysInText(item, `the setting "${path}" (${origin})`)
  }
  refuseTwoWays(values)
  if (profile !== undefined) refuseUnnamedCa(values)
  const configuration = new Configuration(values, profile === undefined ? undefined : await realpath(profile))
  const section = {
    uri: configuration.text('device.uri'),
    hsmType: configuration.text('device.hsmType'),
    settings: configuration.section('device'),
  }
  await checkDeviceSettings(section)
  await locateDeviceFiles(values, section, cwd)
  return configuration
}

const BESIDE_BROKER = [
  ['sectigo.loginName', 'Remove the login from this host: the broker has it.'],
  ['sectigo.loginPassword', 'Remove the login from this host: the broker has it.'],
  ['ca', 'Remove one of them: brokers order from Sectigo.'],
  // There the broker claims the order; the claim of the host would be in its way.
  [
    'ledger.url',
    'Remove the ledger from this host: the broker has it, and the host keeps what is its own in its folder.',
  ],
] as const

/** A host that orders through a broker holds no login of the CA: whoever takes the host has not got the account. */
function refuseTwoWays(values: ReadonlyMap<string, ConfiguredValue>): void {
  const broker = values.get('broker.url')
  if (broker === undefined) return
  for (const [path, remedy] of BESIDE_BROKER) {
    const login = values.get(path)
    if (login === undefined || (path === 'ca' && login.value !== 'acme')) continue
    throw new ConfigError(
      'value',
      `Invalid settings: "broker.url" (${broker.origin}) and "${path}" (${login.origin}) exclude each other.`,
      remedy,
    )
  }
}

/** Settings of an ACME server alone do not choose it: without a word the order would go to Sectigo, and be paid. */
function refuseUnnamedCa(values: ReadonlyMap<string, ConfiguredValue>): void {
  const directory = values.get('acme.directory')
  if (directory === undefined || values.has('ca')) return
  throw new ConfigError(
    'value',
    `Invalid settings: "acme.directory" (${directory.origin}) is set, but "ca" is not: orders would go to Sectigo.`,
    'Add `ca: acme` to the profile to order from the ACME server, or `ca: sectigo` to order from Sectigo.',
  )
}

/** A relative file name in a flag or a variable counts from the working folder; a run that is resumed elsewhere must still find it. */
function located(path: string, value: RawValue, cwd: string): RawValue {
  const setting = settingByPath.get(path)
  if (setting?.type === 'files')
    return (typeof value === 'string' ? value.split(',') : value).map((file) => resolve(cwd, file))
  return typeof value === 'string' ? locatedValue(setting, value, cwd) : value
}

/** The same for files among the family's own settings, of which only the family knows that they are. */
async function locateDeviceFiles(
  values: Map<string, ConfiguredValue>,
  section: DeviceSection,
  cwd: string,
): Promise<void> {
  if (section.settings.size === 0) return
  for (const name of await fileSettings(section)) {
    const path = `device.${name}`
    const known = values.get(path)
    if (known === undefined || typeof known.value !== 'string' || known.value === '') continue
    const inFile = known.layer === 'file' || known.layer === 'profile'
    values.set(path, { ...known, value: resolve(inFile ? dirname(known.origin) : cwd, known.value) })
  }
}

function put(
  values: Map<string, ConfiguredValue>,
  path: string,
  value: RawValue,
  origin: string,
  layer: ConfiguredValue['layer'],
): void {
  const setting = settingByPath.get(path)
  refuseLogin(path, value, origin)
  if (setting === undefined) refuseSecretOutside(path, origin)
  else if (typeof value !== 'string' && setting.type !== 'list' && setting.type !== 'files')
    throw wrongValue(setting, origin, 'one text, not a list')
  else for (const item of typeof value === 'string' ? [value] : value) checkValue(setting, item, origin)
  values.set(path, { value, origin, layer })
}

/** What carries the name of a secret elsewhere would be kept in the journal and printed: refused unread. */
function refuseSecretOutside(path: string, origin: string): void {
  // AppRepLoginPassword of licences: no order for a key in hardware has it.
  if (/^order\..*password$/i.test(path)) {
    throw new ConfigError(
      'secret-source',
      `Invalid setting "${path.slice(0, 60)}" (${origin}): secrets are not allowed here.`,
      'Remove it; `hsm-enroll order submit FORM` takes a form with such a parameter, and stores no form.',
    )
  }
  const place = path.replace(/^device\./, 'device.secrets.').replace(/^order\./, 'sectigo.')
  if (place === path || settingByPath.get(place)?.type !== 'secret') return
  throw new ConfigError(
    'secret-source',
    `Invalid setting "${path}" (${origin}): secrets are not allowed here.`,
    `Set ${place} to the source of the secret: ${SECRET_SOURCE_FORMS}.`,
  )
}

/** A login inside an address (RFC 3986 3.2.1; percent-encoded in a device URI) would be kept and printed with it. */
function refuseLogin(path: string, value: RawValue, origin: string): void {
  const decoded = String(value).replace(/%(2F|3A|40)/gi, decodeURIComponent)
  if (!/^(device|sectigo|ledger|acme|broker)\./.test(path) || !hasLogin(decoded)) return
  throw new ConfigError(
    'secret-source',
    `Invalid setting "${path}" (${origin}): the address contains a login, which would be stored and printed.`,
    /proxy$/i.test(path)
      ? 'Remove it; set a proxy with a login in the environment (HTTPS_PROXY).'
      : 'Specify only the address; configure the login separately, as a secret.',
  )
}

/** In front of the host, or among the parameters of a database's address. */
const hasLogin = (address: string): boolean =>
  /:\/\/[^/?#;]*@/.test(address) || /^postgres(ql)?:.*[?&](password|passfile)=/i.test(address)

/** Values never appear in these errors: what stands there may be the secret itself. */
function checkValue(setting: Setting, value: string, origin: string): void {
  if (setting.type === 'secret' && value !== 'prompt' && !/^(file|fd|env|credential|exec):/.test(value)) {
    throw new ConfigError(
      'secret-source',
      `Invalid setting "${setting.path}" (${origin}): its value must start with one of ${SECRET_SOURCE_FORMS}.`,
      'Specify the source of the secret, in files and in the environment; the secret itself would be stored and printed.',
    )
  }
  if (setting.path === 'device.uri' && /[?&;]pin-value=/i.test(value)) {
    throw new ConfigError(
      'secret-source',
      `Invalid setting "device.uri" (${origin}): pin-value puts the PIN itself into the address.`,
      'Remove it, and specify a source in device.secrets.pin or with pin-source=.',
    )
  }
  if (setting.allowed !== undefined && !setting.allowed.includes(value))
    throw wrongValue(setting, origin, `one of ${setting.allowed.join(', ')}`, didYouMeanHint(value, setting.allowed))
  if (setting.type === 'integer' && !isWithin(value, setting)) {
    throw wrongValue(setting, origin, `a whole number from ${setting.least ?? 0} to ${setting.most ?? 'any'}`)
  }
  if (setting.type === 'boolean' && value !== 'true' && value !== 'false')
    throw wrongValue(setting, origin, 'true or false')
}

const isWithin = (value: string, { least = 0, most = Number.MAX_SAFE_INTEGER }: Setting): boolean =>
  /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most

const wrongValue = (setting: Setting, origin: string, expected: string, hint = ''): ConfigError =>
  new ConfigError(
    'value',
    `Invalid setting "${setting.path}" (${origin}): it must be ${expected}.${hint}`,
    `Correct the value there. The setting means: ${setting.description}.`,
  )

async function findProfile(name: string, cwd: string, directories: readonly string[]): Promise<string> {
  const direct = resolve(cwd, name)
  if (existsSync(direct)) return direct
  const tried = [direct]
  if (/^[\w.-]+$/.test(name)) {
    for (const directory of directories) {
      const file = join(directory, 'profiles', name.endsWith('.yaml') ? name : `${name}.yaml`)
      if (existsSync(file)) return file
      tried.push(file)
    }
  }
  throw new ConfigError(
    'no-profile',
    `Could not find the profile "${name}" (tried ${tried.join(', ')}).`,
    'Specify a file, or put NAME.yaml into one of those folders.',
  )
}
