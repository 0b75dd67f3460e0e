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

/** An HTTPS address without user name, query or fragment. Throws EnrollError (exit 2). */
export function readHttpsUrl(text: string): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new EnrollError('sectigo.url', 'Could not use the address of the CA: it is not a URL.', {
      remedy: `Write it whole, for example ${SECTIGO_URL}`,
    })
  }
  if (url.protocol !== 'https:') {
    throw new EnrollError('sectigo.plain-http', `Could not use ${url.host}: the address is not HTTPS.`, {
      remedy: 'Use an https:// address; a private certificate is trusted by naming its CA file.',
    })
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new EnrollError(
      'sectigo.url',
      `Could not use ${url.host}: the address holds a login, a query or a fragment.`,
      {
        remedy: 'Give the address alone; the login is configured apart, as a secret.',
      },
    )
  }
  return url
}

/** `!AutoApplyOrder` under the base address. */
export const endpointUrl = (base: URL, endpoint: string): URL => new URL(endpoint, base)
