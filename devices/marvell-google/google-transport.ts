import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import type { Redaction } from '../http/redaction.ts'

/** google-auth-library writes this address into its service-account flow and does not read `token_uri`. */
export const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token'

const METHODS: readonly HttpRequest['method'][] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/**
 * What google-auth-library fetches with: our own HTTP, so that proxy, private CA, deadlines and the bounds of a body count for
 * tokens as well. The library repeats token requests itself. `tokenUrl` stands in for Google's own token endpoint, for a
 * service account whose file names another `token_uri` (Private Service Connect).
 */
export function googleFetch(http: HttpClient, tokenUrl: string = GOOGLE_TOKEN_URL): typeof fetch {
  return async (input, init) => {
    const asked = input instanceof Request ? input.url : input.toString()
    const method = METHODS.find((name) => name === (init?.method ?? 'GET').toUpperCase())
    if (method === undefined) throw new Error('a method that no token endpoint needs')
    const headers = Object.fromEntries(new Headers(init?.headers))
    const body = init?.body ?? undefined
    if (body instanceof URLSearchParams) headers['content-type'] ??= 'application/x-www-form-urlencoded;charset=UTF-8'
    if (body !== undefined && typeof body !== 'string' && !(body instanceof URLSearchParams)) {
      throw new Error('a body that no token endpoint needs')
    }
    rememberSecrets(http.redaction, headers.authorization, body?.toString())
    const reply = await http.send({
      method,
      url: asked === GOOGLE_TOKEN_URL ? tokenUrl : asked,
      headers,
      body: body?.toString(),
      repeatable: false,
    })
    const empty = reply.status === 204 || reply.status === 304
    return new Response(empty ? null : Buffer.from(reply.body), { status: reply.status, headers: { ...reply.headers } })
  }
}

/** Parameters of token requests that are credentials (RFC 6749, RFC 7523, RFC 8693). */
const SECRET_PARAMETERS = ['assertion', 'subject_token', 'actor_token', 'refresh_token', 'client_secret']

/** A token endpoint may echo what it was sent. */
function rememberSecrets(redaction: Redaction, authorization: string | undefined, body: string | undefined): void {
  const parameters = new URLSearchParams(body)
  const secrets = [authorization?.replace(/^\w+ /, ''), ...SECRET_PARAMETERS.map((name) => parameters.get(name))]
  for (const secret of secrets) if (secret) redaction.add(secret)
}
