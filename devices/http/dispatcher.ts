import * as tls from 'node:tls'
import { settingError } from '../setting-reader.ts'
import type { ConnectionSettings } from './connection-settings.ts'

/** What of undici is used; the module itself loads with the first connection. */
export type Undici = typeof import('undici')

/**
 * Sends through the proxy of the settings, else of the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY; either case; never for
 * loopback), else directly. A private CA counts for the service, through the proxy's tunnel, and for a proxy reached over TLS.
 */
export function createDispatcher(undici: Undici, settings: ConnectionSettings) {
  // rejectUnauthorized is said, because NODE_TLS_REJECT_UNAUTHORIZED=0 turns the verification off wherever it is not.
  const trust = { rejectUnauthorized: true, ca: settings.extraCa && [...publicRoots(), settings.extraCa] }
  const client = { ...trust, cert: settings.clientCertificate, key: settings.clientKey }
  return new undici.EnvHttpProxyAgent({
    connect: { ...client, timeout: Math.min(settings.timeoutMs, 15_000) },
    requestTls: client,
    proxyTls: trust,
    ...proxiesOf(settings),
    noProxy: hostsWithoutProxy(settings),
  })
}

interface Proxies {
  readonly httpProxy?: string
  readonly httpsProxy?: string
}

/** Throws DeviceError `device.settings` where the environment names no address; the address itself is not repeated. */
export function proxiesOf({ proxy }: Pick<ConnectionSettings, 'proxy'>): Proxies {
  if (proxy !== undefined) return { httpProxy: proxy, httpsProxy: proxy }
  const [http, https] = ['HTTP_PROXY', 'HTTPS_PROXY'].map((name) => {
    const text = process.env[name.toLowerCase()] ?? process.env[name] ?? ''
    return text === '' ? undefined : readProxy(name, text)
  })
  return { httpProxy: http, httpsProxy: https }
}

/** As curl reads it: an address without a scheme is one of HTTP. */
function readProxy(name: string, text: string): string {
  const url = text.includes('://') ? text : `http://${text}`
  if (/^https?:/i.test(url) && URL.canParse(url)) return url
  throw settingError(name, 'it is not the address of an HTTP proxy', 'Write it as http://proxy.example:3128.')
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** As NO_PROXY writes them; a lone `*` means all. */
export function hostsWithoutProxy({ proxy, noProxy }: Pick<ConnectionSettings, 'proxy' | 'noProxy'>): string {
  const hosts = noProxy ?? process.env.no_proxy ?? process.env.NO_PROXY ?? ''
  return proxy !== undefined || hosts.trim() === '*' ? hosts.trim() : [hosts, ...LOOPBACK].join(',')
}

/** Giving `ca` replaces Node's own list, so that list has to be given too. Node 22.15 can also tell what NODE_EXTRA_CA_CERTS added. */
function publicRoots(): readonly string[] {
  const read: unknown = Reflect.get(tls, 'getCACertificates')
  const roots: unknown = typeof read === 'function' ? read('default') : undefined
  return Array.isArray(roots) ? roots.filter((root) => typeof root === 'string') : tls.rootCertificates
}
