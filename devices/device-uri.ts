import { DeviceError } from './device-error.ts'

/**
 * A parsed device URI. Two forms:
 * - attributes, as RFC 7512 writes them: `pkcs11:token=Signing;serial=123?module-path=/usr/lib/…`,
 *   `yubihsm2:connector=http://127.0.0.1:12345;serial=7550001` — percent-encoded values, `;` between path
 *   attributes, `&` between query attributes;
 * - a plain path after the scheme: `marvell-google:projects/p/locations/l/keyRings/r/cryptoKeys/k`.
 */
export interface DeviceUri {
  readonly scheme: string
  readonly attributes: ReadonlyMap<string, string>
  readonly query: ReadonlyMap<string, string>
  /** The text after the scheme where it holds no `name=value`. */
  readonly path?: string
}

const SCHEME = /^([a-z][a-z0-9-]*):/
const MAX_LENGTH = 2048

function invalid(uri: string, why: string): DeviceError {
  return new DeviceError('device.uri', `Could not read the device URI "${uri.slice(0, 80)}": ${why}.`, {
    remedy:
      'Write it as scheme:name=value;name=value, for example yubihsm2:connector=http://127.0.0.1:12345 or pkcs11:token=Signing.',
  })
}

function decode(uri: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw invalid(uri, `bad percent-encoding in "${text.slice(0, 40)}" (${(cause as Error).message})`)
  }
}

function readPairs(uri: string, text: string, separator: string): Map<string, string> {
  const pairs = new Map<string, string>()
  for (const part of text.split(separator)) {
    if (part === '') continue
    const equals = part.indexOf('=')
    if (equals < 1) throw invalid(uri, `"${part.slice(0, 40)}" is not name=value`)
    const name = part.slice(0, equals)
    if (pairs.has(name)) throw invalid(uri, `"${name}" appears twice`)
    pairs.set(name, decode(uri, part.slice(equals + 1)))
  }
  return pairs
}

/** Throws DeviceError `device.uri`. A PIN in the URI (RFC 7512 `pin-value`) is refused: it would end in shell history. */
export function parseDeviceUri(uri: string): DeviceUri {
  if (uri.length > MAX_LENGTH) throw invalid(uri, `longer than ${MAX_LENGTH} characters`)
  const scheme = SCHEME.exec(uri)?.[1]
  if (scheme === undefined) throw invalid(uri, 'it does not begin with a scheme and a colon')
  const rest = uri.slice(scheme.length + 1)
  const mark = rest.indexOf('?')
  const before = mark === -1 ? rest : rest.slice(0, mark)
  const query = mark === -1 ? new Map<string, string>() : readPairs(uri, rest.slice(mark + 1), '&')
  if (query.has('pin-value')) throw invalid('…', 'pin-value puts a PIN on the command line; use pin-source')
  if (before !== '' && !before.includes('=')) {
    return { scheme, attributes: new Map(), query, path: decode(uri, before) }
  }
  return { scheme, attributes: readPairs(uri, before, ';'), query }
}

const encodeValue = (value: string): string =>
  encodeURIComponent(value).replace(/%(3A|2F|40|20)/g, (m) => (m === '%20' ? m : decodeURIComponent(m)))

/** The inverse of `parseDeviceUri`: attributes in the given order. */
export function formatDeviceUri(
  scheme: string,
  attributes: Readonly<Record<string, string | undefined>>,
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const join = (pairs: Readonly<Record<string, string | undefined>>, separator: string): string =>
    Object.entries(pairs)
      .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeValue(value)}`]))
      .join(separator)
  const tail = join(query, '&')
  return `${scheme}:${join(attributes, ';')}${tail === '' ? '' : `?${tail}`}`
}
