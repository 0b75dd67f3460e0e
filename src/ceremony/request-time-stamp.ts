import { hash, randomBytes } from 'node:crypto'
import { withTimeout } from '../../devices/with-timeout.ts'
import { BundleFault } from '../bundle/bundle-fault.ts'
import { addToBundle, freeNumber, PLACES, readBundle } from '../bundle/bundle-files.ts'
import { readable } from '../bundle/signatures/verify-signature-file.ts'
import { listForStamp } from '../bundle/timestamps/stamped-files.ts'
import { requireTimeStamping } from '../bundle/timestamps/time-stamp-authority.ts'
import { encodeTimeStampRequest, type TimeStampRequest } from '../bundle/timestamps/time-stamp-request.ts'
import { verifyTimeStampReply } from '../bundle/timestamps/time-stamp-token.ts'
import { EnrollError } from '../errors.ts'
import { readBoundedStream } from '../files/bounded-file.ts'

const TIMEOUT = 30_000
const MAX_REPLY = 1 << 17

export interface TimeStampOptions {
  /** Of the authority (RFC 3161 3.4, over HTTP or HTTPS). It gets the hash of a list of hashes, and nothing else. */
  readonly url: string
  /** The policy to ask for, dotted. */
  readonly policy?: string
  readonly signal?: AbortSignal
}

/**
 * The bundle with a time stamp over its statement and the signatures that it has. The reply is verified against the request before it is
 * added; whether the authority is trusted is asked by `bundle verify`. Throws EnrollError `bundle.timestamp`.
 */
export async function addTimeStamp(bundle: Uint8Array, { url, policy, signal }: TimeStampOptions): Promise<Uint8Array> {
  const entries = readBundle(bundle)
  const list = listForStamp(entries)
  const nonce = randomBytes(8)
  // No octet of its own for the sign, and none that DER would leave out.
  nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40
  const request: TimeStampRequest = {
    imprint: hash('sha256', list, 'buffer'),
    nonce,
    ...(policy === undefined ? {} : { policy }),
  }
  const query = encodeTimeStampRequest(request)
  const reply = await post(url, query, signal)
  try {
    readable(() => requireTimeStamping(verifyTimeStampReply(reply, request).authority))
  } catch (error) {
    if (error instanceof BundleFault) throw failed(url, `its reply does not hold: ${error.message}`)
    throw error
  }
  const stamp = `${PLACES.timestamps}${freeNumber(entries, PLACES.timestamps)}`
  return addToBundle(bundle, [
    { name: `${stamp}.sums`, content: list },
    { name: `${stamp}.tsq`, content: query },
    { name: `${stamp}.tsr`, content: reply },
  ])
}

async function post(url: string, body: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw failed(url, 'the address is neither http: nor https:')
  // A command line is no place for it, and an authority that wants one needs another client.
  const { username, password } = new URL(url)
  if (username !== '' || password !== '') throw failed(url, 'the address holds a login, which is not sent')
  const timeout = AbortSignal.timeout(TIMEOUT)
  const headers = { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' }
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: Buffer.from(body),
      redirect: 'error',
      signal: withTimeout(timeout, signal),
    })
    if (!response.ok || response.body === null) throw failed(url, `it answered ${response.status}`)
    return await readBoundedStream(response.body, MAX_REPLY)
  } catch (error) {
    if (error instanceof EnrollError) throw error
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw failed(
      url,
      timeout.aborted
        ? `no answer within ${TIMEOUT / 1000} seconds`
        : cause instanceof Error
          ? cause.message
          : String(cause),
      error,
    )
  }
}

/** An address may carry a login: it is shown without. */
function shown(url: string): string {
  if (!URL.canParse(url)) return 'the address'
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

const failed = (url: string, why: string, cause?: unknown): EnrollError =>
  new EnrollError('bundle.timestamp', `Could not get a time stamp from ${shown(url)}: ${why}.`, {
    remedy: 'Check the address with the authority, or use another authority; the bundle was not changed.',
    cause,
  })
