import { ERROR_CODES, type ErrorCode } from '../error-codes.ts'
import { EnrollError, sentence } from '../errors.ts'
import { jsonMember } from '../json-member.ts'
import type { BrokerReply } from './broker-call.ts'

export const strange = (why: string): EnrollError =>
  new EnrollError('broker.unreachable', `Could not use the answer of the broker: ${why}.`, {
    remedy: 'Use the same version of hsm-enroll on the host and on the broker.',
  })

/** The broker's own words, under its code where that is one of ours. */
export function faultIn(reply: BrokerReply): EnrollError {
  if (reply.kind === 'failed')
    return new EnrollError('broker.unreachable', `Could not reach the broker: ${sentence(reply.reason)}`, {
      remedy:
        'Check broker.url and broker.ca, and that the broker runs; then continue with `hsm-enroll runs resume RUN`.',
    })
  const error = jsonMember(reply.body, 'error')
  const [code, message, remedy] = ['code', 'message', 'remedy'].map((name) => jsonMember(error, name))
  const known = typeof code === 'string' && isOurs(code) ? code : 'broker.unreachable'
  return new EnrollError(known, textOf(message, `The broker answered with HTTP ${reply.status}.`), {
    remedy: textOf(remedy, 'Read the log of the broker.'),
  })
}

const textOf = (value: unknown, otherwise: string): string =>
  typeof value === 'string' ? value.slice(0, 4000) : otherwise

/** Codes of a refusal; any other tells of the broker itself, which is none of this host's exit codes. */
const isOurs = (code: string): code is ErrorCode =>
  Object.hasOwn(ERROR_CODES, code) && /^(?:broker|order|ca)\./.test(code)
