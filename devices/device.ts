/**
 * The contract between hsm-enroll and every device family.
 *
 * `src/` reaches hardware through this file and `open.ts` alone; nothing in `devices/` imports from `src/`.
 */
import type { DeviceGuard } from './device-guard.ts'
import type { Obstacle } from './obstacle.ts'
import type { Secret, SecretName, SecretProvider } from './secret.ts'
import type { SigningAccess } from './signing-access.ts'

export { DEVICE_ERROR_CODES, DeviceError, type DeviceErrorCode, type DeviceErrorDetails } from './device-error.ts'
export type { ChosenDevice, DeviceGuard, Login, LoginOutcome } from './device-guard.ts'
export { type DeviceUri, formatDeviceUri, parseDeviceUri } from './device-uri.ts'
export { hideSecrets } from './hide-secrets.ts'
export type { Obstacle } from './obstacle.ts'
export { Secret, type SecretName, type SecretProvider, type SecretRequest } from './secret.ts'
export { pkcs11KeyUri, type SigningAccess } from './signing-access.ts'

/** The values of Sectigo's `hsmType` parameter. */
export const HSM_TYPES = ['YUBIKEY', 'YUBIHSM2', 'LUNA', 'NSHIELD', 'FORTANIX', 'MARVELL_GOOGLE'] as const
/** A device family, by the name that Sectigo’s `hsmType` parameter has for it. */
export type HsmType = (typeof HSM_TYPES)[number]

export const HASH_NAMES = ['SHA-256', 'SHA-384', 'SHA-512'] as const
/** A hash that a request may be signed with. */
export type HashName = (typeof HASH_NAMES)[number]

/** Key types that a request may ask for. RSA always has the public exponent 65537. */
export const KEY_ALGORITHMS = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384'] as const
/** A key type that a request may ask for: `P-256`, `RSA-3072`. */
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number]

/** What to generate. `label` and `id` derive from the run, so that a run that died finds its key again. */
export interface KeySpec {
  readonly algorithm: KeyAlgorithm
  /** Printable ASCII, at most 32 characters. */
  readonly label: string
  /** CKA_ID, or what the family has in its place; 16 bytes derived from the run id. A family with fixed places (PIV slots) ignores it. */
  readonly id: Uint8Array
  /**
   * The place (as `DeviceKey.location` prints it) whose key may be overwritten, on a device with fixed places. Without it an occupied
   * place is refused. Other devices hold the new key beside the old one.
   */
  readonly replaceKey?: string
  /** PIN and touch policy, where the family has them. */
  readonly pinPolicy?: 'default' | 'never' | 'once' | 'always'
  readonly touchPolicy?: 'default' | 'never' | 'always' | 'cached'
}

/** How to find a key again: by what `generateKeyPair` was given, or by a location an earlier run recorded. */
export interface KeyRef {
  readonly label?: string
  readonly id?: Uint8Array
  /** As `DeviceKey.location` printed it. */
  readonly location?: string
}

/** The evidence package as the CA wants it, before base64, and what a person may want to keep beside it. */
export interface Attestation {
  readonly hsmType: HsmType
  readonly package: Uint8Array
  /** Certificates that travel beside the package and not in it (PEM, leaf first): Google's chains. */
  readonly certChains?: Uint8Array
  /** Further files worth keeping in the run folder: file name -> content. */
  readonly artefacts?: Readonly<Record<string, Uint8Array>>
}

/** A key pair on a device: it signs and attests, and its private half never leaves. */
export interface DeviceKey {
  /** Where the key lives, in the family's own words (slot, object id, resource name). Stable across sessions. */
  readonly location: string
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /** What the token itself says of the key, where it says anything. Never proof: only the attestation is. */
  readonly attributes?: KeyAttributes
  /** PKCS#1 v1.5 signature, or a DER Ecdsa-Sig-Value, over `data`. */
  sign(hash: HashName, data: Uint8Array): Promise<Uint8Array>
  attest(): Promise<Attestation>
}

/** The PKCS#11 key attributes by their standard names. */
export interface KeyAttributes {
  readonly local?: boolean
  readonly sensitive?: boolean
  readonly alwaysSensitive?: boolean
  readonly extractable?: boolean
  readonly neverExtractable?: boolean
}

/** Whether a device can generate keys of a type. */
export interface Capability {
  readonly algorithm: KeyAlgorithm
  readonly supported: boolean
  /** Why not, when not. */
  readonly reason?: string
}

/** What an opened device says of itself, and what would stop an enrolment with it. */
export interface DeviceDescription {
  readonly hsmType: HsmType
  readonly vendor: string
  readonly model: string
  /** Decimal or as printed on the device; undefined where the device does not tell. */
  readonly serial?: string
  readonly firmware?: string
  readonly fips: 'certified' | 'not-certified' | 'unknown'
  /** The URI that names exactly this device. */
  readonly uri: string
  readonly capabilities: readonly Capability[]
  readonly obstacles: readonly Obstacle[]
  /** Family-specific facts, label -> value, for the table and the JSON. */
  readonly details?: Readonly<Record<string, string>>
}

/** An opened token or HSM partition. */
export interface Device {
  readonly hsmType: HsmType
  describe(): Promise<DeviceDescription>
  /** Non-exportable; never overwrites. Throws DeviceError `key.exists` where the place is taken. */
  generateKeyPair(spec: KeySpec): Promise<DeviceKey>
  findKey(ref: KeyRef): Promise<DeviceKey | undefined>
  /** Closes the session; safe to call twice. */
  close(): Promise<void>
}

/** Optional ability: the device keeps certificates beside its keys. Test with `hasCertificateStore`. */
export interface CertificateStore {
  /** Stores the issued certificate (DER) with the key. Storing the same bytes again is not an error; different bytes need `replace`. */
  storeCertificate(key: DeviceKey, certificate: Uint8Array, options?: { readonly replace?: boolean }): Promise<void>
  readCertificate(key: DeviceKey): Promise<Uint8Array | undefined>
}

/**
 * Does the device keep certificates beside its keys? Narrows the type. `device`: an opened device.
 *
 * @returns true for the families whose devices do; false for Cloud HSM.
 * @throws Nothing.
 * @example
 * ```ts
 * async function store(device: Device, key: DeviceKey, der: Uint8Array): Promise<void> {
 *   if (hasCertificateStore(device)) await device.storeCertificate(key, der)
 * }
 * ```
 */
export function hasCertificateStore(device: Device): device is Device & CertificateStore {
  return 'storeCertificate' in device && 'readCertificate' in device
}

/** Optional ability: the device keeps issuers beside certificates, for programs that take the chain from it. */
export interface IssuerStore {
  /** Stores those (DER) that are not there; returns how many it stored. */
  storeIssuers(issuers: readonly Uint8Array[]): Promise<number>
  /** Removes those of hsm-enroll that issued no certificate on the device any more; returns how many. */
  removeUnusedIssuers(): Promise<number>
}

export function hasIssuerStore(device: Device): device is Device & IssuerStore {
  return 'storeIssuers' in device
}

/** Optional ability: the device waits for a person to touch it. */
export interface ButtonTouch {
  /** True when the next signature with this key needs a touch. */
  needsTouch(key: DeviceKey): boolean
}

/**
 * Can the device wait for a person to touch it? Narrows the type. `device`: an opened device.
 *
 * @returns true for a YubiKey.
 * @throws Nothing.
 * @example
 * ```ts
 * const waits = (device: Device, key: DeviceKey): boolean => hasButtonTouch(device) && device.needsTouch(key)
 * ```
 */
export function hasButtonTouch(device: Device): device is Device & ButtonTouch {
  return 'needsTouch' in device
}

/**
 * Optional ability: keys live in a place that the profile names and cannot carry the run's label (PIV slots). A run that died
 * between generating and recording recognises its key by the place: it was empty, or held another key, when the run asked.
 */
export interface FixedPlace {
  /** Where `generateKeyPair` puts a key, as `DeviceKey.location` will print it. */
  readonly place: string
  /** The key that is where `generateKeyPair` would put one; undefined where there is none that can be read. */
  occupant(): Promise<DeviceKey | undefined>
  /** What is there, in words ("a key", "a certificate"), whether it can be read or not; undefined where the place is empty. */
  holds(): Promise<string | undefined>
  /** What `generateKeyPair` would refuse of the place, before anything is asked for. Throws DeviceError `key.exists`. */
  checkPlace(replaceKey?: string): void
}

export function hasFixedPlace(device: Device): device is Device & FixedPlace {
  return 'occupant' in device
}

/** A key as it is listed. */
export interface ListedKey {
  /** As `DeviceKey.location` prints it. */
  readonly location: string
  readonly label?: string
  /** SubjectPublicKeyInfo, DER; absent where it cannot be read, and `unread` says why. */
  readonly publicKey?: Uint8Array
  readonly unread?: string
}

/** Optional ability: the device lists the keys that this session may see. */
export interface KeyListing {
  listKeys(): Promise<readonly ListedKey[]>
}

export function hasKeyListing(device: Device): device is Device & KeyListing {
  return 'listKeys' in device
}

/**
 * Optional ability: a key is deleted by its name. Such a device holds the new key beside the one that it replaces, which goes when the
 * new one serves.
 */
export interface KeyDeletion {
  /**
   * Deletes the key pair at a location, and the certificate that is stored with it; a service that deletes later says when
   * (`onProgress`), and the key no longer signs. Throws DeviceError `key.not-found` where there is none, or another one than `publicKey`
   * (SubjectPublicKeyInfo, DER) if that is given.
   */
  deleteKey(location: string, publicKey?: Uint8Array): Promise<void>
}

export function hasKeyDeletion(device: Device): device is Device & KeyDeletion {
  return 'deleteKey' in device
}

/** Optional ability: the device keeps a log of its own, which this session may read. */
export interface DeviceLog {
  /** As the device gives it; whoever knows the format verifies it. Throws DeviceError where the device refuses. */
  readDeviceLog(): Promise<{ readonly format: 'yubihsm2'; readonly content: Uint8Array }>
}

export function hasDeviceLog(device: Device): device is Device & DeviceLog {
  return 'readDeviceLog' in device
}

/** What a family tells while something takes long. */
export interface DeviceProgress {
  readonly kind: 'lock' | 'generating' | 'signing' | 'touch' | 'login' | 'attesting' | 'approval' | 'deleting'
  readonly message: string
}

/** One line of `--trace`: a call to a device, never with a secret in it. */
export interface DeviceTrace {
  readonly call: string
  readonly detail?: string
  readonly durationMs?: number
}

/** How a device is opened. */
export interface OpenOptions {
  /** Asked at most once per name and run, and only when the device needs it. */
  readonly secret: SecretProvider
  /** The profile's `device:` section without `uri` and secrets, checked by the family (unknown keys are refused). */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly signal?: AbortSignal
  /** Told of the device and of every login; may refuse both. */
  readonly guard?: DeviceGuard
  readonly onProgress?: (progress: DeviceProgress) => void
  readonly onTrace?: (trace: DeviceTrace) => void
}

/** A device found without a login. `uri` opens it. */
export interface DiscoveredDevice {
  readonly hsmType: HsmType
  readonly uri: string
  readonly vendor: string
  readonly model: string
  readonly serial?: string
  readonly firmware?: string
  readonly fips?: 'certified' | 'not-certified' | 'unknown'
  readonly obstacles: readonly Obstacle[]
  readonly details?: Readonly<Record<string, string>>
}

/** What a search for devices of one family found, and what it tried (module paths, addresses) where it found nothing. */
export interface Discovery {
  readonly devices: readonly DiscoveredDevice[]
  readonly trail: readonly string[]
}

/** Where one family looks for its devices. */
export interface DiscoverOptions {
  /** A device URI of this family: what it says of where to look (module, address) counts, and what else it names does not. */
  readonly uri?: string
  readonly settings?: Readonly<Record<string, unknown>>
  readonly signal?: AbortSignal
}

/** One key that a profile's `device:` section may hold for this family; shown by `config check` and in the docs. */
export interface SettingDefinition {
  readonly name: string
  readonly type: 'string' | 'number' | 'boolean' | 'string[]'
  readonly description: string
  /** The name of a file: a relative one counts from the profile that it is in. */
  readonly file?: true
}

/** What each family's `family.ts` exports as `family`. */
export interface DeviceFamily {
  readonly hsmType: HsmType
  /** The URI scheme of its own (`yubihsm2`, `luna`, …). */
  readonly scheme: string
  readonly settings: readonly SettingDefinition[]
  /** Why its devices keep no issuers beside a certificate (`install.chain`); absent if they do. */
  readonly keepsNoIssuers?: string
  /** Its search loads a vendor's module, which may hang or crash: it is run in a process of its own. */
  readonly searchLoadsModule?: true
  /** Looks for devices without logging in, writing or waiting longer than two seconds. */
  discover(options: DiscoverOptions): Promise<Discovery>
  /** Refuses a secret that cannot be right by its form alone, as `open` does before it is sent. Throws DeviceError `pin.malformed`. */
  checkSecret?(name: SecretName, secret: Secret): void
  /**
   * Secrets without which no request gets signed, whatever the device is found to be; what depends on the device itself (a PED, a key
   * without a passphrase, the credentials of the machine) is not among them. Throws DeviceError.
   */
  neededSecrets?(
    uri: string,
    settings: Readonly<Record<string, unknown>>,
    key: Pick<KeySpec, 'pinPolicy'>,
  ): readonly SecretName[]
  /** What `open` would refuse of a URI and settings by themselves; asks no device and no network. Throws DeviceError. */
  check(uri: string, settings: Readonly<Record<string, unknown>>): Promise<void>
  /**
   * How other programs reach the key at a location, through the vendor's PKCS#11 module; asks no device. `serial`: of the device that
   * the key was generated on. Undefined where the location is not one. Throws DeviceError.
   */
  signingAccess(
    uri: string,
    settings: Readonly<Record<string, unknown>>,
    location: string,
    serial?: string,
  ): SigningAccess | undefined
  /** What a key like this will mean to programs that sign with it, and cannot be changed once it is there; asks no device. */
  advise?(
    uri: string,
    settings: Readonly<Record<string, unknown>>,
    key: Pick<KeySpec, 'pinPolicy' | 'touchPolicy'>,
  ): readonly Obstacle[]
  open(uri: string, options: OpenOptions): Promise<Device>
}
