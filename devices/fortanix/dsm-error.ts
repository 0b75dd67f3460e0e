import type { DeviceError } from '../device.ts'
import type { HttpReply } from '../http/http-reply.ts'
import type { Redaction } from '../http/redaction.ts'
import { LATER, type Meaning, refusedCall } from '../http/refused-call.ts'

/** The calls of the API that are made, by their names in the SDKs. */
export type DsmCall =
  | 'Authenticate'
  | 'Refresh'
  | 'Version'
  | 'GetApp'
  | 'CreateSobject'
  | 'GetSobject'
  | 'ListSobjects'
  | 'ImportSobject'
  | 'DeleteSobject'
  | 'Sign'
  | 'KeyAttestation'
  | 'ListApprovalRequests'
  | 'CreateApprovalRequest'
  | 'GetApprovalRequest'
  | 'GetApprovalRequestResult'

/** What an app needs for a call, in the words of the app's permission page. Source: Fortanix, "Security controls for applications". */
export const PERMISSIONS: Readonly<Partial<Record<DsmCall, string>>> = {
  CreateSobject: '"Create security objects" (CREATE_SOBJECTS, older versions: MANAGE) in the group',
  GetSobject: 'membership in the group of the key',
  ListSobjects: 'membership in the group of the keys',
  ImportSobject: '"Create security objects" (CREATE_SOBJECTS, older versions: MANAGE) in the group',
  DeleteSobject: '"Delete security objects" (DELETE_SOBJECTS, older versions: MANAGE) in the group',
  Sign: '"Sign" (SIGN) in the group of the key',
  KeyAttestation: 'membership in the group of the key',
}

/** HTTP status -> what it means for any call. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: {
    code: 'device.refused',
    remedy: "Compare the request with the group's cryptographic policy and key metadata.",
  },
  401: {
    code: 'credential.refused',
    remedy: 'Check the API key, certificate or token of the app, and that the app is enabled.',
  },
  404: { code: 'key.not-found', remedy: 'Check the endpoint, the group, and that the app is allowed to see the key.' },
  409: { code: 'key.exists', remedy: 'Choose another label, or resume the run that created the key.' },
  429: LATER,
  500: LATER,
  502: LATER,
  503: LATER,
  504: LATER,
}

const UNKNOWN: Meaning = {
  code: 'device.protocol',
  remedy: 'Check that the endpoint is a DSM cluster, and check its version.',
}

/** `what` completes "Could not …". The server's own words follow, as one clean line. */
export function dsmError(call: DsmCall, what: string, reply: HttpReply, redaction: Redaction): DeviceError {
  const said = reply.text(redaction)
  const message = `Could not ${what}: DSM answered HTTP ${reply.status}${said === '' ? '' : ` "${said}"`}.`
  const vendorCode = `HTTP ${reply.status}`
  if (reply.status === 403) {
    const needed = PERMISSIONS[call]
    const remedy =
      needed === undefined ? 'Check that the app is enabled and allowed to use this API.' : `Grant the app: ${needed}.`
    return refusedCall(message, vendorCode, { code: 'device.refused', remedy })
  }
  return refusedCall(message, vendorCode, MEANINGS[reply.status] ?? UNKNOWN)
}

/**
 * A quorum policy answers a direct call with a refusal that speaks of approval. DSM's error bodies are plain text and their
 * wording is not published, so this is a careful guess: any 4xx that speaks of a quorum or an approval.
 */
export function asksForApproval(reply: HttpReply, redaction: Redaction): boolean {
  return reply.status >= 400 && reply.status < 500 && /\b(quorum|approv(al|e|ed))\b/i.test(reply.text(redaction))
}
