import { readCertificates } from '../../check/read/certificates-input.ts'
import { EnrollError } from '../../errors.ts'
import type { Collection } from '../certificate-authority.ts'
import { COLLECT_ERRORS } from '../errors/collect.ts'
import { explainRefusal } from '../errors/error-table.ts'
import type { SectigoClient } from '../http/client.ts'
import { readReplyShape } from '../replies/reply-shape.ts'
import { requireReply, unreadable } from '../replies/require-reply.ts'
import { nextCall, type PollSchedule } from './poll-schedule.ts'

export interface CollectOptions {
  /** Under the base address, or a whole HTTPS address: which endpoint serves Document Signing is documented nowhere. */
  readonly endpoint: string
  readonly schedule: PollSchedule
  /** Milliseconds between two calls for one order. */
  readonly floor: number
  readonly now: () => number
  readonly signal?: AbortSignal | undefined
}

export const COLLECT_ENDPOINT = 'download/CollectSSL'

export interface CollectQuery {
  readonly orderNumber: string
  readonly certificateId?: string
}

/**
 * Asks for certificate and chain in the form of CollectSSL, one call at a time, never more often per order than the floor
 * allows: too early, it answers `not-yet` without a call. Throws EnrollError (exit 4) where no readable answer comes.
 */
export function collectCertificate(
  client: SectigoClient,
  query: CollectQuery,
  options: CollectOptions,
): Promise<Collection> {
  return options.schedule.exclusive(async () => {
    const now = options.now()
    const due = await nextCall(options.schedule, query.orderNumber, now, options.floor)
    if (due > now) {
      const message = `asked too recently; Sectigo allows the next call at ${new Date(due).toISOString()}`
      return { kind: 'not-yet', message, nextCall: due }
    }
    const last = await options.schedule.lastCall(query.orderNumber)
    await options.schedule.record(query.orderNumber, now)
    const form = { orderNumber: query.orderNumber, queryType: '1', responseType: '3', responseEncoding: '0' }
    const answer = await client.post({ endpoint: options.endpoint, form, endsItself: true, signal: options.signal })
    // A call that never left does not count. One that did counts from its answer: nobody here knows when it arrived.
    const answered = options.now()
    await options.schedule.record(query.orderNumber, answer.kind === 'not-sent' ? (last ?? 0) : answered)
    const reply = requireReply(answer, options.endpoint)
    const collection = readCollection(reply.body)
    switch (collection.kind) {
      case 'unreadable':
        throw unreadable(options.endpoint, reply, collection.why)
      case 'refused':
        return {
          kind: 'refused',
          refusal: explainRefusal(COLLECT_ERRORS, collection.code, reply.redact(collection.message)),
        }
      case 'not-yet':
        return { ...collection, message: reply.redact(collection.message), nextCall: answered + options.floor }
      case 'issued':
        return collection
    }
  }, options.signal)
}

export type CollectionReply =
  | Extract<Collection, { kind: 'issued' | 'not-yet' }>
  | { readonly kind: 'refused'; readonly code: number; readonly message: string }
  | { readonly kind: 'unreadable'; readonly why: string }

/**
 * The family's status line: 2 certificates attached, 1 available, 0 in process, below 0 an error. Where the URL-encoded
 * form or a bare certificate file comes instead, that is read too.
 */
export function readCollection(body: Uint8Array): CollectionReply {
  const text = Buffer.from(body).toString('latin1')
  const shape = readReplyShape(text.length > 1 << 16 ? text.slice(0, 1 << 16) : text)
  const code = shape?.code
  const rest = shape?.shape === 'lines' ? shape.lines.slice(1).join('\n').trim() : undefined
  const parameters = shape?.shape === 'parameters' ? shape.parameters : undefined
  if (code !== undefined && code < 0) {
    return { kind: 'refused', code, message: (parameters?.get('errormessage') ?? rest ?? '').slice(0, 2000) }
  }
  const certificates = tryRead(certificateText(text, body, rest, parameters))
  if (certificates !== undefined) return { kind: 'issued', certificates }
  if (code === 0) return { kind: 'not-yet', message: 'Sectigo is still processing the order' }
  if (code === 1) return { kind: 'not-yet', message: 'the certificate is available but was not attached' }
  return { kind: 'unreadable', why: 'it contains neither a status nor a certificate' }
}

function certificateText(
  text: string,
  body: Uint8Array,
  rest: string | undefined,
  parameters: ReadonlyMap<string, string> | undefined,
): Uint8Array {
  if (parameters !== undefined) {
    const fields = ['certificate', 'cacertificate'].map((name) => parameters.get(name) ?? '')
    return Buffer.from(fields.join('\n'), 'latin1')
  }
  if (rest === undefined) return body
  return Buffer.from(rest.includes('-----BEGIN ') ? text : rest, 'latin1')
}

function tryRead(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  try {
    return readCertificates(bytes)
  } catch (error) {
    if (error instanceof EnrollError) return undefined
    throw error
  }
}
