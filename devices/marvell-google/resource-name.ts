import { createHash } from 'node:crypto'

/** `[a-zA-Z0-9_-]{1,63}` for key rings and keys (KeyManagementService, CreateKeyRing and CreateCryptoKey). */
const ID = '[a-zA-Z0-9_-]{1,63}'
/** Project ids and numbers; old ones carry a domain (`example.com:project`). None begins with a dot, as `..` in a path would. */
const KEY_RING = `projects/[a-z0-9][a-z0-9.:-]{0,99}/locations/[a-z0-9][a-z0-9-]{0,39}/keyRings/${ID}`

const KEY_RING_OR_KEY = new RegExp(`^(?<ring>${KEY_RING})(?:/cryptoKeys/(?<key>${ID}))?$`)
const VERSION = new RegExp(`^(?<key>${KEY_RING}/cryptoKeys/${ID})/cryptoKeyVersions/(?<version>[1-9][0-9]{0,9})$`)

export interface KeyRingName {
  readonly ring: string
  /** Full name of the one key that new versions go to. */
  readonly cryptoKey?: string
}

export function parseKeyRingName(text: string): KeyRingName | undefined {
  const groups = KEY_RING_OR_KEY.exec(text)?.groups
  if (groups?.ring === undefined) return undefined
  return { ring: groups.ring, cryptoKey: groups.key && text }
}

export interface VersionName {
  readonly cryptoKey: string
  readonly version: number
}

export function parseVersionName(text: string): VersionName | undefined {
  const groups = VERSION.exec(text)?.groups
  if (groups?.key === undefined) return undefined
  return { cryptoKey: groups.key, version: Number(groups.version) }
}

/** The last part of a resource name. */
export const idOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

/** The location of a ring, as a resource name. */
export const locationOf = (ring: string): string => ring.replace(/\/keyRings\/.*$/, '')

/** A label as a key id: unchanged where it is one, else with a digest, so that two labels never meet in one id. */
export function cryptoKeyId(label: string): string {
  if (new RegExp(`^${ID}$`).test(label)) return label
  const digest = createHash('sha256').update(label).digest('hex').slice(0, 10)
  return `${label.replace(/[^a-zA-Z0-9_-]+/g, '-').slice(0, 50)}-${digest}`
}
