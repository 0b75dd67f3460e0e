import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Attestation, DeviceKey, HashName, KeyAttributes } from '../device.ts'
import { DeviceError } from '../device-error.ts'

/** What names a key on a token. */
export interface KeyIdentity {
  readonly label: string
  readonly id: Uint8Array
}

/** The device's side of a key. */
export interface KeyOperations {
  sign(key: TokenKey, hash: HashName, data: Uint8Array): Promise<Uint8Array>
  attest(key: TokenKey): Promise<Attestation>
}

/** A key pair on a token. The private half is looked up when it is needed. */
export class TokenKey implements DeviceKey {
  readonly location: string
  readonly identity: KeyIdentity
  readonly publicKey: Uint8Array
  readonly publicKeyObject: KeyObject
  /** Session object handles, where they are known already. */
  readonly publicHandle: Buffer | undefined
  privateHandle: Buffer | undefined
  attributes?: KeyAttributes
  readonly #operations: KeyOperations

  constructor(
    operations: KeyOperations,
    key: {
      readonly location: string
      readonly identity: KeyIdentity
      readonly publicKey: Uint8Array
      readonly publicHandle?: Buffer | undefined
      readonly privateHandle?: Buffer | undefined
    },
  ) {
    this.#operations = operations
    this.location = key.location
    this.identity = key.identity
    this.publicKey = key.publicKey
    this.publicKeyObject = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
    this.publicHandle = key.publicHandle
    this.privateHandle = key.privateHandle
  }

  get isRsa(): boolean {
    return this.publicKeyObject.asymmetricKeyType === 'rsa'
  }

  /** Bytes of the curve's field. Throws DeviceError `key.wrong-type` where the key is on no curve of ours. */
  get fieldBytes(): number {
    const curve = this.publicKeyObject.asymmetricKeyDetails?.namedCurve
    if (curve === 'prime256v1') return 32
    if (curve === 'secp384r1') return 48
    throw new DeviceError(
      'key.wrong-type',
      `Could not use the key ${this.location}: it is neither RSA, P-256 nor P-384.`,
      {
        remedy: 'Specify another key, or let hsm-enroll generate one.',
      },
    )
  }

  sign(hash: HashName, data: Uint8Array): Promise<Uint8Array> {
    return this.#operations.sign(this, hash, data)
  }

  attest(): Promise<Attestation> {
    return this.#operations.attest(this)
  }
}

const LOCATION = /^label=(.*);id=((?:[0-9a-f]{2})*)$/s

/** `label=NAME;id=HEX`: how a key of a PKCS#11 token is named in the run folder and by `--replace-key`. */
export const keyLocation = ({ label, id }: KeyIdentity): string =>
  `label=${label};id=${Buffer.from(id).toString('hex')}`

/** The inverse of `keyLocation`; undefined for anything else. */
export function parseKeyLocation(location: string): KeyIdentity | undefined {
  const match = LOCATION.exec(location)
  return match === null ? undefined : { label: match[1] ?? '', id: Uint8Array.from(Buffer.from(match[2] ?? '', 'hex')) }
}
