import type { DeviceError } from '../device.ts'
import type { HttpReply } from '../http/http-reply.ts'
import { isJsonObject } from '../http/json-fields.ts'
import type { Redaction } from '../http/redaction.ts'
import { LATER, type Meaning, refusedCall } from '../http/refused-call.ts'
import { type ErrorReason, readErrorReason } from './error-reasons.ts'

/** The calls that are made, and the permission that each needs. Source: Google, "Permissions and roles" of Cloud KMS. */
const CALL_PERMISSIONS = {
  GetLocation: 'cloudkms.locations.get',
  GetKeyRing: 'cloudkms.keyRings.get',
  CreateKeyRing: 'cloudkms.keyRings.create',
  TestIamPermissions: 'cloudkms.keyRings.get',
  GetCryptoKey: 'cloudkms.cryptoKeys.get',
  ListCryptoKeys: 'cloudkms.cryptoKeys.list',
  CreateCryptoKey: 'cloudkms.cryptoKeys.create',
  UpdateCryptoKey: 'cloudkms.cryptoKeys.update',
  ListCryptoKeyVersions: 'cloudkms.cryptoKeyVersions.list',
  CreateCryptoKeyVersion: 'cloudkms.cryptoKeyVersions.create',
  GetCryptoKeyVersion: 'cloudkms.cryptoKeyVersions.get',
  GetPublicKey: 'cloudkms.cryptoKeyVersions.viewPublicKey',
  AsymmetricSign: 'cloudkms.cryptoKeyVersions.useToSign',
  DestroyCryptoKeyVersion: 'cloudkms.cryptoKeyVersions.destroy',
} as const
export type KmsCall = keyof typeof CALL_PERMISSIONS

/** The standard error of Google's APIs (google.rpc.Status, google.rpc.ErrorInfo). */
export interface KmsStatus {
  readonly status: string
  readonly message: string
  /** Why, where that is no matter of the status alone. */
  readonly reason?: ErrorReason
  readonly permission?: string
}

export function readStatus(reply: HttpReply, redaction: Redaction): KmsStatus {
  const json = reply.jsonOrNothing()
  const error = isJsonObject(json) && isJsonObject(json.error) ? json.error : undefined
  if (error === undefined) return { status: '', message: reply.text(redaction) }
  const details = Array.isArray(error.details) ? error.details.filter(isJsonObject) : []
  const info = details.find((detail) => detail['@type'] === 'type.googleapis.com/google.rpc.ErrorInfo')
  const named = isJsonObject(info?.metadata) ? info.metadata.permission : undefined
  const message = typeof error.message === 'string' ? redaction.clean(error.message) : ''
  const permission = typeof named === 'string' ? named : /Permission '([a-zA-Z.]+)' denied/.exec(message)?.[1]
  return {
    status: typeof error.status === 'string' ? redaction.clean(error.status) : '',
    message,
    reason: readErrorReason(error),
    ...(permission !== undefined && /^[a-zA-Z.]{3,100}$/.test(permission) ? { permission } : {}),
  }
}

const REFUSED: Meaning = { code: 'device.refused', remedy: 'Read what the service says and correct the profile.' }

/** google.rpc.Code names -> what they mean for any call; the HTTP status stands in where there is no name. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  INVALID_ARGUMENT: REFUSED,
  FAILED_PRECONDITION: {
    code: 'device.refused',
    remedy: 'Check state and purpose of key and key version in Cloud KMS.',
  },
  UNAUTHENTICATED: {
    code: 'credential.refused',
    remedy: 'Renew the credential (gcloud auth application-default login, or the key file).',
  },
  NOT_FOUND: {
    code: 'key.not-found',
    remedy: 'Check project, location and key ring, and that the account is allowed to see them.',
  },
  ALREADY_EXISTS: { code: 'key.exists', remedy: 'Choose another label, or resume the run that created the key.' },
  RESOURCE_EXHAUSTED: {
    ...LATER,
    remedy: 'Wait for the quota of Cloud KMS (HSM operations per minute), then resume the run.',
  },
  ABORTED: LATER,
  INTERNAL: LATER,
  UNAVAILABLE: LATER,
  DEADLINE_EXCEEDED: LATER,
}

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

const UNKNOWN: Meaning = { code: 'device.protocol', remedy: 'Check the endpoint of Cloud KMS.' }

/** `what` completes "Could not …". A missing permission is named, with the resource it is needed on. */
export function kmsError(
  call: KmsCall,
  what: string,
  resource: string,
  reply: HttpReply,
  redaction: Redaction,
): DeviceError {
  const { status, message, reason, permission } = readStatus(reply, redaction)
  const text = `Could not ${what}: Cloud KMS answered HTTP ${reply.status} ${status}${message === '' ? '' : ` "${message}"`}.`
  const vendorCode = `HTTP ${reply.status}${status === '' ? '' : ` ${status}`}`
  if (reason !== undefined) return refusedCall(text, `${vendorCode} ${reason.reason}`, reason.meaning)
  if (reply.status === 403) {
    const needed = permission ?? CALL_PERMISSIONS[call]
    const remedy = `Grant the account the permission ${needed} on ${resource}.`
    return refusedCall(text, vendorCode, { code: 'device.refused', remedy })
  }
  return refusedCall(text, vendorCode, MEANINGS[status] ?? MEANINGS[STATUS_NAMES[reply.status] ?? ''] ?? UNKNOWN)
}
