import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import { signDigest, verifyDigest } from '../digest-signature.ts'

const generate = promisify(generateKeyPair)

/** One object as the double keeps it. `shown` is the Sobject of the API. */
export interface SecurityObject {
  readonly kid: string
  readonly shown: Readonly<Record<string, unknown>>
  readonly privateKey?: KeyObject
  /** SubjectPublicKeyInfo, DER. */
  readonly spki?: Uint8Array
  readonly value?: string
}

export const ACCOUNT = '11111111-2222-4333-8444-555555555555'
/** DSM writes dates so. */
export const dsmTime = (date: Date): string => date.toISOString().replace(/[-:]|\.\d+/g, '')

const CURVES: Readonly<Record<string, string>> = { NistP256: 'P-256', NistP384: 'P-384', NistP521: 'P-521' }

/** Generates what a SobjectRequest asks for; undefined where it asks for something that this double cannot make. */
export async function generateObject(
  request: Readonly<Record<string, unknown>>,
  creator: string,
): Promise<SecurityObject | undefined> {
  const { obj_type, key_size, elliptic_curve } = request
  const curve = typeof elliptic_curve === 'string' ? CURVES[elliptic_curve] : undefined
  const pair =
    obj_type === 'RSA' && typeof key_size === 'number'
      ? await generate('rsa', { modulusLength: key_size })
      : obj_type === 'EC' && curve !== undefined
        ? await generate('ec', { namedCurve: curve })
        : undefined
  if (pair === undefined) return undefined
  const spki = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }))
  const kid = randomUUID()
  const operations = Array.isArray(request.key_ops)
    ? request.key_ops
    : ['SIGN', 'VERIFY', 'ENCRYPT', 'DECRYPT', 'WRAPKEY', 'UNWRAPKEY']
  return {
    kid,
    privateKey: pair.privateKey,
    spki,
    shown: {
      ...common(request, kid, creator),
      ...(typeof elliptic_curve === 'string' ? { elliptic_curve } : {}),
      ...(typeof key_size === 'number' ? { key_size } : {}),
      key_ops: operations,
      never_exportable: !operations.includes('EXPORT'),
      origin: 'FortanixHSM',
      pub_key: Buffer.from(spki).toString('base64'),
    },
  }
}

/** What PUT makes of a certificate. */
export function importCertificate(request: Readonly<Record<string, unknown>>, creator: string): SecurityObject {
  const kid = randomUUID()
  return {
    kid,
    value: String(request.value),
    shown: { ...common(request, kid, creator), key_ops: ['VERIFY'], origin: 'External', public_only: true },
  }
}

function common(request: Readonly<Record<string, unknown>>, kid: string, creator: string): Record<string, unknown> {
  return {
    acct_id: ACCOUNT,
    created_at: dsmTime(new Date()),
    creator: { app: creator },
    custom_metadata: request.custom_metadata ?? {},
    ...(typeof request.description === 'string' ? { description: request.description } : {}),
    enabled: request.enabled ?? true,
    group_id: request.group_id,
    kid,
    lastused_at: '19700101T000000Z',
    name: request.name,
    obj_type: request.obj_type,
    public_only: false,
    state: 'Active',
  }
}

const HASHES: Readonly<Record<string, string>> = { SHA1: 'sha1', SHA256: 'sha256', SHA384: 'sha384', SHA512: 'sha512' }

/** ECDSA as DER; RSA as the mode says, and PSS without a mode, as a group's policy may want it. */
export function signWith(object: SecurityObject, request: Readonly<Record<string, unknown>>): Uint8Array {
  const { privateKey } = object
  if (privateKey === undefined) throw new Error('no private key')
  if (request.hash === undefined) {
    const data = Buffer.from(String(request.data), 'base64')
    return sign(hashOf(request), data, { key: privateKey, ...paddingOf(privateKey, request) })
  }
  const digest = Buffer.from(String(request.hash), 'base64')
  return signDigest(privateKey, hashOf(request), digest)
}

/** `data` under `alg` of a DigestRequest. */
export const digestOf = ({ alg, data }: Readonly<Record<string, unknown>>): Buffer =>
  createHash(HASHES[String(alg)] ?? '')
    .update(Buffer.from(String(data), 'base64'))
    .digest()

/** Over `data`, or over a `hash`, for RSA with PKCS#1 v1.5 then. */
export function verifyWith(object: SecurityObject, request: Readonly<Record<string, unknown>>): boolean {
  const { spki } = object
  if (spki === undefined) throw new Error('no public key')
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  const signature = Buffer.from(String(request.signature), 'base64')
  if (request.data === undefined)
    return verifyDigest(key, hashOf(request), Buffer.from(String(request.hash), 'base64'), signature)
  const data = Buffer.from(String(request.data), 'base64')
  return verify(hashOf(request), data, { key, ...paddingOf(key, request) }, signature)
}

const hashOf = (request: Readonly<Record<string, unknown>>): string => HASHES[String(request.hash_alg)] ?? ''

function paddingOf(key: KeyObject, { mode }: Readonly<Record<string, unknown>>): { readonly padding?: number } {
  if (key.asymmetricKeyType === 'ec') return {}
  const pkcs1 = mode instanceof Object && 'PKCS1_V15' in mode
  return { padding: pkcs1 ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING }
}
