import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { signDigest } from '../digest-signature.ts'

const generate = promisify(generateKeyPair)

export interface VersionState {
  readonly name: string
  readonly algorithm: string
  protectionLevel: string
  state: string
  /** Looks at the version until generation ends. */
  pendingLooks: number
  readonly createTime: string
  /** Further members of the CryptoKeyVersion: importJob, trustedWrappingEnabled, generationFailureReason. */
  extra: Readonly<Record<string, unknown>>
  readonly privateKey: KeyObject
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  readonly pem: string
}

export interface KeyState {
  readonly name: string
  /** The CryptoKey as the API shows it. */
  shown: Readonly<Record<string, unknown>>
  readonly algorithm: string
  readonly protectionLevel: string
  readonly versions: VersionState[]
}

type Making = {
  readonly hash: string
  readonly generate: () => Promise<{ readonly privateKey: KeyObject; readonly publicKey: KeyObject }>
}

const rsa = (modulusLength: number, hash: string): Making => ({
  hash,
  generate: () => generate('rsa', { modulusLength }),
})
const ec = (namedCurve: string, hash: string): Making => ({ hash, generate: () => generate('ec', { namedCurve }) })

/** What this double can generate. */
const MAKINGS: Readonly<Record<string, Making>> = {
  EC_SIGN_P256_SHA256: ec('P-256', 'sha256'),
  EC_SIGN_P384_SHA384: ec('P-384', 'sha384'),
  RSA_SIGN_PKCS1_2048_SHA256: rsa(2048, 'sha256'),
  RSA_SIGN_PKCS1_3072_SHA256: rsa(3072, 'sha256'),
  RSA_SIGN_PKCS1_4096_SHA256: rsa(4096, 'sha256'),
  RSA_SIGN_PKCS1_4096_SHA512: rsa(4096, 'sha512'),
}

export const canGenerate = (algorithm: string): boolean => Object.hasOwn(MAKINGS, algorithm)
export const digestField = (algorithm: string): string => MAKINGS[algorithm]?.hash ?? ''

/** The next version of a key: generated at once, and shown as pending for as many looks as asked. */
export async function addVersion(
  key: KeyState,
  pendingLooks: number,
  failure: string | undefined,
): Promise<VersionState> {
  const making = MAKINGS[key.algorithm]
  if (making === undefined) throw new Error(`${key.algorithm} is not made here`)
  const { privateKey, publicKey } = await making.generate()
  const version: VersionState = {
    name: `${key.name}/cryptoKeyVersions/${key.versions.length + 1}`,
    algorithm: key.algorithm,
    protectionLevel: key.protectionLevel,
    state: failure === undefined ? 'ENABLED' : 'GENERATION_FAILED',
    pendingLooks,
    createTime: new Date().toISOString(),
    extra: failure === undefined ? {} : { generationFailureReason: failure },
    privateKey,
    spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
  key.versions.push(version)
  return version
}

/** Over a digest that the caller computed, as the HSM signs; `digest` has the length that the algorithm wants. */
export const signVersionDigest = (version: VersionState, digest: Uint8Array): Uint8Array =>
  signDigest(version.privateKey, digestField(version.algorithm), digest)
