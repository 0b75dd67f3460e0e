import type { Balance } from './certificate-authority.ts'
import { GET_ACCOUNT_BALANCE_ERRORS } from './errors/get-account-balance.ts'
import type { SectigoClient } from './http/client.ts'
import { readReplyShape } from './replies/reply-shape.ts'
import { refusedError, requireReply, unreadable } from './replies/require-reply.ts'

const ENDPOINT = GET_ACCOUNT_BALANCE_ERRORS.endpoint

/** `!getAccountBalance`: credit and hard limit of the account. Throws EnrollError (exit 4). */
export async function getAccountBalance(client: SectigoClient, signal?: AbortSignal): Promise<Balance> {
  const answer = await client.post({ endpoint: ENDPOINT, form: { responseFormat: '1' }, signal })
  const reply = requireReply(answer, ENDPOINT)
  const read = readBalance(reply.text)
  switch (read.kind) {
    case 'balance':
      return read.balance
    case 'refused':
      throw refusedError(GET_ACCOUNT_BALANCE_ERRORS, reply, read.code, read.message)
    case 'unreadable':
      throw unreadable(ENDPOINT, reply, 'it contains no amount')
  }
}

export type BalanceReply =
  | { readonly kind: 'balance'; readonly balance: Balance }
  | { readonly kind: 'refused'; readonly code: number; readonly message: string }
  | { readonly kind: 'unreadable' }

const AMOUNT = /^-?\d{1,12}([.,]\d{1,4})?$/

/**
 * Either shape. The manual promises lines 2 to 5 for a status "> 0", which leaves out the success 0: read for 0 and above.
 * `amount` is the credit alone; the hard limit stands apart.
 */
export function readBalance(text: string): BalanceReply {
  const reply = readReplyShape(text)
  if (reply?.code === undefined) return { kind: 'unreadable' }
  const lines = reply.shape === 'lines' ? reply.lines : []
  const parameter = (name: string) => (reply.shape === 'parameters' ? reply.parameters.get(name) : undefined)
  if (reply.code < 0) {
    return {
      kind: 'refused',
      code: reply.code,
      message: (parameter('errormessage') ?? lines.slice(1).join(' ')).trim(),
    }
  }
  const amount = parameter('amount') ?? lines[3] ?? ''
  if (!AMOUNT.test(amount)) return { kind: 'unreadable' }
  const accountId = parameter('accountid') ?? lines[1] ?? ''
  const currency = parameter('currencycode') ?? lines[2] ?? ''
  const hardLimit = parameter('hardcreditlimit') ?? lines[4] ?? ''
  return {
    kind: 'balance',
    balance: {
      amount,
      ...(accountId === '' ? {} : { accountId }),
      ...(currency === '' ? {} : { currency }),
      ...(AMOUNT.test(hardLimit) ? { hardLimit } : {}),
    },
  }
}
