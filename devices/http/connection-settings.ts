import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { SettingDefinition } from '../device.ts'
import { type SettingReader, settingError } from '../setting-reader.ts'

/** How to reach a service: what both cloud families share in a profile's `device:` section. */
export interface ConnectionSettings {
  /** URL of an HTTP(S) proxy; undefined leaves it to HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
  readonly proxy?: string
  /** Hosts reached without the proxy, as NO_PROXY writes them. */
  readonly noProxy?: string
  /** PEM certificates trusted beside the public ones. */
  readonly extraCa?: string
  /** PEM certificate chain of this client (mutual TLS). */
  readonly clientCertificate?: string
  /** PEM private key of this client; a secret. */
  readonly clientKey?: string
  /** Milliseconds for one attempt, from connecting to the last byte. */
  readonly timeoutMs: number
  /** Attempts after the first, for calls that may be repeated. */
  readonly retries: number
}

// biome-ignore format: a table, a row a line
export const CONNECTION_SETTINGS: readonly SettingDefinition[] = [
  { name: 'proxy', type: 'string', description: 'URL of the HTTP proxy. Default: HTTPS_PROXY and HTTP_PROXY.' },
  { name: 'noProxy', type: 'string', description: 'Hosts to reach without the proxy, separated by commas. Default: NO_PROXY.' },
  { name: 'caFile', type: 'string', file: true, description: 'PEM file of CA certificates to trust in addition to the public ones (a private CA, an inspecting proxy).' },
  { name: 'timeoutSeconds', type: 'number', description: 'Seconds that one call may take. Default 60.' },
  { name: 'retries', type: 'number', description: 'How often to retry a call that can be repeated: 0 to 10. Default 4.' },
]

const MAX_PEM_BYTES = 1 << 20

/** Throws DeviceError `device.settings` where a file cannot be read or holds no certificate. */
export function readConnectionSettings(settings: SettingReader): ConnectionSettings {
  const proxy = settings.text('proxy')
  if (proxy !== undefined && !/^https?:$/.test(parseUrl('proxy', proxy).protocol)) {
    throw settingError('proxy', 'it must begin with http:// or https://', 'Write it as http://proxy.example:3128.')
  }
  const caFile = settings.text('caFile')
  return {
    proxy,
    noProxy: settings.text('noProxy'),
    extraCa: caFile && readCertificates('caFile', caFile),
    timeoutMs: (settings.wholeNumber('timeoutSeconds', 1, 3600) ?? 60) * 1000,
    retries: settings.wholeNumber('retries', 0, 10) ?? 4,
  }
}

/** The text of a PEM file that holds at least one readable certificate. */
export function readCertificates(name: string, path: string): string {
  const text = readSmallFile(name, path)
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw settingError(name, `${path} contains no PEM certificate`, 'Convert it to PEM.')
  try {
    for (const block of blocks) new X509Certificate(block)
  } catch (cause) {
    throw settingError(name, `${path} contains a certificate that cannot be read`, 'Convert it to PEM again.', cause)
  }
  return blocks.join('\n')
}

/** Refuses a text that is no PEM private key, without repeating any of it. */
export function checkPrivateKey(name: string, pem: string): string {
  try {
    createPrivateKey(pem)
    return pem
  } catch {
    throw settingError(name, 'it is not an unencrypted PEM private key', 'Provide the key as unencrypted PEM (PKCS#8).')
  }
}

export function readSmallFile(name: string, path: string): string {
  try {
    if (statSync(path).size > MAX_PEM_BYTES) throw new Error('larger than 1 MiB')
    // Some editors put a byte order mark before a text, where JSON has none.
    return readFileSync(path, 'utf8').replace(/^\ufeff/, '')
  } catch (cause) {
    throw settingError(name, `${path} cannot be read`, 'Check the path and the permissions of the file.', cause)
  }
}

function parseUrl(name: string, text: string): URL {
  try {
    return new URL(text)
  } catch {
    throw settingError(name, 'it is not a URL', 'Write it as https://host or https://host:port.')
  }
}

/** An https URL, or http on this machine alone: a credential never travels in clear. Returned without a trailing slash. */
export function readEndpoint(name: string, text: string): string {
  const url = parseUrl(name, text)
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw settingError(name, 'it must begin with https://', 'Plain http is allowed only for this machine (localhost).')
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw settingError(name, 'it must be an address and nothing else', 'Remove user, password, query and fragment.')
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}
