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

// biome-ignore format: a table of names and numbers, as the proto has them
const PROTECTION_LEVEL: FieldType = {
  enumeration: { PROTECTION_LEVEL_UNSPECIFIED: 0, SOFTWARE: 1, HSM: 2, EXTERNAL: 3, EXTERNAL_VPC: 4, HSM_SINGLE_TENANT: 5 },
}
// biome-ignore format: a table of names and numbers, as the proto has them
const PURPOSE: FieldType = {
  enumeration: {
    CRYPTO_KEY_PURPOSE_UNSPECIFIED: 0,
    ENCRYPT_DECRYPT: 1, ASYMMETRIC_SIGN: 5, ASYMMETRIC_DECRYPT: 6, RAW_ENCRYPT_DECRYPT: 7, MAC: 9, KEY_ENCAPSULATION: 10, AES_WRAPPING: 11,
  },
}
// biome-ignore format: a table of names and numbers, as the proto has them
const STATE: FieldType = {
  enumeration: {
    CRYPTO_KEY_VERSION_STATE_UNSPECIFIED: 0,
    ENABLED: 1, DISABLED: 2, DESTROYED: 3, DESTROY_SCHEDULED: 4, PENDING_GENERATION: 5, PENDING_IMPORT: 6, IMPORT_FAILED: 7,
    GENERATION_FAILED: 8, PENDING_EXTERNAL_DESTRUCTION: 9, EXTERNAL_DESTRUCTION_FAILED: 10,
  },
}
/** Of the algorithms that sign with a classic key; the others are not known here. */
// biome-ignore format: a table of names and numbers, as the proto has them
const ALGORITHM: FieldType = {
  enumeration: {
    RSA_SIGN_PSS_2048_SHA256: 2, RSA_SIGN_PSS_3072_SHA256: 3, RSA_SIGN_PSS_4096_SHA256: 4, RSA_SIGN_PSS_4096_SHA512: 15,
    RSA_SIGN_PKCS1_2048_SHA256: 5, RSA_SIGN_PKCS1_3072_SHA256: 6, RSA_SIGN_PKCS1_4096_SHA256: 7, RSA_SIGN_PKCS1_4096_SHA512: 16,
    RSA_SIGN_RAW_PKCS1_2048: 28, RSA_SIGN_RAW_PKCS1_3072: 29, RSA_SIGN_RAW_PKCS1_4096: 30,
    EC_SIGN_P256_SHA256: 12, EC_SIGN_P384_SHA384: 13, EC_SIGN_SECP256K1_SHA256: 31, EC_SIGN_ED25519: 40,
  },
}
const VERSION_VIEW: FieldType = { enumeration: { CRYPTO_KEY_VERSION_VIEW_UNSPECIFIED: 0, FULL: 1 } }
// biome-ignore format: a table of names and numbers, as the proto has them
const PUBLIC_KEY_FORMAT: FieldType = {
  enumeration: { PUBLIC_KEY_FORMAT_UNSPECIFIED: 0, PEM: 1, DER: 2, NIST_PQC: 3, XWING_RAW_BYTES: 4 },
}

/** Of every call ("System parameters" of Google's APIs). The generated clients ask for numbers, curl gets names. */
export const GOOGLE_SYSTEM_PARAMETERS: Readonly<Record<string, FieldType>> = {
  $alt: { oneOf: ['json', 'json;enum-encoding=int'] },
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
    format: required({ enumeration: { CAVIUM_V1_COMPRESSED: 3, CAVIUM_V2_COMPRESSED: 4 } }),
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
    publicKeyFormat: optional(PUBLIC_KEY_FORMAT),
    publicKey: optional({
      name: 'ChecksummedData',
      fields: { data: required('bytes'), crc32cChecksum: required('int64') },
    }),
  },
}

const SIGN_REQUEST: MessageDefinition = {
  name: 'AsymmetricSignRequest',
  fields: {
    // A body of `*` is the whole request: Go's client repeats in it what the path says.
    name: optional('string'),
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

const LIST_RINGS: MessageDefinition = {
  name: 'ListKeyRingsResponse',
  fields: { keyRings: optional({ list: KEY_RING }), nextPageToken: optional('string'), totalSize: optional('number') },
}

const LOCATION_NAME = 'projects/*/locations/*'
const RING = `${LOCATION_NAME}/keyRings/*`
const KEY = `${RING}/cryptoKeys/*`
const VERSION = `${KEY}/cryptoKeyVersions/*`

const KMS_CALLS: readonly ApiCall[] = [
  { name: 'GetLocation', method: 'GET', path: `/v1/{name=${LOCATION_NAME}}`, reply: LOCATION },
  {
    name: 'ListKeyRings',
    method: 'GET',
    path: `/v1/{parent=${LOCATION_NAME}}/keyRings`,
    query: { pageSize: 'number', pageToken: 'string', filter: 'string', orderBy: 'string' },
    reply: LIST_RINGS,
  },
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
    query: { pageSize: 'number', pageToken: 'string', versionView: VERSION_VIEW, filter: 'string', orderBy: 'string' },
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
    query: { pageSize: 'number', pageToken: 'string', view: VERSION_VIEW, filter: 'string', orderBy: 'string' },
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
    query: { publicKeyFormat: PUBLIC_KEY_FORMAT },
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
    request: { name: 'DestroyCryptoKeyVersionRequest', fields: { name: optional('string') } },
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
