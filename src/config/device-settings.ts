import { HSM_TYPES, type HsmType } from '../../devices/device.ts'
import { familyOf, loadFamily } from '../../devices/open.ts'
import { didYouMeanHint } from '../did-you-mean.ts'
import { isHsmType } from '../hsm-type.ts'
import { ConfigError } from './config-error.ts'

/** The names of those of the family's settings that are files; none where the URI names no family. */
export async function fileSettings({
  uri,
  hsmType: named,
}: Pick<DeviceSection, 'uri' | 'hsmType'>): Promise<readonly string[]> {
  const hsmType = namedFamily(uri, named)
  const families = await Promise.all((hsmType === undefined ? HSM_TYPES : [hsmType]).map(loadFamily))
  return families.flatMap(({ settings }) => settings.filter(({ file }) => file === true).map(({ name }) => name))
}

/** The `device:` section as it was given. */
export interface DeviceSection {
  readonly uri: string | undefined
  readonly hsmType: string | undefined
  /** The family's own settings by name, each with where it came from. */
  readonly settings: ReadonlyMap<string, { readonly origin: string }>
}

/**
 * The family's own settings of the `device:` section against the table of the family that the URI names (of all families, where it names
 * none). A name that no table has is refused before it is kept or printed: what stands there may be a secret under a misspelt name.
 * Throws ConfigError.
 */
export async function checkDeviceSettings({ settings, uri, hsmType: named }: DeviceSection): Promise<void> {
  if (settings.size === 0) return
  const hsmType = namedFamily(uri, named)
  const families = await Promise.all((hsmType === undefined ? HSM_TYPES : [hsmType]).map(loadFamily))
  const known = families.flatMap((family) => family.settings.map(({ name }) => name))
  for (const [name, { origin }] of settings) {
    if (known.includes(name)) continue
    throw new ConfigError(
      'unknown-key',
      `Unknown setting "device.${name.slice(0, 60)}"${hsmType === undefined ? '' : ` for ${hsmType}`} in ${origin}.${didYouMeanHint(name, [...known, 'uri', 'hsmType', 'secrets'])}`,
      hsmType === undefined ? 'Correct the key.' : `Use one of ${known.join(', ')}.`,
    )
  }
}

function namedFamily(uri: string | undefined, hsmType: string | undefined): HsmType | undefined {
  try {
    return familyOf(uri ?? '', hsmType !== undefined && isHsmType(hsmType) ? hsmType : undefined)
  } catch {
    // The URI is judged, with a message of its own, where the device is needed.
    return undefined
  }
}
