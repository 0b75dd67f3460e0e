import { DeviceError, type DeviceErrorCode, type KeyAttributes } from '../device.ts'
import { JsonFields, protocolError } from '../http/json-fields.ts'
import { UUID } from './settings.ts'

/** What is used of a security object. Field names: fortanix/sdkms-client-go common_generated.go (Sobject). */
export interface Sobject {
  readonly kid: string
  readonly name: string
  readonly objectType: string
  readonly origin: string
  readonly keyOperations: readonly string[]
  readonly neverExportable?: boolean
  readonly publicOnly: boolean
  readonly enabled: boolean
  readonly state?: string
  /** The key lives in another KMS or HSM that DSM stands before. */
  readonly elsewhere: boolean
  readonly transient: boolean
  readonly groupId?: string
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey?: Uint8Array
  readonly value?: Uint8Array
  readonly runId?: string
}

/** Under this name the key's custom_metadata keeps the id that derives from the run. */
export const RUN_ID_METADATA = 'hsm-enroll-id'

/** Throws DeviceError `device.protocol`. */
export function readSobject(json: unknown): Sobject {
  const fields = new JsonFields(json, 'the security object')
  const kid = fields.text('kid').toLowerCase()
  if (!UUID.test(kid)) throw protocolError('kid of the security object is not a UUID')
  return {
    kid,
    name: fields.text('name'),
    objectType: fields.text('obj_type'),
    origin: fields.text('origin'),
    keyOperations: fields.texts('key_ops'),
    publicOnly: fields.flag('public_only'),
    enabled: fields.flag('enabled'),
    elsewhere: fields.has('external') || fields.has('virtual_key_info'),
    transient: fields.has('transient_key') || fields.text('origin') === 'Transient',
    neverExportable: fields.optionalFlag('never_exportable'),
    state: fields.optionalText('state'),
    groupId: fields.optionalText('group_id'),
    publicKey: fields.optionalBytes('pub_key'),
    value: fields.optionalBytes('value'),
    runId: fields.optionalObject('custom_metadata')?.optionalText(RUN_ID_METADATA),
  }
}

export function attributesOf(sobject: Sobject): KeyAttributes {
  return {
    local: sobject.origin === 'FortanixHSM',
    extractable: sobject.keyOperations.includes('EXPORT'),
    neverExtractable: sobject.neverExportable,
  }
}

interface Refusal {
  readonly applies: (sobject: Sobject) => boolean
  readonly code: DeviceErrorCode
  readonly why: string
  readonly remedy: string
}

const NEW_KEY = 'Let the run generate a new key under another label.'

/** Why DSM would not attest a key, or a CA not accept it. The order is that of gravity. */
// biome-ignore format: a table, a row a line
const REFUSALS: readonly Refusal[] = [
  { applies: (it) => it.objectType !== 'RSA' && it.objectType !== 'EC', code: 'key.wrong-type', why: 'it is neither an RSA nor an EC key', remedy: 'Choose another label: something else already has this name.' },
  { applies: (it) => it.elsewhere, code: 'key.not-attestable', why: 'it is held by another KMS or HSM, and DSM is only a proxy for it', remedy: NEW_KEY },
  { applies: (it) => it.transient, code: 'key.not-attestable', why: 'it is or was a transient key', remedy: NEW_KEY },
  { applies: (it) => it.origin !== 'FortanixHSM', code: 'key.not-attestable', why: 'it was not generated in DSM but imported', remedy: NEW_KEY },
  { applies: (it) => it.publicOnly, code: 'key.wrong-type', why: 'its private half is missing', remedy: NEW_KEY },
  { applies: (it) => it.keyOperations.includes('EXPORT') || it.neverExportable === false, code: 'key.exportable', why: 'it can be exported, or once could be', remedy: NEW_KEY },
  { applies: (it) => !it.keyOperations.includes('SIGN'), code: 'key.wrong-type', why: 'its key operations do not include SIGN', remedy: NEW_KEY },
  { applies: (it) => !it.enabled || (it.state !== undefined && it.state !== 'Active'), code: 'device.refused', why: 'it is disabled or not Active', remedy: 'Enable and activate it in DSM, or generate a new key.' },
]

/** Throws DeviceError with the first reason why this key cannot be enrolled. */
export function refuseUnsuitable(sobject: Sobject): void {
  const refusal = REFUSALS.find(({ applies }) => applies(sobject))
  if (refusal === undefined) return
  throw new DeviceError(refusal.code, `The key ${sobject.kid} cannot be enrolled: ${refusal.why}.`, {
    remedy: refusal.remedy,
  })
}
