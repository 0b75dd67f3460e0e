import { EnrollError } from '../../errors.ts'
import { isLoopback } from './endpoint-url.ts'

/**
 * The proxy for an address: the one configured, else `HTTPS_PROXY`/`https_proxy` unless `NO_PROXY` names the host
 * (a comma list of hosts, domain suffixes, `host:port`, or `*`; curl(1)). The environment's proxy is never used for loopback.
 * Throws EnrollError where it is no proxy address.
 */
export function proxyFor(
  url: URL,
  configured: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): URL | undefined {
  const text = configured ?? environment.https_proxy ?? environment.HTTPS_PROXY
  if (text === undefined || text === '') return undefined
  if (configured === undefined && isExempt(url, environment.no_proxy ?? environment.NO_PROXY ?? '')) return undefined
  let proxy: URL | undefined
  try {
    proxy = new URL(text.includes('://') ? text : `http://${text}`)
  } catch {
    proxy = undefined
  }
  if (proxy === undefined || (proxy.protocol !== 'http:' && proxy.protocol !== 'https:')) {
    throw new EnrollError('sectigo.proxy', 'Could not use the proxy: its address is not http:// or https://.', {
      remedy: 'Write it as http://proxy.example:3128, in the configuration or in HTTPS_PROXY.',
    })
  }
  return proxy
}

function isExempt(url: URL, list: string): boolean {
  if (isLoopback(url)) return true
  const host = url.hostname.toLowerCase()
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const bare = entry.replace(/^\*?\./, '')
      return entry === '*' || bare === host || bare === url.host.toLowerCase() || host.endsWith(`.${bare}`)
    })
}
