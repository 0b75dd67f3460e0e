import { readCertificates } from '../../check/read/certificates-input.ts'
import { refuseKeysInText } from '../../check/read/hidden-keys.ts'
import { EnrollError } from '../../errors.ts'
import { endpointUrl, readBaseUrl, SECTIGO_URL } from '../http/endpoint-url.ts'

/** What a push says has happened. It is a hint: nothing is done before the CA confirms it. */
export type PushEvent =
  | 'issued'
  | 'rejected'
  | 'revoked'
  | 'replaced'
  | 'failed'
  | 'awaiting-validation'
  | 'callback-verified'
  | 'agreement-sent'
  | 'unknown'

export interface PushNotification {
  readonly event: PushEvent
  /** Can look like `1234567repl#1`. */
  readonly orderNumber: string
  readonly certificateId?: string
  readonly status?: string
  readonly statusCode?: number
  readonly description?: string
  /** What stands after the colon of a failure or rejection. */
  readonly reason?: string
  readonly verificationCode?: string
  /** Where a person goes on with the verification code. */
  readonly link?: string
  /** DER, end entity first, where the push carries them. Unproven. */
  readonly certificates?: readonly Uint8Array[]
  /** Everything else that was sent (eventType, removedDomains, …). */
  readonly other: Readonly<Record<string, string>>
}

/** AutoApplyOrder 3.44, section 6, and https://docs.sectigo.com/sps/certificate-issuance-push/status-code. */
export const PUSH_STATUS_CODES: Readonly<Record<number, PushEvent>> = {
  3: 'failed',
  5: 'failed',
  6: 'issued',
  7: 'rejected',
  8: 'revoked',
  9: 'issued',
  12: 'awaiting-validation',
  14: 'replaced',
}

/** These come with the code of whatever state the certificate is in. */
const PUSH_STATUS_WORDS: Readonly<Record<string, PushEvent>> = {
  verified: 'callback-verified',
  'click-through': 'agreement-sent',
}

const ORDER_NUMBER = /^[A-Za-z0-9#_-]{1,128}$/
const KNOWN = new Set([
  'ordernumber',
  'certificateid',
  'status',
  'statuscode',
  'statusdesc',
  'verificationcode',
  'certificate',
  'cacertificate',
])

const malformed = (what: string): EnrollError =>
  new EnrollError('push.malformed', `Could not read the notification: ${what}.`, {
    remedy: 'Nothing was changed by it. If it came from Sectigo, tell your account manager.',
  })

/** Reads the parameters of a push, by names without regard to case. Throws EnrollError where they are no such thing. */
export function readPushNotification(parameters: URLSearchParams): PushNotification {
  const fields = new Map<string, string>()
  for (const [name, value] of parameters) {
    refuseKeysInText(value, 'the notification')
    refuseKeysInText(name, 'the notification')
    const lower = name.toLowerCase()
    if (fields.has(lower) && fields.get(lower) !== value) throw malformed(`${lower.slice(0, 64)} stands twice`)
    fields.set(lower, value)
  }
  const orderNumber = fields.get('ordernumber') ?? ''
  if (!ORDER_NUMBER.test(orderNumber)) throw malformed('it names no order')
  const certificateId = optional(fields, 'certificateid', /^\d{1,16}$/)
  const code = optional(fields, 'statuscode', /^\d{1,4}$/)
  const status = optional(fields, 'status', /^[\x20-\x7e]{1,64}$/)?.toLowerCase()
  const description = optional(fields, 'statusdesc', /^[^\p{Cc}]{1,1000}$/u)
  const verificationCode = optional(fields, 'verificationcode', /^[A-Za-z0-9]{1,64}$/)
  const event = PUSH_STATUS_WORDS[status ?? ''] ?? PUSH_STATUS_CODES[Number(code)] ?? 'unknown'
  const reason = /^[^:]*(?:FAILED|Rejected): *(.+)$/i.exec(description ?? '')?.[1]
  const certificates = readPushed(fields)
  return {
    event,
    orderNumber,
    ...(certificateId === undefined ? {} : { certificateId }),
    ...(status === undefined ? {} : { status }),
    ...(code === undefined ? {} : { statusCode: Number(code) }),
    ...(description === undefined ? {} : { description }),
    ...(reason === undefined ? {} : { reason }),
    ...(verificationCode === undefined
      ? {}
      : { verificationCode, link: linkFor(event, orderNumber, verificationCode) }),
    ...(certificates === undefined ? {} : { certificates }),
    other: Object.fromEntries(
      [...fields]
        .filter(([name]) => !KNOWN.has(name))
        .slice(0, 32)
        .map(([name, value]) => [name.slice(0, 64), value.slice(0, 1000)]),
    ),
  }
}

function optional(fields: ReadonlyMap<string, string>, name: string, form: RegExp): string | undefined {
  const value = fields.get(name)
  if (value === undefined || value === '') return undefined
  if (!form.test(value)) throw malformed(`${name} is not what it should be`)
  return value
}

function readPushed(fields: ReadonlyMap<string, string>): readonly Uint8Array[] | undefined {
  const own = fields.get('certificate') ?? ''
  if (own === '') return undefined
  return readCertificates(Buffer.from(`${own}\n${fields.get('cacertificate') ?? ''}`, 'latin1'))
}

/** The two links of section 6: callback code, and agreement with callback code. */
function linkFor(event: PushEvent, orderNumber: string, code: string): string {
  const page = event === 'agreement-sent' ? 'ExecuteAgreementsWithCode' : 'EnterCallbackCode'
  const url = endpointUrl(readBaseUrl(SECTIGO_URL), page)
  url.searchParams.set('orderNumber', orderNumber)
  url.searchParams.set('code2', code)
  return url.href
}
