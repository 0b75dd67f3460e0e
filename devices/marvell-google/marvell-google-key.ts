import { createHash, createPublicKey, verify } from 'node:crypto'
import { type Attestation, DeviceError, type DeviceKey, type HashName } from '../device.ts'
import { DIGEST_FIELDS, SIGNING_ALGORITHMS } from './algorithms.ts'
import { checkedCall, checksumFits } from './checked-call.ts'
import { crc32cText } from './crc32c.ts'
import { type CryptoKeyVersion, refuseUnsuitable } from './crypto-key-version.ts'
import { attestVersion } from './hsm-attestation.ts'
import type { KmsClient } from './kms-client.ts'
import { getPublicKey } from './public-key.ts'
import type { MarvellGoogleSettings } from './settings.ts'

type KeySettings = Pick<MarvellGoogleSettings, 'packageForm' | 'generationWaitMs'>

/** One key version. `location` is its full resource name. */
export class MarvellGoogleKey implements DeviceKey {
  readonly location: string
  readonly publicKey: Uint8Array
  readonly #version: CryptoKeyVersion
  readonly #client: KmsClient
  readonly #settings: KeySettings

  private constructor(version: CryptoKeyVersion, publicKey: Uint8Array, client: KmsClient, settings: KeySettings) {
    this.location = version.name
    this.publicKey = publicKey
    this.#version = version
    this.#client = client
    this.#settings = settings
  }

  /** Throws DeviceError where the version cannot be enrolled (SOFTWARE, imported, …). */
  static async of(version: CryptoKeyVersion, client: KmsClient, settings: KeySettings): Promise<MarvellGoogleKey> {
    refuseUnsuitable(version)
    return new MarvellGoogleKey(version, await getPublicKey(client, version), client, settings)
  }

  /** The algorithm of the version fixes the hash; another one is refused before anything is sent. */
  async sign(hash: HashName, data: Uint8Array): Promise<Uint8Array> {
    const { name, algorithm, protectionLevel } = this.#version
    const fixed = SIGNING_ALGORITHMS[algorithm]?.hash
    if (hash !== fixed) {
      throw new DeviceError('device.unsupported', `The key ${name} signs with ${fixed} only, not with ${hash}.`, {
        remedy: `Set request.hash to ${fixed}.`,
      })
    }
    const digest = createHash(DIGEST_FIELDS[hash]).update(data).digest()
    const request = {
      call: 'AsymmetricSign',
      method: 'POST',
      resource: `${name}:asymmetricSign`,
      body: { digest: { [DIGEST_FIELDS[hash]]: digest.toString('base64') }, digestCrc32c: crc32cText(digest) },
      repeatable: true,
    } as const
    const { signature } = await checkedCall(this.#client, request, 'sign with the key', (reply) => {
      const bytes = reply.bytes('signature')
      if (reply.optionalFlag('verifiedDigestCrc32c') !== true) return 'the service did not check digestCrc32c'
      if (!checksumFits(reply, 'signatureCrc32c', bytes)) return 'signatureCrc32c does not match'
      if (reply.text('name') !== name) return 'the response is about another key version'
      if (reply.text('protectionLevel') !== protectionLevel) return 'the response has another protection level'
      return { signature: bytes }
    })
    const key = createPublicKey({ key: Buffer.from(this.publicKey), format: 'der', type: 'spki' })
    if (verify(DIGEST_FIELDS[hash], data, key, signature)) return signature
    throw new DeviceError(
      'device.protocol',
      'Cloud KMS returned a signature that does not verify with the public key.',
      {
        remedy: 'Resume the run; if it persists, generate a new key.',
      },
    )
  }

  attest(): Promise<Attestation> {
    return attestVersion(this.#client, this.location, this.#settings)
  }
}
