import { crc32c } from '../../../devices/marvell-google/crc32c.ts'
import type { Answer, ReceivedCall } from '../http/http-double.ts'
import {
  addVersion,
  canGenerate,
  digestField,
  type KeyState,
  signVersionDigest,
  type VersionState,
} from './crypto-keys.ts'
import { TokenService } from './token-service.ts'

/** Attests one version: the KeyOperationAttestation of the API. */
export type AttestVersion = (name: string, spki: Uint8Array) => Record<string, unknown>

/** The permission of each call. Source: Google, "Permissions and roles" of Cloud KMS. */
const PERMISSIONS: Readonly<Record<string, string>> = {
  GetLocation: 'cloudkms.locations.get',
  ListKeyRings: 'cloudkms.keyRings.list',
  GetKeyRing: 'cloudkms.keyRings.get',
  CreateKeyRing: 'cloudkms.keyRings.create',
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
}

const ID = /^[a-zA-Z0-9_-]{1,63}$/

/** The behaviour of Cloud KMS in one project, and of the token endpoints that guard it. */
export class KmsService {
  readonly tokens = new TokenService()
  readonly permissions = new Set(Object.values(PERMISSIONS))
  readonly keyRings = new Set<string>()
  readonly keys = new Map<string, KeyState>()
  hsmAvailable = true
  /** How often a new version is seen PENDING_GENERATION. */
  pendingLooks = 1
  /** Reasons for which the next versions fail to generate, used up one by one. */
  readonly failures: string[] = []
  readonly #attestVersion: AttestVersion

  constructor(attestVersion: AttestVersion) {
    this.#attestVersion = attestVersion
  }

  /** Versions that hold a private key. */
  get generated(): readonly VersionState[] {
    return [...this.keys.values()]
      .flatMap(({ versions }) => versions)
      .filter(({ state }) => state !== 'GENERATION_FAILED')
  }

  async answer(call: ReceivedCall): Promise<Answer> {
    const token = this.tokens.answer(call)
    if (token !== undefined) return token
    if (this.tokens.accountOf(call) === undefined)
      return googleError(401, 'Request had invalid authentication credentials.')
    const permission = PERMISSIONS[call.name]
    if (permission !== undefined && !this.permissions.has(permission)) return denied(permission, resourceOf(call))
    return this.#carryOut(call)
  }

  #carryOut(call: ReceivedCall): Answer | Promise<Answer> {
    const resource = resourceOf(call)
    switch (call.name) {
      case 'GetLocation':
        return {
          status: 200,
          body: { name: resource, locationId: resource.split('/')[3], metadata: this.#locationMetadata() },
        }
      case 'ListKeyRings':
        return this.#listRings(resource, call.query)
      case 'GetKeyRing':
        return this.keyRings.has(resource) ? { status: 200, body: { name: resource } } : notFound(resource)
      case 'CreateKeyRing':
        return this.#createRing(resource, call.query.keyRingId)
      case 'TestIamPermissions':
        return this.#testPermissions(resource, call.body.permissions)
      case 'GetCryptoKey':
        return this.#withKey(resource, ({ shown }) => ({ status: 200, body: shown }))
      case 'ListCryptoKeys':
        return this.#listKeys(resource, call)
      case 'CreateCryptoKey':
        return this.#createKey(resource, call)
      case 'UpdateCryptoKey':
        return this.#withKey(resource, (key) => updateLabels(key, call))
      case 'ListCryptoKeyVersions':
        return this.#withKey(resource, ({ versions }) => this.#listVersions(versions, call.query))
      case 'CreateCryptoKeyVersion':
        return this.#createVersion(resource)
      default:
        return this.#useVersion(resource, call)
    }
  }

  #useVersion(name: string, call: ReceivedCall): Answer {
    const version = this.keys.get(name.replace(/\/cryptoKeyVersions\/.*$/, ''))?.versions.find((it) => it.name === name)
    if (version === undefined) return notFound(name)
    if (call.body.name !== undefined && call.body.name !== name)
      return googleError(400, 'name in the body is not the one in the path', 'INVALID_ARGUMENT')
    if (call.name === 'GetCryptoKeyVersion') return { status: 200, body: this.#lookAt(version) }
    if (call.name === 'DestroyCryptoKeyVersion') return destroy(version)
    if (version.pendingLooks > 0 || version.state !== 'ENABLED') {
      return googleError(400, `${name} is not enabled, current state is: ${version.state}.`, 'FAILED_PRECONDITION')
    }
    return call.name === 'GetPublicKey'
      ? showPublicKey(version, call.query.publicKeyFormat)
      : signWith(version, call.body)
  }

  #lookAt(version: VersionState): Record<string, unknown> {
    if (version.pendingLooks > 0) {
      const shown = showVersion(version)
      version.pendingLooks--
      return shown
    }
    return this.#showInFull(version)
  }

  #showInFull(version: VersionState): Record<string, unknown> {
    const shown = showVersion(version)
    const attested = shown.state === 'ENABLED' && version.protectionLevel.startsWith('HSM')
    return { ...shown, ...(attested ? { attestation: this.#attestVersion(version.name, version.spki) } : {}) }
  }

  /** "… the attestation field is returned for view FULL" alone (CryptoKeyVersionView). */
  #listVersions(versions: readonly VersionState[], query: ReceivedCall['query']): Answer {
    const show = query.view === 'FULL' ? (version: VersionState) => this.#showInFull(version) : showVersion
    return { status: 200, body: page(query, 'cryptoKeyVersions', versions.map(show)) }
  }

  #listRings(location: string, query: ReceivedCall['query']): Answer {
    const rings = [...this.keyRings].filter((name) => name.startsWith(`${location}/keyRings/`))
    return {
      status: 200,
      body: page(
        query,
        'keyRings',
        rings.map((name) => ({ name })),
      ),
    }
  }

  #locationMetadata(): Record<string, unknown> {
    const type = 'type.googleapis.com/google.cloud.kms.v1.LocationMetadata'
    return { '@type': type, ...(this.hsmAvailable ? { hsmAvailable: true } : {}), ekmAvailable: true }
  }

  #createRing(location: string, id: string | undefined): Answer {
    if (id === undefined || !ID.test(id)) return googleError(400, 'keyRingId is not valid', 'INVALID_ARGUMENT')
    const name = `${location}/keyRings/${id}`
    if (this.keyRings.has(name)) return googleError(409, `KeyRing ${name} already exists.`, 'ALREADY_EXISTS')
    this.keyRings.add(name)
    return { status: 200, body: { name, createTime: new Date().toISOString() } }
  }

  /** "If the resource does not exist, this will return an empty set of permissions, not a NOT_FOUND error." (Cloud KMS reference) */
  #testPermissions(resource: string, asked: unknown): Answer {
    const exists = this.keyRings.has(resource) || this.keys.has(resource)
    const held = exists && Array.isArray(asked) ? asked.filter((permission) => this.permissions.has(permission)) : []
    return { status: 200, body: held.length === 0 ? {} : { permissions: held } }
  }

  async #createKey(ring: string, { query, body }: ReceivedCall): Promise<Answer> {
    const id = query.cryptoKeyId
    if (!this.keyRings.has(ring)) return notFound(ring)
    if (id === undefined || !ID.test(id)) return googleError(400, 'cryptoKeyId is not valid', 'INVALID_ARGUMENT')
    const name = `${ring}/cryptoKeys/${id}`
    if (this.keys.has(name)) return googleError(409, `CryptoKey ${name} already exists.`, 'ALREADY_EXISTS')
    const template = { protectionLevel: 'SOFTWARE', algorithm: '', ...(body.versionTemplate as object) }
    if (body.purpose !== 'ASYMMETRIC_SIGN' || !canGenerate(template.algorithm)) {
      return googleError(400, 'algorithm or purpose is not supported', 'INVALID_ARGUMENT')
    }
    const shown = { ...body, name, createTime: new Date().toISOString(), destroyScheduledDuration: '2592000s' }
    const key: KeyState = { name, shown, ...template, versions: [] }
    this.keys.set(name, key)
    if (query.skipInitialVersionCreation !== 'true') await this.#generate(key)
    return { status: 200, body: key.shown }
  }

  #listKeys(ring: string, { query }: ReceivedCall): Answer {
    if (!this.keyRings.has(ring)) return notFound(ring)
    const keys = [...this.keys.values()].filter(({ name }) => name.startsWith(`${ring}/cryptoKeys/`))
    return {
      status: 200,
      body: page(
        query,
        'cryptoKeys',
        keys.map(({ shown }) => shown),
      ),
    }
  }

  async #createVersion(name: string): Promise<Answer> {
    const key = this.keys.get(name)
    if (key === undefined) return notFound(name)
    return { status: 200, body: showVersion(await this.#generate(key)) }
  }

  #generate(key: KeyState): Promise<VersionState> {
    return addVersion(key, this.pendingLooks, this.failures.shift())
  }

  #withKey(name: string, use: (key: KeyState) => Answer): Answer {
    const key = this.keys.get(name)
    return key === undefined ? notFound(name) : use(key)
  }
}

const resourceOf = ({ params }: ReceivedCall): string => params.name ?? params.parent ?? params.resource ?? ''

/** One page of a list, as `pageSize` and `pageToken` ask for it. */
function page(query: ReceivedCall['query'], member: string, all: readonly unknown[]): Record<string, unknown> {
  const begin = Number(query.pageToken ?? 0)
  const end = begin + Number(query.pageSize ?? 100)
  return {
    [member]: all.slice(begin, end),
    totalSize: all.length,
    ...(end < all.length ? { nextPageToken: String(end) } : {}),
  }
}

function showVersion(version: VersionState): Record<string, unknown> {
  const { name, algorithm, protectionLevel, createTime, extra } = version
  if (version.pendingLooks > 0) return { name, algorithm, protectionLevel, createTime, state: 'PENDING_GENERATION' }
  const generated = version.state === 'GENERATION_FAILED' ? {} : { generateTime: createTime }
  return { name, algorithm, protectionLevel, createTime, state: version.state, ...generated, ...extra }
}

function updateLabels(key: KeyState, { body, query }: ReceivedCall): Answer {
  if (query.updateMask !== 'labels') return googleError(400, 'only labels are updated here', 'INVALID_ARGUMENT')
  key.shown = { ...key.shown, labels: body.labels ?? {} }
  return { status: 200, body: key.shown }
}

/** "… can only be … ENABLED or DISABLED"; destroyed for good after the key's destroyScheduledDuration (DestroyCryptoKeyVersion). */
function destroy(version: VersionState): Answer {
  if (version.pendingLooks > 0 || (version.state !== 'ENABLED' && version.state !== 'DISABLED'))
    return googleError(400, `${version.name} cannot be destroyed in state ${version.state}.`, 'FAILED_PRECONDITION')
  version.state = 'DESTROY_SCHEDULED'
  version.extra = { ...version.extra, destroyTime: new Date(Date.now() + 30 * 86_400_000).toISOString() }
  return { status: 200, body: showVersion(version) }
}

/** In `pem` where no format is asked for, else in `publicKey` (GetPublicKeyRequest.public_key_format). */
function showPublicKey({ name, pem, spki, algorithm, protectionLevel }: VersionState, format = UNSPECIFIED): Answer {
  const shown = { name, algorithm, protectionLevel }
  if (format === UNSPECIFIED)
    return { status: 200, body: { ...shown, pem, pemCrc32c: String(crc32c(Buffer.from(pem))) } }
  if (format !== 'PEM' && format !== 'DER')
    return googleError(400, `${algorithm} has no public key in the format ${format}`, 'INVALID_ARGUMENT')
  const octets = format === 'PEM' ? Buffer.from(pem) : Buffer.from(spki)
  const publicKey = { data: octets.toString('base64'), crc32cChecksum: String(crc32c(octets)) }
  return { status: 200, body: { ...shown, publicKeyFormat: format, publicKey } }
}

const UNSPECIFIED = 'PUBLIC_KEY_FORMAT_UNSPECIFIED'

function signWith(version: VersionState, body: Readonly<Record<string, unknown>>): Answer {
  const field = digestField(version.algorithm)
  const digests = body.digest as Readonly<Record<string, string>> | undefined
  const text = digests?.[field]
  if (text === undefined) return googleError(400, `the key takes a ${field} digest`, 'INVALID_ARGUMENT')
  const digest = Buffer.from(text, 'base64')
  if (digest.length !== Number(field.slice(3)) / 8) {
    return googleError(400, `provided digest has incorrect size (got ${digest.length})`, 'INVALID_ARGUMENT')
  }
  const sent = body.digestCrc32c
  if (sent !== undefined && sent !== String(crc32c(digest))) {
    return googleError(400, 'The checksum in digestCrc32c does not match.', 'INVALID_ARGUMENT')
  }
  const signature = signVersionDigest(version, digest)
  return {
    status: 200,
    body: {
      signature: Buffer.from(signature).toString('base64'),
      signatureCrc32c: String(crc32c(signature)),
      ...(sent === undefined ? {} : { verifiedDigestCrc32c: true }),
      name: version.name,
      protectionLevel: version.protectionLevel,
    },
  }
}

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
}

export function googleErrorBody(
  code: number,
  message: string,
  status = STATUS_NAMES[code] ?? 'UNKNOWN',
): Record<string, unknown> {
  return { error: { code, message, status } }
}

const googleError = (code: number, message: string, status?: string): Answer => ({
  status: code,
  body: googleErrorBody(code, message, status),
})

const notFound = (resource: string): Answer => googleError(404, `${resource} not found.`)

function denied(permission: string, resource: string): Answer {
  const message = `Permission '${permission}' denied on resource '${resource}' (or it may not exist).`
  const info = {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: 'IAM_PERMISSION_DENIED',
    domain: 'cloudkms.googleapis.com',
    metadata: { permission, resource },
  }
  return { status: 403, body: { error: { code: 403, message, status: 'PERMISSION_DENIED', details: [info] } } }
}
