/**
 * The part of the DSM API that an enrolment touches. Source: fortanix/sdkms-client-go (keys_generated.go, crypto_generated.go,
 * digest_generated.go, common_generated.go, session_generated.go, version_generated.go, apps_generated.go, approval_requests_generated.go), 2026-06.
 * Members that only other kinds of objects have are typed `any`.
 */
import type { ApiCall } from '../http/api-definition.ts'
import type { Field, FieldType, MessageDefinition } from '../http/message-definition.ts'

const optional = (type: FieldType): Field => ({ type })
const required = (type: FieldType): Field => ({ type, required: true })

const all = (type: FieldType, names: string): Readonly<Record<string, Field>> =>
  Object.fromEntries(names.split(' ').map((name) => [name, optional(type)]))

const allQuery = (type: FieldType, names: string): Readonly<Record<string, FieldType>> =>
  Object.fromEntries(names.split(' ').map((name) => [name, type]))

const KEY_OPERATION: FieldType = {
  oneOf:
    'SIGN VERIFY ENCRYPT DECRYPT WRAPKEY UNWRAPKEY DERIVEKEY TRANSFORM MACGENERATE MACVERIFY EXPORT APPMANAGEABLE HIGHVOLUME AGREEKEY ENCAPSULATE DECAPSULATE'.split(
      ' ',
    ),
}
const OBJECT_TYPE: FieldType = { oneOf: ['RSA', 'EC', 'AES', 'OPAQUE', 'SECRET', 'CERTIFICATE'] }
const CURVE: FieldType = { oneOf: ['NistP224', 'NistP256', 'NistP384', 'NistP521', 'SecP256K1', 'Ed25519'] }
const STATE: FieldType = {
  oneOf: ['PreActive', 'Active', 'Deactivated', 'Compromised', 'Destroyed', 'Deleted'],
}
const DIGEST: FieldType = { oneOf: ['SHA1', 'SHA256', 'SHA384', 'SHA512'] }

const RSA_OPTIONS: MessageDefinition = {
  name: 'RsaOptions',
  fields: {
    ...all('number', 'key_size public_exponent minimum_key_length'),
    ...all('any', 'encryption_policy signature_policy'),
  },
}

const OTHER_OPTIONS =
  'aes aria bip32 bls des des3 dsa eckcdsa external fpe google_access_reason_policy kcdsa links lms publish_public_key rotation_policy seed export_policy'

const SOBJECT_REQUEST: MessageDefinition = {
  name: 'SobjectRequest',
  fields: {
    ...all('string', 'name description activation_date deactivation_date kcv'),
    ...all('boolean', 'allow_sign_hash deterministic_signatures enabled transient'),
    ...all('number', 'key_size pub_exponent'),
    ...all('any', OTHER_OPTIONS),
    custom_metadata: optional('map'),
    elliptic_curve: optional(CURVE),
    key_ops: optional({ list: KEY_OPERATION }),
    obj_type: optional(OBJECT_TYPE),
    rsa: optional(RSA_OPTIONS),
    state: optional(STATE),
    value: optional('bytes'),
    group_id: optional('uuid'),
  },
}

const SOBJECT: MessageDefinition = {
  name: 'Sobject',
  fields: {
    ...all('string', 'name description activation_date compromise_date deactivation_date kcv'),
    ...all('any', `${OTHER_OPTIONS} revocation_reason virtual_key_info`),
    ...all('boolean', 'allow_sign_hash deterministic_signatures never_exportable'),
    ...all('bytes', 'pub_key value transient_key'),
    acct_id: required('uuid'),
    created_at: required('string'),
    creator: required('any'),
    custom_metadata: optional('map'),
    elliptic_curve: optional(CURVE),
    enabled: required('boolean'),
    group_id: optional('uuid'),
    key_ops: required({ list: KEY_OPERATION }),
    key_size: optional('number'),
    kid: optional('uuid'),
    lastused_at: required('string'),
    obj_type: required(OBJECT_TYPE),
    origin: required({ oneOf: ['FortanixHSM', 'External', 'Transient'] }),
    public_only: required('boolean'),
    rsa: optional(RSA_OPTIONS),
    state: optional(STATE),
  },
}

const SOBJECT_DESCRIPTOR: MessageDefinition = {
  name: 'SobjectDescriptor',
  fields: {
    kid: optional('uuid'),
    name: optional('string'),
    transient_key: optional('bytes'),
    inline: optional('any'),
  },
  exactlyOne: [['kid', 'name', 'transient_key', 'inline']],
}

const SIGN_REQUEST: MessageDefinition = {
  name: 'SignRequest',
  fields: {
    key: required(SOBJECT_DESCRIPTOR),
    hash_alg: required(DIGEST),
    hash: optional('bytes'),
    data: optional('bytes'),
    mode: optional({
      name: 'SignatureMode',
      fields: { PKCS1_V15: optional({ name: 'SignatureModePkcs1V15', fields: {} }), PSS: optional('any') },
      exactlyOne: [['PKCS1_V15', 'PSS']],
    }),
    deterministic_signature: optional('boolean'),
  },
  exactlyOne: [['hash', 'data']],
}

/** For a key that the path names. */
const SIGN_REQUEST_BY_ID: MessageDefinition = {
  ...SIGN_REQUEST,
  name: 'SignRequest by id',
  fields: { ...SIGN_REQUEST.fields, key: optional(SOBJECT_DESCRIPTOR) },
}

const VERIFY_REQUEST: MessageDefinition = {
  ...SIGN_REQUEST,
  name: 'VerifyRequest',
  fields: { ...SIGN_REQUEST.fields, key: optional(SOBJECT_DESCRIPTOR), signature: required('bytes') },
}

const SIGN_RESPONSE: MessageDefinition = {
  name: 'SignResponse',
  fields: { kid: optional('uuid'), signature: required('bytes') },
}

const VERIFY_RESPONSE: MessageDefinition = {
  name: 'VerifyResponse',
  fields: { kid: optional('uuid'), result: required('boolean') },
}

const DIGEST_REQUEST: MessageDefinition = {
  name: 'DigestRequest',
  fields: { alg: required(DIGEST), data: required('bytes') },
}

const DIGEST_RESPONSE: MessageDefinition = { name: 'DigestResponse', fields: { digest: required('bytes') } }

const AUTH_RESPONSE: MessageDefinition = {
  name: 'AuthResponse',
  fields: {
    token_type: required('string'),
    expires_in: required('number'),
    access_token: required('string'),
    entity_id: required('uuid'),
    ...all('any', 'challenge fido2_assertion_options allowed_mfa_methods'),
  },
}

const VERSION_RESPONSE: MessageDefinition = {
  name: 'VersionResponse',
  fields: {
    version: required('string'),
    api_version: required('string'),
    server_mode: required({ oneOf: ['Software', 'Sgx'] }),
    fips_level: optional('number'),
    plugins_digest: optional('bytes'),
  },
}

const APPROVAL_REQUEST: MessageDefinition = {
  name: 'ApprovalRequest',
  fields: {
    request_id: required('uuid'),
    acct_id: required('uuid'),
    status: required({ oneOf: ['PENDING', 'APPROVED', 'DENIED', 'FAILED'] }),
    ...Object.fromEntries(['created_at', 'expiry', 'operation', 'method'].map((name) => [name, required('string')])),
    requester: required('any'),
    approvers: required({ list: 'any' }),
    result_viewed: required('boolean'),
    ...all('any', 'body subjects reviewers denier'),
    ...all('string', 'description denial_reason'),
  },
}

const APPROVAL_REQUEST_REQUEST: MessageDefinition = {
  name: 'ApprovalRequestRequest',
  fields: {
    operation: required('string'),
    method: optional('string'),
    body: optional('any'),
    description: optional('string'),
  },
}

const APPROVABLE_RESULT: MessageDefinition = {
  name: 'ApprovableResult',
  fields: { status: required('number'), body: required('any') },
}

const KEY_ATTESTATION_RESPONSE: MessageDefinition = {
  name: 'KeyAttestationResponse',
  fields: {
    authority_chain: required({ list: 'bytes' }),
    attestation_statement: required({
      name: 'AttestationStatement',
      fields: { format: required({ oneOf: ['x509_certificate'] }), statement: required('bytes') },
    }),
  },
}

/** The members of App that a reader of permissions needs; the others are not sent. */
const APP: MessageDefinition = {
  name: 'App',
  fields: {
    app_id: required('uuid'),
    acct_id: required('uuid'),
    name: required('string'),
    groups: required('any'),
    default_group: optional('uuid'),
  },
}

const NOTHING: MessageDefinition = { name: 'empty body', fields: {} }

export const DSM_CALLS: readonly ApiCall[] = [
  {
    name: 'Version',
    method: 'GET',
    path: '/sys/v1/version',
    query: { detailed_fips_info: 'boolean' },
    reply: VERSION_RESPONSE,
  },
  { name: 'Authenticate', method: 'POST', path: '/sys/v1/session/auth', request: NOTHING, reply: AUTH_RESPONSE },
  { name: 'Refresh', method: 'POST', path: '/sys/v1/session/refresh' },
  { name: 'Terminate', method: 'POST', path: '/sys/v1/session/terminate' },
  {
    name: 'GetApp',
    method: 'GET',
    path: '/sys/v1/apps/{id}',
    query: { group_permissions: 'boolean', role: 'string' },
    reply: APP,
  },
  { name: 'CreateSobject', method: 'POST', path: '/crypto/v1/keys', request: SOBJECT_REQUEST, reply: SOBJECT },
  { name: 'ImportSobject', method: 'PUT', path: '/crypto/v1/keys', request: SOBJECT_REQUEST, reply: SOBJECT },
  {
    name: 'GetSobject',
    method: 'POST',
    path: '/crypto/v1/keys/info',
    query: {
      view: 'string',
      show_destroyed: 'boolean',
      show_deleted: 'boolean',
      show_value: 'boolean',
      show_pub_key: 'boolean',
    },
    request: SOBJECT_DESCRIPTOR,
    reply: SOBJECT,
  },
  {
    name: 'ListSobjects',
    method: 'GET',
    path: '/crypto/v1/keys',
    query: {
      ...Object.fromEntries(['group_id', 'creator'].map((name) => [name, 'uuid'] as const)),
      ...Object.fromEntries(['name', 'pkcs11_label', 'sort', 'filter'].map((name) => [name, 'string'] as const)),
      obj_type: OBJECT_TYPE,
      limit: 'number',
      offset: 'number',
      ...Object.fromEntries(
        ['with_metadata', 'show_destroyed', 'show_deleted', 'show_value', 'show_pub_key', 'show_kcv'].map(
          (name) => [name, 'boolean'] as const,
        ),
      ),
    },
    reply: { list: SOBJECT },
  },
  {
    name: 'GetSobjectById',
    method: 'GET',
    path: '/crypto/v1/keys/{id}',
    query: allQuery('boolean', 'show_value show_pub_key show_destroyed show_deleted'),
    reply: SOBJECT,
  },
  { name: 'DeleteSobject', method: 'DELETE', path: '/crypto/v1/keys/{id}' },
  {
    name: 'Sign',
    method: 'POST',
    path: '/crypto/v1/sign',
    request: SIGN_REQUEST,
    reply: SIGN_RESPONSE,
  },
  {
    name: 'SignById',
    method: 'POST',
    path: '/crypto/v1/keys/{id}/sign',
    request: SIGN_REQUEST_BY_ID,
    reply: SIGN_RESPONSE,
  },
  { name: 'Digest', method: 'POST', path: '/crypto/v1/digest', request: DIGEST_REQUEST, reply: DIGEST_RESPONSE },
  { name: 'Verify', method: 'POST', path: '/crypto/v1/verify', request: VERIFY_REQUEST, reply: VERIFY_RESPONSE },
  {
    name: 'VerifyById',
    method: 'POST',
    path: '/crypto/v1/keys/{id}/verify',
    request: VERIFY_REQUEST,
    reply: VERIFY_RESPONSE,
  },
  {
    name: 'KeyAttestation',
    method: 'POST',
    path: '/crypto/v1/keys/key_attestation',
    request: { name: 'KeyAttestationRequest', fields: { key: required(SOBJECT_DESCRIPTOR) } },
    reply: KEY_ATTESTATION_RESPONSE,
  },
  {
    name: 'ListApprovalRequests',
    method: 'GET',
    path: '/sys/v1/approval_requests',
    query: { requester: 'uuid', reviewer: 'uuid', subject: 'uuid', status: 'string' },
    reply: { list: APPROVAL_REQUEST },
  },
  {
    name: 'CreateApprovalRequest',
    method: 'POST',
    path: '/sys/v1/approval_requests',
    request: APPROVAL_REQUEST_REQUEST,
    reply: APPROVAL_REQUEST,
  },
  { name: 'GetApprovalRequest', method: 'GET', path: '/sys/v1/approval_requests/{id}', reply: APPROVAL_REQUEST },
  {
    name: 'GetApprovalRequestResult',
    method: 'POST',
    path: '/sys/v1/approval_requests/{id}/result',
    reply: APPROVABLE_RESULT,
  },
]
