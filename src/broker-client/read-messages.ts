import { jsonMember } from '../json-member.ts'
import type { HostRequest } from '../ledger/fact.ts'
import type { OrderProgress } from '../sectigo/certificate-authority.ts'
import { type BrokeredOrder, ORDER_STATES, type OrderRequest } from './messages.ts'

/** What is wrong with a message, in words that follow "the message: ". */
export class MessageFault extends Error {}

const HEX_64 = /^[0-9a-f]{64}$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const LINE = /^[^\p{Cc}]*$/u

/** Members by name, each read by what is expected there; nothing else may be in it where `closed`. */
class Members {
  readonly #value: object

  constructor(value: unknown, known?: readonly string[]) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MessageFault('not an object')
    const stranger = known === undefined ? undefined : Object.keys(value).find((name) => !known.includes(name))
    if (stranger !== undefined) throw new MessageFault(`unknown member "${stranger.slice(0, 40)}"`)
    this.#value = value
  }

  text(name: string, form: RegExp, longest: number): string {
    const text = this.maybe(name, form, longest)
    if (text === undefined) throw new MessageFault(`"${name}" is missing`)
    return text
  }

  maybe(name: string, form: RegExp, longest: number): string | undefined {
    const text = jsonMember(this.#value, name)
    if (text === undefined) return undefined
    if (typeof text !== 'string' || text.length > longest || !form.test(text))
      throw new MessageFault(`"${name}" is not as it should be`)
    return text
  }

  /** A list of texts; undefined where there is none. */
  texts(name: string, form: RegExp, longest: number): readonly string[] | undefined {
    const list = jsonMember(this.#value, name)
    if (list === undefined) return undefined
    if (!Array.isArray(list) || list.length > MAX_LIST) throw new MessageFault(`"${name}" is not as it should be`)
    return list.map((text: unknown) => {
      if (typeof text === 'string' && text.length <= longest && form.test(text)) return text
      throw new MessageFault(`"${name}" is not as it should be`)
    })
  }

  /** ISO 8601, UTC; undefined where there is none. */
  time(name: string): string | undefined {
    const text = this.maybe(name, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, 30)
    if (text !== undefined && Number.isNaN(Date.parse(text))) throw new MessageFault(`"${name}" is no time`)
    return text
  }

  any(name: string): unknown {
    return jsonMember(this.#value, name)
  }
}

const MAX_PARAMETERS = 200
const MAX_VALUE = 100_000
const MAX_LIST = 64

/** Reads what a host sends. Throws MessageFault. */
export function readOrderRequest(value: unknown): OrderRequest {
  const names = ['form', 'certChains', 'keyName', 'run', 'attempt', 'requestedBy', 'version']
  const members = new Members(value, names)
  const certChains = members.maybe('certChains', BASE64, MAX_VALUE)
  const keyName = members.maybe('keyName', LINE, 1000)
  return {
    form: readForm(members.any('form')),
    ...(certChains === undefined ? {} : { certChains }),
    ...(keyName === undefined ? {} : { keyName }),
    run: members.text('run', /^[\w.-]+$/, 100),
    attempt: members.text('attempt', HEX_64, 64),
    requestedBy: members.text('requestedBy', /^[^\p{Cc}]+$/u, 200),
    version: members.text('version', /^[\w.+-]+$/, 100),
  }
}

function readForm(value: unknown): OrderRequest['form'] {
  const entries = Object.entries(typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {})
  if (entries.length === 0 || entries.length > MAX_PARAMETERS) throw new MessageFault('"form" is not a form')
  return Object.fromEntries(
    entries.map(([name, text]: [string, unknown]): [string, string] => {
      if (!/^\w{1,64}$/.test(name) || typeof text !== 'string' || text.length > MAX_VALUE)
        throw new MessageFault('"form" has a parameter that is not as it should be')
      return [name, text]
    }),
  )
}

/** What a person says of a request. */
export interface DecisionMessage {
  readonly decision: 'approve' | 'reject'
  readonly formSha256: string
  readonly reason?: string
}

/** Throws MessageFault. */
export function readDecision(value: unknown): DecisionMessage {
  const members = new Members(value, ['decision', 'formSha256', 'reason'])
  const reason = members.maybe('reason', LINE, 500)
  return {
    decision: members.text('decision', /^(?:approve|reject)$/, 7) === 'approve' ? 'approve' : 'reject',
    formSha256: members.text('formSha256', HEX_64, 64),
    ...(reason === undefined ? {} : { reason }),
  }
}

const WORDS = /^[\s\S]*$/

/** Reads what a broker answers with. A newer one may say more. Throws MessageFault. */
export function readBrokeredOrder(value: unknown): BrokeredOrder {
  const members = new Members(value)
  const state = ORDER_STATES.find((known) => known === members.any('state'))
  const test = members.any('test')
  if (state === undefined || typeof test !== 'boolean') throw new MessageFault('it has no state that is known here')
  return {
    spkiSha256: members.text('spkiSha256', HEX_64, 64),
    test,
    host: members.text('host', LINE, 100),
    state,
    ...optional('attempt', members.maybe('attempt', HEX_64, 64)),
    ...optional('orderNumber', members.maybe('orderNumber', /^\d+$/, 40)),
    ...optional('amount', members.maybe('amount', LINE, 40)),
    ...optional('reason', members.maybe('reason', WORDS, 4000)),
    ...optional('nextPollAt', members.time('nextPollAt')),
    ...optional('refusal', readRefusal(members.any('refusal'))),
    ...optional('progress', readProgress(members.any('progress'))),
    ...optional('rules', members.texts('rules', LINE, 100)),
    ...optional('certificates', members.texts('certificates', BASE64, MAX_VALUE)),
  }
}

const optional = <K extends string, T>(name: K, value: T | undefined): Partial<Record<K, T>> =>
  value === undefined ? {} : ({ [name]: value } as Partial<Record<K, T>>)

function readRefusal(value: unknown): BrokeredOrder['refusal'] {
  if (value === undefined) return undefined
  const members = new Members(value)
  const code = members.any('code')
  if (typeof code !== 'number' || !Number.isInteger(code)) throw new MessageFault('a refusal has no number')
  return { code, message: members.text('message', WORDS, 4000) }
}

const PROGRESS = ['pending', 'issued', 'rejected', 'revoked', 'unknown'] as const
const STEP = ['not-required', 'open', 'done', 'in-progress', 'unknown'] as const

function readProgress(value: unknown): OrderProgress | undefined {
  if (value === undefined) return undefined
  const members = new Members(value)
  const steps = members.any('steps')
  return {
    state: PROGRESS.find((known) => known === members.any('state')) ?? 'unknown',
    summary: members.text('summary', WORDS, 4000),
    steps: (Array.isArray(steps) ? steps : []).map((step: unknown) => {
      const of = new Members(step)
      return {
        id: of.text('id', LINE, 200),
        status: STEP.find((known) => known === of.any('status')) ?? 'unknown',
        ...optional('instruction', of.maybe('instruction', WORDS, 4000)),
      }
    }),
  }
}

/** A request that waits for a decision, as the broker lists it. */
export type ListedRequest = HostRequest & { readonly claim: string; readonly time: string }

/** Reads what waits for a decision. A newer broker may say more of it. Throws MessageFault. */
export function readPending(value: unknown): readonly ListedRequest[] {
  if (!Array.isArray(value)) throw new MessageFault('it lists no requests')
  return value.map((item: unknown): ListedRequest => {
    const members = new Members(item)
    const device = new Members(members.any('device'))
    const text = (name: string): string => members.text(name, WORDS, 1000)
    const claim = members.text('claim', /^[0-9a-f]{64}(?:\.test)?$/, 70)
    return {
      claim,
      time: text('time'),
      status: 'awaiting-approval',
      host: text('host'),
      test: claim.endsWith('.test'),
      attempt: members.text('attempt', HEX_64, 64),
      ...optional('after', members.maybe('after', WORDS, 1000)),
      hostRun: text('hostRun'),
      requestedBy: text('requestedBy'),
      formSha256: members.text('formSha256', HEX_64, 64),
      ...optional('product', members.maybe('product', WORDS, 1000)),
      ...optional('days', members.maybe('days', WORDS, 1000)),
      subjectName: text('subjectName'),
      ...optional('expectedAmount', members.maybe('expectedAmount', WORDS, 1000)),
      device: {
        hsmType: device.text('hsmType', WORDS, 100),
        model: device.text('model', WORDS, 1000),
        ...optional('serial', device.maybe('serial', WORDS, 1000)),
        ...optional('firmware', device.maybe('firmware', WORDS, 1000)),
        ...optional('keyType', device.maybe('keyType', WORDS, 100)),
      },
      rules: members.texts('rules', LINE, 100) ?? [],
    }
  })
}
