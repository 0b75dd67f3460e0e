import { ERROR_CODES, type ErrorCode } from '../error-codes.ts'
import { EnrollError, sentence } from '../errors.ts'
import { jsonMember } from '../json-member.ts'
import type { BrokerReply } from './broker-call.ts'
import { MessageFault } from './read-messages.ts'

export const strange = (why: string): EnrollError =>
  new EnrollError('broker.unreachable', `Could not use the answer of the broker: ${why}.`, {
    remedy: 'Use the same version of hsm-enroll on the host and on the broker.',
  })

/** What a reader makes of an answer. Throws EnrollError `broker.unreachable` where it is not as it should be. */
export function understood<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof MessageFault) throw strange(error.message)
    throw error
  }
}

/** Why the broker refused a call, where that is a code of ours. */
export function codeIn({ body }: Extract<BrokerReply, { kind: 'reply' }>): ErrorCode | undefined {
  const code = jsonMember(jsonMember(body, 'error'), 'code')
  return typeof code === 'string' && isOurs(code) ? code : undefined
}

/** The broker's own words, under its code where that is one of ours. */
export function faultIn(reply: BrokerReply): EnrollError {
  if (reply.kind === 'failed')
    return new EnrollError('broker.unreachable', `Could not reach the broker: ${sentence(reply.reason)}`, {
      remedy:
        'Check broker.url and broker.ca, and that the broker runs; then continue with `hsm-enroll runs resume RUN`.',
    })
  const error = jsonMember(reply.body, 'error')
  const [message, remedy] = ['message', 'remedy'].map((name) => jsonMember(error, name))
  return new EnrollError(
    codeIn(reply) ?? 'broker.unreachable',
    textOf(message, `The broker answered with HTTP ${reply.status}.`),
    {
      remedy: textOf(remedy, 'Read the log of the broker.'),
    },
  )
}

const textOf = (value: unknown, otherwise: string): string =>
  typeof value === 'string' ? value.slice(0, 4000) : otherwise

/** Codes of a refusal; any other tells of the broker itself, which is none of this host's exit codes. */
const isOurs = (code: string): code is ErrorCode =>
  Object.hasOwn(ERROR_CODES, code) && /^(?:broker|order|ca)\./.test(code)
