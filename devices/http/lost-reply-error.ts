import { DeviceError, type DeviceErrorDetails } from '../device-error.ts'

/** No usable reply came. `maybeDone` says whether the service may have carried the call out all the same. */
export class LostReplyError extends DeviceError {
  readonly maybeDone: boolean

  constructor(message: string, maybeDone: boolean, details: DeviceErrorDetails) {
    super('device.unreachable', message, details)
    this.maybeDone = maybeDone
  }
}

interface Failure {
  readonly cause: string
  readonly remedy: string
  /** The request cannot have left this machine for the service. */
  readonly neverSent: boolean
  /** Trying again at once may help. */
  readonly transient: boolean
}

const CERTIFICATE_REMEDY =
  'Set caFile to the CA that signed it, or correct the endpoint. Verification cannot be disabled.'
const PROXY_REMEDY = 'Check the proxy setting (or HTTPS_PROXY), its user and password, and noProxy.'
const NETWORK_REMEDY = 'Check the endpoint, the network and the proxy, then resume the run.'

/** Error codes of Node's net, tls and dns, and of undici; one row each. */
// biome-ignore format: a table, a row a line
const FAILURES: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: { cause: 'connection refused', remedy: NETWORK_REMEDY, neverSent: true, transient: true },
  ENOTFOUND: { cause: 'the host name is unknown', remedy: NETWORK_REMEDY, neverSent: true, transient: false },
  EAI_AGAIN: { cause: 'the name server did not answer', remedy: NETWORK_REMEDY, neverSent: true, transient: true },
  EHOSTUNREACH: { cause: 'no route to the host', remedy: NETWORK_REMEDY, neverSent: true, transient: true },
  ENETUNREACH: { cause: 'no route to the network', remedy: NETWORK_REMEDY, neverSent: true, transient: true },
  UND_ERR_CONNECT_TIMEOUT: { cause: 'no connection in time', remedy: NETWORK_REMEDY, neverSent: true, transient: true },
  ECONNRESET: { cause: 'the connection was reset', remedy: NETWORK_REMEDY, neverSent: false, transient: true },
  EPIPE: { cause: 'the connection was closed', remedy: NETWORK_REMEDY, neverSent: false, transient: true },
  ETIMEDOUT: { cause: 'the connection timed out', remedy: NETWORK_REMEDY, neverSent: false, transient: true },
  UND_ERR_SOCKET: { cause: 'the connection was closed', remedy: NETWORK_REMEDY, neverSent: false, transient: true },
  UND_ERR_HEADERS_TIMEOUT: { cause: 'no answer in time', remedy: NETWORK_REMEDY, neverSent: false, transient: true },
  UND_ERR_BODY_TIMEOUT: { cause: 'the response stopped', remedy: NETWORK_REMEDY, neverSent: false, transient: true },
  UND_ERR_ABORTED: { cause: 'the proxy refused the tunnel', remedy: PROXY_REMEDY, neverSent: true, transient: false },
  UND_ERR_PRX_TLS: { cause: "the proxy's certificate is not accepted", remedy: PROXY_REMEDY, neverSent: true, transient: false },
}

const CERTIFICATE_FAILURES: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate chain ends in a CA that is not trusted here',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from a CA that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate comes from a CA that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from a CA that is not trusted here',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  CERT_SIGNATURE_FAILURE: 'its certificate chain is not signed by the CA that it names',
  INVALID_CA: 'its certificate was issued by a certificate that is not a CA',
  INVALID_PURPOSE: 'its certificate is not for servers',
  CERT_UNTRUSTED: 'its certificate comes from a CA that is not trusted here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
}

/** What a thrown network error means. `where` is the service's host; `timedOut` when our own deadline ended the call. */
export function lostReply(error: unknown, where: string, timedOut: boolean): LostReplyError {
  if (timedOut) {
    return new LostReplyError(`${where} did not answer in time.`, true, {
      remedy: 'Increase timeoutSeconds if needed, then resume the run.',
      transient: true,
      vendorCode: 'timeout',
    })
  }
  const system = systemError(error)
  const code = system?.code ?? ''
  const proxy = system === undefined ? undefined : otherPlace(system, where)
  const certificate = CERTIFICATE_FAILURES[code] ?? (code.startsWith('ERR_SSL') ? 'TLS could not be set up' : undefined)
  const failure =
    certificate === undefined
      ? (FAILURES[code] ?? {
          cause: 'the connection failed',
          remedy: NETWORK_REMEDY,
          neverSent: false,
          transient: true,
        })
      : { cause: certificate, remedy: CERTIFICATE_REMEDY, neverSent: true, transient: false }
  const through = proxy === undefined ? '' : ` through the proxy ${proxy}`
  return new LostReplyError(`Could not reach ${where}${through}: ${failure.cause}.`, !failure.neverSent, {
    remedy: proxy === undefined ? failure.remedy : PROXY_REMEDY,
    transient: failure.transient,
    ...(code === '' ? {} : { vendorCode: code }),
  })
}

/** Node's own errors (SystemError) say where they happened. */
interface CodedError extends Error {
  readonly code: string
  readonly hostname?: unknown
  readonly address?: unknown
  readonly port?: unknown
}

const isCoded = (error: Error): error is CodedError => 'code' in error && typeof error.code === 'string'

function systemError(error: unknown): CodedError | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof AggregateError && at.errors.length > 0) return systemError(at.errors[0])
    if (isCoded(at)) return at
  }
  return undefined
}

/** Where the connection went, when that is not the service's own host and port. */
function otherPlace({ hostname, address, port }: CodedError, where: string): string | undefined {
  const own = /:(\d+)$/.exec(where)?.[1]
  if (typeof hostname === 'string') return hostname === where.replace(/:\d+$/, '') ? undefined : hostname
  if (typeof port !== 'number') return undefined
  return (own === undefined ? [80, 443] : [Number(own)]).includes(port) ? undefined : `${address}:${port}`
}
