import { EnrollError } from '../../errors.ts'

/** Where the documents' endpoints live. */
export const SECTIGO_URL = 'https://secure.trust-provider.com/products/'

/**
 * Reads a base address. HTTPS only, on loopback too: the login travels in the body of every call. Throws EnrollError
 * (exit 2).
 */
export function readBaseUrl(text: string): URL {
  const url = readHttpsUrl(text)
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

const notAUrl = (): EnrollError =>
  new EnrollError('sectigo.url', 'Could not use the address of the CA: it is not a URL.', {
    remedy: `Write the full URL, for example ${SECTIGO_URL}`,
  })

/** An HTTPS address without user name, query or fragment. Throws EnrollError (exit 2). */
function readHttpsUrl(text: string): URL {
  if (!URL.canParse(text)) throw notAUrl()
  const url = new URL(text)
  if (url.protocol !== 'https:') {
    throw new EnrollError('sectigo.plain-http', `Could not use ${url.host}: the address is not HTTPS.`, {
      remedy: 'Use an https:// address; to trust a private certificate, specify its CA file.',
    })
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new EnrollError(
      'sectigo.url',
      `Could not use ${url.host}: the address contains a login, a query or a fragment.`,
      {
        remedy: 'Specify only the address; configure the login separately, as a secret.',
      },
    )
  }
  return url
}

/** This machine itself: a rehearsal. */
export const isLoopback = (url: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/i.test(url.hostname)

/** `!AutoApplyOrder` under the base address, or a whole address. Throws EnrollError (exit 2). */
export function endpointUrl(base: URL, endpoint: string): URL {
  if (endpoint.includes('://')) return readHttpsUrl(endpoint)
  if (!URL.canParse(endpoint, base.href)) throw notAUrl()
  return new URL(endpoint, base)
}
