/** An asymmetric key object as a DeviceKey. */
import { createHash, X509Certificate } from 'node:crypto'
import {
  type Attestation,
  DeviceError,
  type DeviceKey,
  type HashName,
  KEY_ALGORITHMS,
  type KeyAlgorithm,
  type KeyAttributes,
} from '../device.ts'
import { algorithmName, ENROLMENT_KEYS } from './algorithm.ts'
import { hasCapability } from './capability.ts'
import { getObjectInfo, type ObjectInfo } from './commands/get-object-info.ts'
import { getPublicKey, subjectPublicKeyInfo } from './commands/get-public-key.ts'
import { listObjects } from './commands/list-objects.ts'
import { getOpaque } from './commands/opaque.ts'
import { fitDigest, signEcdsa, signPkcs1 } from './commands/sign.ts'
import { FACTORY_KEY, signAttestationCertificate } from './commands/sign-attestation-certificate.ts'
import { protocolError } from './error-code.ts'
import { formatObjectId, ORIGINS } from './object-type.ts'
import type { Session } from './session.ts'

const DIGESTS: Readonly<Record<HashName, string>> = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' }
/** Octets of the order. */
const ORDER_OCTETS: Partial<Record<KeyAlgorithm, number>> = { 'P-256': 32, 'P-384': 48 }

export interface KeyContext {
  readonly session: Session
  /** PEM text to put behind the device certificate, or empty. */
  readonly intermediates: string
  /** The device's serial number, for messages. */
  readonly serial: string
}

export class ObjectKey implements DeviceKey {
  readonly location: string
  readonly publicKey: Uint8Array
  readonly attributes: KeyAttributes
  readonly info: ObjectInfo
  readonly #algorithm: KeyAlgorithm
  readonly #context: KeyContext

  private constructor(context: KeyContext, info: ObjectInfo, algorithm: KeyAlgorithm, publicKey: Uint8Array) {
    this.#context = context
    this.#algorithm = algorithm
    this.info = info
    this.location = formatObjectId(info.id)
    this.publicKey = publicKey
    this.attributes = attributesOf(info)
  }

  /** Reads the object and its public key. Throws DeviceError `key.not-found`, `key.wrong-type`. */
  static async read(context: KeyContext, id: number): Promise<ObjectKey> {
    const info = await context.session.run(getObjectInfo, { id, type: 'asymmetric-key' })
    const algorithm = enrolmentAlgorithm(info.algorithm)
    if (algorithm === undefined) {
      throw new DeviceError(
        'key.wrong-type',
        `Key ${formatObjectId(id)} is of type ${algorithmName(info.algorithm)}.`,
        {
          remedy: `Use a key of type ${KEY_ALGORITHMS.join(', ')}.`,
        },
      )
    }
    const raw = await context.session.run(getPublicKey, id)
    let spki: Buffer | undefined
    try {
      spki = raw.algorithm === info.algorithm ? subjectPublicKeyInfo(raw) : undefined
    } catch (cause) {
      throw protocolError('get public key', 'the reply is not a public key of its type', cause)
    }
    if (spki === undefined) throw protocolError('get public key', 'the reply is of another key type than the object')
    return new ObjectKey(context, info, algorithm, new Uint8Array(spki))
  }

  static async exists({ session }: KeyContext, id: number): Promise<boolean> {
    return (await session.run(listObjects, { id, type: 'asymmetric-key' })).length > 0
  }

  async sign(hash: HashName, data: Uint8Array): Promise<Uint8Array> {
    const digest = createHash(DIGESTS[hash]).update(data).digest()
    const order = ORDER_OCTETS[this.#algorithm]
    const { session } = this.#context
    return order === undefined
      ? session.run(signPkcs1, { id: this.info.id, digest })
      : session.run(signEcdsa, { id: this.info.id, digest: fitDigest(digest, order) })
  }

  /** Leaf and device certificate as PEM; the device's factory key signs. Throws DeviceError `key.not-attestable`, `device.protocol`. */
  async attest(): Promise<Attestation> {
    const { session, intermediates } = this.#context
    const leaf = await session
      .run(signAttestationCertificate, { id: this.info.id, attestingId: FACTORY_KEY })
      .catch(notAttestable(this.location))
    const device = await session.run(getOpaque, FACTORY_KEY).catch(noDeviceCertificate)
    const leafCertificate = readCertificate('sign attestation certificate', leaf)
    readCertificate('get opaque', device)
    const attested = leafCertificate.publicKey.export({ type: 'spki', format: 'der' })
    if (!attested.equals(this.publicKey)) {
      throw protocolError('sign attestation certificate', `it attests another key than ${this.location}`)
    }
    return { hsmType: 'YUBIHSM2', package: Buffer.from(pem(leaf) + pem(device) + intermediates, 'latin1') }
  }
}

const enrolmentAlgorithm = (number: number): KeyAlgorithm | undefined =>
  KEY_ALGORITHMS.find((name) => ENROLMENT_KEYS[name].algorithm === number)

/** The device's word in PKCS#11 terms: keys never leave it in the clear; under wrap they do where bit 16 is set. */
function attributesOf({ origin, capabilities }: ObjectInfo): KeyAttributes {
  const local = origin === ORIGINS.generated
  const extractable = hasCapability(capabilities, 'exportable-under-wrap')
  return { local, sensitive: true, alwaysSensitive: local, extractable, neverExtractable: local && !extractable }
}

const notAttestable =
  (location: string) =>
  (error: unknown): never => {
    if (!(error instanceof DeviceError) || error.code !== 'device.refused') throw error
    throw new DeviceError(
      'key.not-attestable',
      `The device does not attest key ${location} (${error.vendorCode ?? 'no reason'}).`,
      {
        remedy: 'Check that the authentication key has sign-attestation-certificate and shares a domain with the key.',
        cause: error,
        vendorCode: error.vendorCode,
      },
    )
  }

function noDeviceCertificate(error: unknown): never {
  if (!(error instanceof DeviceError) || (error.code !== 'key.not-found' && error.code !== 'device.refused'))
    throw error
  throw new DeviceError(
    'key.not-attestable',
    `The device certificate (opaque object 0) cannot be read (${error.vendorCode ?? 'no reason'}).`,
    {
      remedy: 'Grant the authentication key the capability get-opaque.',
      cause: error,
    },
  )
}

function readCertificate(command: string, der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch (cause) {
    throw protocolError(command, 'the reply is not a certificate', cause)
  }
}

const pem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${(
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END CERTIFICATE-----\n`
