/** Device URI -> adapter. A family's code, and any native addon under it, loads only when it is asked for. */
import {
  type Device,
  DeviceError,
  type DeviceFamily,
  type DiscoverOptions,
  type Discovery,
  HSM_TYPES,
  type HsmType,
  type OpenOptions,
  parseDeviceUri,
} from './device.ts'

const FAMILIES: Readonly<Record<HsmType, () => Promise<{ readonly family: DeviceFamily }>>> = {
  YUBIKEY: () => import('./yubikey/family.ts'),
  YUBIHSM2: () => import('./yubihsm2/family.ts'),
  LUNA: () => import('./luna/family.ts'),
  NSHIELD: () => import('./nshield/family.ts'),
  FORTANIX: () => import('./fortanix/family.ts'),
  MARVELL_GOOGLE: () => import('./marvell-google/family.ts'),
}

/** URI scheme -> family. `pkcs11:` names no family, so the profile's `hsmType` must. */
const DEVICE_SCHEMES: Readonly<Record<string, HsmType>> = {
  yubikey: 'YUBIKEY',
  yubihsm2: 'YUBIHSM2',
  luna: 'LUNA',
  nshield: 'NSHIELD',
  fortanix: 'FORTANIX',
  'marvell-google': 'MARVELL_GOOGLE',
}

export async function loadFamily(hsmType: HsmType): Promise<DeviceFamily> {
  return (await FAMILIES[hsmType]()).family
}

/** Which family a URI names; `hsmType` decides for `pkcs11:` and must agree elsewhere. Throws DeviceError `device.uri`. */
export function familyOf(uri: string, hsmType?: HsmType): HsmType {
  const { scheme } = parseDeviceUri(uri)
  const named = DEVICE_SCHEMES[scheme]
  if (scheme === 'pkcs11' && hsmType !== undefined) return hsmType
  if (named === undefined) {
    throw new DeviceError('device.uri', `Could not determine the device family from the URI scheme "${scheme}:".`, {
      remedy:
        scheme === 'pkcs11'
          ? "Add hsmType (YUBIKEY, LUNA or NSHIELD) to the profile's device section."
          : `Use one of ${Object.keys(DEVICE_SCHEMES).join(', ')} or pkcs11.`,
    })
  }
  if (hsmType !== undefined && hsmType !== named) {
    throw new DeviceError('device.uri', `The URI is for ${named}, but hsmType is ${hsmType}.`, {
      remedy: 'Remove hsmType, or make the two agree.',
    })
  }
  return named
}

/**
 * Opens a device: one session, one login at most.
 *
 * @param uri - `yubikey:serial=…`, `yubihsm2:…`, `luna:…`, `nshield:…`, `fortanix:…`, `marvell-google:projects/…`, or `pkcs11:`.
 * @param options - Where secrets come from, and the family's settings. A `pkcs11:` URI needs `hsmType`.
 * @returns The device; close it when you are done.
 * @throws DeviceError: `device.uri`, `device.not-found`, `device.ambiguous`, `pin.…`, and what the device refuses.
 * @example
 * ```ts
 * const secret: SecretProvider = async () => Secret.fromText('password')
 * const device = await openDevice('yubihsm2:connector=http://127.0.0.1:12345;auth-key=1', { secret })
 * console.log((await device.describe()).serial)
 * await device.close()
 * ```
 */
export async function openDevice(uri: string, options: OpenOptions & { readonly hsmType?: HsmType }): Promise<Device> {
  const family = await loadFamily(familyOf(uri, options.hsmType))
  return family.open(uri, options)
}

/**
 * Searches every family (or those specified) without a login; a family that fails reports its error in the trail instead of ending the
 * search. A URI and the settings beside it are for its own family only (`hsmType` decides for `pkcs11:`).
 *
 * @returns By family, what was found and where it was looked for.
 * @throws DeviceError `device.uri` for a URI of no family, `device.aborted`.
 * @example
 * ```ts
 * const found = await discoverDevices({ hsmTypes: ['YUBIKEY', 'YUBIHSM2'] })
 * for (const [hsmType, { devices }] of found) console.log(hsmType, devices.map(({ uri }) => uri))
 * ```
 */
export async function discoverDevices({
  uri,
  settings = {},
  hsmType: namedType,
  hsmTypes = HSM_TYPES,
  ...options
}: DiscoverOptions & { readonly hsmType?: HsmType; readonly hsmTypes?: readonly HsmType[] }): Promise<
  ReadonlyMap<HsmType, Discovery>
> {
  const own = uri === undefined ? undefined : familyOf(uri, namedType)
  const found = new Map<HsmType, Discovery>()
  for (const hsmType of hsmTypes) {
    const where = uri === undefined ? { settings } : own === hsmType ? { settings, uri } : {}
    try {
      found.set(hsmType, await (await loadFamily(hsmType)).discover({ ...options, ...where }))
    } catch (error) {
      const line = error instanceof DeviceError ? `${error.message} Try: ${error.remedy}` : String(error)
      found.set(hsmType, { devices: [], trail: [line] })
    }
  }
  return found
}
