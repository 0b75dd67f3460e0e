/**
 * The part of the Cloud KMS REST API v1 that an enrolment touches, and Google's token endpoints beside it.
 * Source: google/cloud/kms/v1/{service,resources}.proto in the proto3 JSON mapping; google.cloud.location; google.iam.v1; for the
 * token endpoints RFC 7523, RFC 8693 and the IAM Credentials API.
 */
import type { ApiCall } from '../http/api-definition.ts'
import type { Field, FieldType, MessageDefinition } from '../http/message-definition.ts'

const optional = (type: FieldType): Field => ({ type })
const required = (type: FieldType): Field => ({ type, required: true })
const all = (type: FieldType, names: string): Readonly<Record<string, Field>> =>
  Object.fromEntries(names.split(' ').map((name) => [name, optional(type)]))

const PROTECTION_LEVEL: FieldType = { oneOf: ['SOFTWARE', 'HSM', 'EXTERNAL', 'EXTERNAL_VPC', 'HSM_SINGLE_TENANT'] }
const PURPOSE: FieldType = {
  oneOf: [
    'ENCRYPT_DECRYPT',
    'ASYMMETRIC_SIGN',
    'ASYMMETRIC_DECRYPT',
    'RAW_ENCRYPT_DECRYPT',
    'MAC',
    'KEY_ENCAPSULATION',
    'AES_WRAPPING',
  ],
}
const STATE: FieldType = {
  oneOf:
    'PENDING_GENERATION ENABLED DISABLED DESTROYED DESTROY_SCHEDULED PENDING_IMPORT IMPORT_FAILED GENERATION_FAILED PENDING_EXTERNAL_DESTRUCTION EXTERNAL_DESTRUCTION_FAILED'.split(
      ' ',
    ),
}
const ALGORITHM: FieldType = {
  oneOf:
    'RSA_SIGN_PSS_2048_SHA256 RSA_SIGN_PSS_3072_SHA256 RSA_SIGN_PSS_4096_SHA256 RSA_SIGN_PSS_4096_SHA512 RSA_SIGN_PKCS1_2048_SHA256 RSA_SIGN_PKCS1_3072_SHA256 RSA_SIGN_PKCS1_4096_SHA256 RSA_SIGN_PKCS1_4096_SHA512 RSA_SIGN_RAW_PKCS1_2048 RSA_SIGN_RAW_PKCS1_3072 RSA_SIGN_RAW_PKCS1_4096 EC_SIGN_P256_SHA256 EC_SIGN_P384_SHA384 EC_SIGN_SECP256K1_SHA256 EC_SIGN_ED25519'.split(
      ' ',
    ),
}

const VERSION_TEMPLATE: MessageDefinition = {
  name: 'CryptoKeyVersionTemplate',
  fields: { protectionLevel: optional(PROTECTION_LEVEL), algorithm: required(ALGORITHM) },
}

const CRYPTO_KEY: MessageDefinition = {
  name: 'CryptoKey',
  fields: {
    ...all('string', 'name createTime nextRotationTime rotationPeriod destroyScheduledDuration cryptoKeyBackend'),
    ...all('any', 'primary keyAccessJustificationsPolicy'),
    purpose: optional(PURPOSE),
    versionTemplate: optional(VERSION_TEMPLATE),
    labels: optional('map'),
    importOnly: optional('boolean'),
  },
}

const ATTESTATION: MessageDefinition = {
  name: 'KeyOperationAttestation',
  fields: {
    format: required({ oneOf: ['CAVIUM_V1_COMPRESSED', 'CAVIUM_V2_COMPRESSED'] }),
    content: required('bytes'),
    certChains: optional({
      name: 'CertificateChains',
      fields: {
        caviumCerts: optional({ list: 'string' }),
        googleCardCerts: optional({ list: 'string' }),
        googlePartitionCerts: optional({ list: 'string' }),
      },
    }),
  },
}

const CRYPTO_KEY_VERSION: MessageDefinition = {
  name: 'CryptoKeyVersion',
  fields: {
    ...all(
      'string',
      'name createTime generateTime destroyTime destroyEventTime importJob importTime importFailureReason generationFailureReason externalDestructionFailureReason',
    ),
    ...all('boolean', 'reimportEligible trustedWrappingEnabled hsmTrusted'),
    state: optional(STATE),
    protectionLevel: optional(PROTECTION_LEVEL),
    algorithm: optional(ALGORITHM),
    attestation: optional(ATTESTATION),
    externalProtectionLevelOptions: optional('any'),
  },
}

const PUBLIC_KEY: MessageDefinition = {
  name: 'PublicKey',
  fields: {
    pem: optional('string'),
    pemCrc32c: optional('int64'),
    algorithm: required(ALGORITHM),
    name: required('string'),
    protectionLevel: required(PROTECTION_LEVEL),
    publicKeyFormat: optional('string'),
    publicKey: optional('any'),
  },
}

const SIGN_REQUEST: MessageDefinition = {
  name: 'AsymmetricSignRequest',
  fields: {
    digest: optional({
      name: 'Digest',
      fields: all('bytes', 'sha256 sha384 sha512 externalMu'),
      exactlyOne: [['sha256', 'sha384', 'sha512', 'externalMu']],
    }),
    digestCrc32c: optional('int64'),
    data: optional('bytes'),
    dataCrc32c: optional('int64'),
  },
  exactlyOne: [['digest', 'data']],
}

const SIGN_RESPONSE: MessageDefinition = {
  name: 'AsymmetricSignResponse',
  fields: {
    signature: required('bytes'),
    signatureCrc32c: required('int64'),
    verifiedDigestCrc32c: optional('boolean'),
    verifiedDataCrc32c: optional('boolean'),
    name: required('string'),
    protectionLevel: required(PROTECTION_LEVEL),
  },
}

const KEY_RING: MessageDefinition = { name: 'KeyRing', fields: all('string', 'name createTime') }

const PERMISSIONS: MessageDefinition = {
  name: 'TestIamPermissions',
  fields: { permissions: optional({ list: 'string' }) },
}

const LOCATION: MessageDefinition = {
  name: 'Location',
  fields: { ...all('string', 'name locationId displayName'), labels: optional('map'), metadata: optional('any') },
}

const LIST_VERSIONS: MessageDefinition = {
  name: 'ListCryptoKeyVersionsResponse',
  fields: {
    cryptoKeyVersions: optional({ list: CRYPTO_KEY_VERSION }),
    nextPageToken: optional('string'),
    totalSize: optional('number'),
  },
}

const LIST_KEYS: MessageDefinition = {
  name: 'ListCryptoKeysResponse',
  fields: {
    cryptoKeys: optional({ list: CRYPTO_KEY }),
    nextPageToken: optional('string'),
    totalSize: optional('number'),
  },
}

const LOCATION_NAME = 'projects/*/locations/*'
const RING = `${LOCATION_NAME}/keyRings/*`
const KEY = `${RING}/cryptoKeys/*`
const VERSION = `${KEY}/cryptoKeyVersions/*`

const KMS_CALLS: readonly ApiCall[] = [
  { name: 'GetLocation', method: 'GET', path: `/v1/{name=${LOCATION_NAME}}`, reply: LOCATION },
  { name: 'GetKeyRing', method: 'GET', path: `/v1/{name=${RING}}`, reply: KEY_RING },
  {
    name: 'CreateKeyRing',
    method: 'POST',
    path: `/v1/{parent=${LOCATION_NAME}}/keyRings`,
    query: { keyRingId: 'string' },
    request: KEY_RING,
    reply: KEY_RING,
  },
  {
    name: 'TestIamPermissions',
    method: 'POST',
    path: `/v1/{resource=${RING}}:testIamPermissions`,
    request: PERMISSIONS,
    reply: PERMISSIONS,
  },
  {
    name: 'TestIamPermissions',
    method: 'POST',
    path: `/v1/{resource=${KEY}}:testIamPermissions`,
    request: PERMISSIONS,
    reply: PERMISSIONS,
  },
  { name: 'GetCryptoKey', method: 'GET', path: `/v1/{name=${KEY}}`, reply: CRYPTO_KEY },
  {
    name: 'ListCryptoKeys',
    method: 'GET',
    path: `/v1/{parent=${RING}}/cryptoKeys`,
    query: { pageSize: 'number', pageToken: 'string', versionView: 'string', filter: 'string', orderBy: 'string' },
    reply: LIST_KEYS,
  },
  {
    name: 'CreateCryptoKey',
    method: 'POST',
    path: `/v1/{parent=${RING}}/cryptoKeys`,
    query: { cryptoKeyId: 'string', skipInitialVersionCreation: 'boolean' },
    request: CRYPTO_KEY,
    reply: CRYPTO_KEY,
  },
  {
    name: 'UpdateCryptoKey',
    method: 'PATCH',
    path: `/v1/{name=${KEY}}`,
    query: { updateMask: 'string' },
    request: CRYPTO_KEY,
    reply: CRYPTO_KEY,
  },
  {
    name: 'ListCryptoKeyVersions',
    method: 'GET',
    path: `/v1/{parent=${KEY}}/cryptoKeyVersions`,
    query: { pageSize: 'number', pageToken: 'string', view: 'string', filter: 'string', orderBy: 'string' },
    reply: LIST_VERSIONS,
  },
  {
    name: 'CreateCryptoKeyVersion',
    method: 'POST',
    path: `/v1/{parent=${KEY}}/cryptoKeyVersions`,
    request: CRYPTO_KEY_VERSION,
    reply: CRYPTO_KEY_VERSION,
  },
  { name: 'GetCryptoKeyVersion', method: 'GET', path: `/v1/{name=${VERSION}}`, reply: CRYPTO_KEY_VERSION },
  {
    name: 'GetPublicKey',
    method: 'GET',
    path: `/v1/{name=${VERSION}}/publicKey`,
    query: { publicKeyFormat: 'string' },
    reply: PUBLIC_KEY,
  },
  {
    name: 'AsymmetricSign',
    method: 'POST',
    path: `/v1/{name=${VERSION}}:asymmetricSign`,
    request: SIGN_REQUEST,
    reply: SIGN_RESPONSE,
  },
  {
    name: 'DestroyCryptoKeyVersion',
    method: 'POST',
    path: `/v1/{name=${VERSION}}:destroy`,
    request: { name: 'DestroyCryptoKeyVersionRequest', fields: {} },
    reply: CRYPTO_KEY_VERSION,
  },
]

const TOKEN_RESPONSE: MessageDefinition = {
  name: 'token response',
  fields: {
    ...all('string', 'scope id_token refresh_token issued_token_type'),
    access_token: required('string'),
    expires_in: required('number'),
    token_type: required('string'),
  },
}

/** What google-auth-library asks for tokens: service account, workload identity, impersonation. */
const TOKEN_CALLS: readonly ApiCall[] = [
  {
    name: 'Token',
    method: 'POST',
    path: '/token',
    form: true,
    request: {
      name: 'token request (RFC 7523)',
      fields: {
        grant_type: required({ oneOf: ['urn:ietf:params:oauth:grant-type:jwt-bearer'] }),
        assertion: required('string'),
      },
    },
    reply: TOKEN_RESPONSE,
  },
  {
    name: 'ExchangeToken',
    method: 'POST',
    path: '/v1/token',
    form: true,
    request: {
      name: 'token exchange (RFC 8693)',
      fields: {
        grant_type: required({ oneOf: ['urn:ietf:params:oauth:grant-type:token-exchange'] }),
        ...all('string', 'resource audience scope requested_token_type actor_token actor_token_type options'),
        subject_token: required('string'),
        subject_token_type: required('string'),
      },
    },
    reply: TOKEN_RESPONSE,
  },
  {
    name: 'GenerateAccessToken',
    method: 'POST',
    path: '/v1/projects/-/serviceAccounts/{account}:generateAccessToken',
    request: {
      name: 'GenerateAccessTokenRequest',
      fields: {
        delegates: optional({ list: 'string' }),
        scope: required({ list: 'string' }),
        lifetime: optional('string'),
      },
    },
    reply: {
      name: 'GenerateAccessTokenResponse',
      fields: { accessToken: required('string'), expireTime: required('string') },
    },
  },
]

export const GOOGLE_CALLS: readonly ApiCall[] = [...KMS_CALLS, ...TOKEN_CALLS]
