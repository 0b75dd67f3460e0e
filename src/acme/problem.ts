import { jsonMember } from '../json-member.ts'
import { printable } from '../printable.ts'
import type { Refusal } from '../sectigo/certificate-authority.ts'
import type { AcmeReply } from './acme-reply.ts'

/** What a server says of a request that it refuses (RFC 7807; RFC 8555 6.7). */
export interface Problem {
  /** `badCSR`, or the whole URN where it is not one of RFC 8555. */
  readonly type: string
  readonly detail: string
}

const URN = 'urn:ietf:params:acme:error:'
const LONGEST = 500

/** Of a body, or of the `error` of a challenge or an order. */
export function problemOf(value: unknown): Problem {
  const type = text(jsonMember(value, 'type')) ?? 'no type'
  const said = [value, ...list(jsonMember(value, 'subproblems'))].flatMap(
    (each) => text(jsonMember(each, 'detail')) ?? [],
  )
  return {
    type: printable((type.startsWith(URN) ? type.slice(URN.length) : type).slice(0, LONGEST)),
    detail: printable(said.join('; ').slice(0, LONGEST)) || 'no details',
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value.slice(0, 8) : [])

/** What each type means here, and what to do. */
// biome-ignore format: a table, a row a line
const MEANINGS: Readonly<Record<string, readonly [cause: string, remedy: string]>> = {
  badAttestationStatement: ['the server does not accept the attestation', 'Compare the attestation roots of the server with the device (`hsm-enroll check`), and pass what the device does not carry with acme.intermediates.'],
  rejectedIdentifier: ['the server does not issue for this device', 'Ask the CA whether the serial number of the device is registered.'],
  badCSR: ['the server does not accept the request', 'step-ca wants the serial number of the device as the CN of request.subject, or no CN.'],
  unauthorized: ['the server does not authorize the order', 'Compare the key of the request with that of the attestation; ask the CA.'],
  externalAccountRequired: ['the server wants accounts that it knows by other means', 'Ask the CA for an identifier and a MAC key, and set acme.externalAccountKeyId and acme.externalAccountKey.'],
  userActionRequired: ['the server wants its terms to be agreed to', 'Read them, and set acme.termsOfServiceAgreed to true.'],
  accountDoesNotExist: ['the server does not know the account', 'Check acme.accountKey.'],
  rateLimited: ['the server has had too many requests', 'Wait, and order again.'],
  serverInternal: ['the server failed', 'Read the log of the server; order again once it works.'],
}

/** A refusal of the order, as a run keeps it. The numbers are those of HTTP. */
export function refusalOf(status: number, problem: Problem): Refusal {
  const [cause, remedy] = MEANINGS[problem.type] ?? ['the server refused the request', 'Read what it says; ask the CA.']
  return { code: status, message: `${problem.type}: ${problem.detail}`, cause, remedy, final: false }
}

/** Is it the ACME server that refuses, or something that stands before it? */
export const isProblem = ({ json }: AcmeReply): boolean => text(jsonMember(json, 'type'))?.startsWith(URN) === true

export const isBadNonce = ({ status, json }: AcmeReply): boolean =>
  status === 400 && jsonMember(json, 'type') === `${URN}badNonce`
