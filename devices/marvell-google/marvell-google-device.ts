import {
  type Device,
  type DeviceDescription,
  DeviceError,
  type DeviceKey,
  type KeyDeletion,
  type KeyListing,
  type KeyRef,
  type KeySpec,
  type ListedKey,
  type OpenOptions,
} from '../device.ts'
import { HttpClient } from '../http/http-client.ts'
import type { RetryPolicy } from '../http/retry.ts'
import { type DeviceLock, lockDevice } from '../lock/device-lock.ts'
import { NEW_KEY_ALGORITHMS } from './algorithms.ts'
import { awaitGeneration, type CryptoKeyVersion } from './crypto-key-version.ts'
import { describeKms } from './description.ts'
import { GoogleCredentials } from './google-credentials.ts'
import { createOwnKey, findOwnVersion, ownKeyName } from './key-creation.ts'
import { deleteKey, listKeys } from './key-inventory.ts'
import { KmsClient } from './kms-client.ts'
import { MarvellGoogleKey } from './marvell-google-key.ts'
import { parseVersionName } from './resource-name.ts'
import { type MarvellGoogleSettings, readMarvellGoogleSettings } from './settings.ts'
import { createVersionOf, findVersionOf } from './version-creation.ts'

/** One key ring of Cloud KMS, or one key in it. */
export class MarvellGoogleDevice implements Device, KeyListing, KeyDeletion {
  readonly hsmType = 'MARVELL_GOOGLE'
  readonly #client: KmsClient
  readonly #settings: MarvellGoogleSettings
  readonly #onProgress: OpenOptions['onProgress']
  readonly #lock: DeviceLock | undefined

  constructor(
    client: KmsClient,
    settings: MarvellGoogleSettings,
    onProgress: OpenOptions['onProgress'],
    lock?: DeviceLock,
  ) {
    this.#lock = lock
    this.#client = client
    this.#settings = settings
    this.#onProgress = onProgress
  }

  describe(): Promise<DeviceDescription> {
    return describeKms(this.#client, this.#settings)
  }

  async generateKeyPair(spec: KeySpec): Promise<DeviceKey> {
    if (!Object.hasOwn(NEW_KEY_ALGORITHMS, spec.algorithm)) {
      throw new DeviceError('device.unsupported', `hsm-enroll does not generate ${spec.algorithm} keys in Cloud HSM.`, {
        remedy: `Use one of ${Object.keys(NEW_KEY_ALGORITHMS).join(', ')}.`,
      })
    }
    this.#onProgress?.({ kind: 'generating', message: `Generating ${spec.algorithm} in Cloud HSM` })
    const { cryptoKey } = this.#settings.place
    const name =
      cryptoKey === undefined
        ? await createOwnKey(this.#client, this.#settings, spec)
        : await createVersionOf(this.#client, cryptoKey, spec)
    return this.#open(name)
  }

  /** By location, or by the label and the id that the run wrote into the labels of the key. */
  async findKey({ location, label, id }: KeyRef): Promise<DeviceKey | undefined> {
    if (location !== undefined) return this.#findLocation(location)
    const version = await this.#findVersion(label, id)
    return version === undefined ? undefined : this.#open(version.name)
  }

  listKeys(): Promise<readonly ListedKey[]> {
    return listKeys(this.#client, this.#settings.place)
  }

  deleteKey(location: string, publicKey?: Uint8Array): Promise<void> {
    return deleteKey(this.#client, this.#settings.place, { location, publicKey }, this.#onProgress)
  }

  async close(): Promise<void> {
    try {
      await this.#client.http.close()
    } finally {
      this.#lock?.release()
    }
  }

  async #findVersion(label: string | undefined, id: Uint8Array | undefined): Promise<CryptoKeyVersion | undefined> {
    const { cryptoKey } = this.#settings.place
    if (cryptoKey !== undefined) return id === undefined ? undefined : findVersionOf(this.#client, cryptoKey, { id })
    return label === undefined ? undefined : findOwnVersion(this.#client, ownKeyName(this.#settings, label), id)
  }

  async #findLocation(location: string): Promise<DeviceKey | undefined> {
    if (parseVersionName(location) === undefined) return undefined
    try {
      return await this.#open(location)
    } catch (error) {
      if (error instanceof DeviceError && error.code === 'key.not-found') return undefined
      throw error
    }
  }

  async #open(name: string): Promise<MarvellGoogleKey> {
    const version = await awaitGeneration(this.#client, name, this.#settings.generationWaitMs)
    return MarvellGoogleKey.of(version, this.#client, this.#settings)
  }
}

/**
 * Reads the settings; the first call goes out when something is asked. A key ring takes any number of runs, for each makes a key under a
 * name of its own; two that make versions of one key at a time could not tell theirs apart, so that key is locked. `retry` is for tests.
 */
export async function openMarvellGoogle(
  uri: string,
  options: OpenOptions,
  retry: Partial<RetryPolicy> = {},
): Promise<MarvellGoogleDevice> {
  const settings = readMarvellGoogleSettings(uri, options.settings)
  const http = new HttpClient(settings.connection, options, retry)
  const credentials = new GoogleCredentials(http, settings, options.secret)
  const client = new KmsClient(http, credentials, settings.endpoint)
  const { cryptoKey } = settings.place
  const lock = cryptoKey === undefined ? undefined : await lockDevice(['MARVELL_GOOGLE', cryptoKey], cryptoKey, options)
  return new MarvellGoogleDevice(client, settings, options.onProgress, lock)
}
