import { DeviceError } from '../device-error.ts'
import { formatDeviceUri, parseDeviceUri } from '../device-uri.ts'
import type { TokenDescription } from './token-description.ts'

/** What a device URI says of the token, by the names of RFC 7512 section 2.3. */
export interface TokenQuery {
  readonly token?: string
  readonly serial?: string
  readonly model?: string
  readonly manufacturer?: string
  readonly slotId?: number
  readonly slotDescription?: string
  /** `object`: CKA_LABEL of a key. */
  readonly object?: string
  /** `id`: CKA_ID of a key, any bytes. */
  readonly id?: Uint8Array
  /** `?module-path=`. */
  readonly modulePath?: string
  /** `?module-name=`, for a module whose place this program knows. */
  readonly moduleName?: string
  /** `?pin-source=`: a file with the PIN. */
  readonly pinSource?: string
  /** What the family adds: `slot` of a YubiKey. */
  readonly extra: ReadonlyMap<string, string>
}

const PATH_NAMES = ['token', 'serial', 'model', 'manufacturer', 'slot-id', 'slot-description', 'object', 'id', 'type']
const QUERY_NAMES = ['module-path', 'module-name', 'pin-source']
const ID = /([:;])id=([^;?]*)(;|(?=\?)|$)/

/** `id` may hold any bytes, so it is read before the rest, which is UTF-8. */
function splitId(uri: string): { readonly rest: string; readonly id?: Uint8Array } {
  const match = ID.exec(uri.split('?', 1)[0] ?? '')
  if (match === null) return { rest: uri }
  const text = match[2] ?? ''
  const bytes: number[] = []
  for (const part of text.match(/%[0-9a-fA-F]{2}|[^%]/g) ?? []) {
    bytes.push(part.length === 3 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0))
  }
  return { rest: uri.replace(ID, (_all, before: string) => (before === ':' ? ':' : ';')), id: Uint8Array.from(bytes) }
}

/**
 * Reads `scheme:token=…;serial=…;object=…?module-path=…`. `extra` names the family's own path attributes.
 * Throws DeviceError `device.uri` on anything else: a misspelt name must not widen the search.
 */
export function readTokenUri(uri: string, extra: readonly string[] = []): TokenQuery {
  const { rest, id } = splitId(uri)
  const { attributes, query, path } = parseDeviceUri(rest)
  if (path !== undefined) throw badName(uri, path, extra)
  for (const name of attributes.keys()) {
    if (!PATH_NAMES.includes(name) && !extra.includes(name)) throw badName(uri, name, extra)
  }
  for (const name of query.keys()) if (!QUERY_NAMES.includes(name)) throw badName(uri, name, extra)
  const slotId = attributes.get('slot-id')
  if (slotId !== undefined && !/^\d{1,10}$/.test(slotId)) throw badName(uri, `slot-id=${slotId}`, extra)
  return {
    token: attributes.get('token'),
    serial: attributes.get('serial'),
    model: attributes.get('model'),
    manufacturer: attributes.get('manufacturer'),
    slotId: slotId === undefined ? undefined : Number(slotId),
    slotDescription: attributes.get('slot-description'),
    object: attributes.get('object'),
    id,
    modulePath: query.get('module-path'),
    moduleName: query.get('module-name'),
    pinSource: query.get('pin-source'),
    extra: new Map([...attributes].filter(([name]) => extra.includes(name))),
  }
}

function badName(uri: string, name: string, extra: readonly string[]): DeviceError {
  return new DeviceError(
    'device.uri',
    `Could not read the device URI "${uri.slice(0, 80)}": "${name.slice(0, 40)}" is not supported.`,
    {
      remedy: `Use ${[...PATH_NAMES, ...extra].join(', ')} and ?module-path= (or ?module-name=), &pin-source=.`,
    },
  )
}

/** Does the token fit? Padding blanks never count (RFC 7512 2.4). */
export function matchesToken(query: TokenQuery, token: TokenDescription): boolean {
  const fits = (wanted: string | undefined, has: string): boolean => wanted === undefined || wanted.trim() === has
  return (
    fits(query.token, token.label) &&
    fits(query.serial, token.serial) &&
    fits(query.model, token.model) &&
    fits(query.manufacturer, token.manufacturer) &&
    fits(query.slotDescription, token.slotDescription) &&
    (query.slotId === undefined || query.slotId === token.slotId)
  )
}

/**
 * The URI that names this token again: by serial and label; by its slot, too, where it tells neither, or another of the `all` that the
 * module shows tells the same (tokens without a serial number, or all with one).
 */
export function tokenUri(
  scheme: string,
  token: TokenDescription,
  modulePath?: string,
  all: readonly TokenDescription[] = [],
): string {
  const same = ({ label, serial }: TokenDescription): boolean => label === token.label && serial === token.serial
  const named = (token.serial !== '' || token.label !== '') && all.filter(same).length <= 1
  return formatDeviceUri(
    scheme,
    {
      token: token.label === '' ? undefined : token.label,
      serial: token.serial === '' ? undefined : token.serial,
      'slot-id': named ? undefined : String(token.slotId),
    },
    { 'module-path': modulePath },
  )
}
