import { createPrivateKey, X509Certificate } from 'node:crypto'
import {
  type CertificateStore,
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
import type { ConnectionSettings } from '../http/connection-settings.ts'
import { HttpClient } from '../http/http-client.ts'
import { protocolError } from '../http/json-fields.ts'
import { Redaction } from '../http/redaction.ts'
import type { RetryPolicy } from '../http/retry.ts'
import { keyAlgorithmOf } from '../key-algorithm.ts'
import { settingError } from '../setting-reader.ts'
import { KEY_PARAMETERS } from './algorithms.ts'
import { Approvals } from './approval.ts'
import { readCertificateObject, storeCertificateObject } from './certificate-object.ts'
import { readCredential } from './credential.ts'
import { describeDsm } from './description.ts'
import { DsmClient } from './dsm-client.ts'
import { FortanixKey } from './fortanix-key.ts'
import { createKey, runId } from './key-creation.ts'
import { deleteKey, listKeys } from './key-inventory.ts'
import { Session } from './session.ts'
import { type FortanixSettings, readFortanixSettings, UUID } from './settings.ts'
import { lookUp } from './sobject-lookup.ts'

/** An app's view of one DSM cluster. */
export class FortanixDevice implements Device, CertificateStore, KeyListing, KeyDeletion {
  readonly hsmType = 'FORTANIX'
  readonly #client: DsmClient
  readonly #settings: FortanixSettings
  readonly #approvals: Approvals
  readonly #onProgress: OpenOptions['onProgress']

  constructor(client: DsmClient, settings: FortanixSettings, onProgress: OpenOptions['onProgress']) {
    this.#client = client
    this.#settings = settings
    this.#onProgress = onProgress
    this.#approvals = new Approvals(client, settings.approvalWaitMs, onProgress)
  }

  describe(): Promise<DeviceDescription> {
    return describeDsm(this.#client, this.#settings)
  }

  async generateKeyPair(spec: KeySpec): Promise<DeviceKey> {
    if (!Object.hasOwn(KEY_PARAMETERS, spec.algorithm)) {
      throw new DeviceError('device.unsupported', `hsm-enroll does not generate ${spec.algorithm} keys in DSM.`, {
        remedy: `Use one of ${Object.keys(KEY_PARAMETERS).join(', ')}.`,
      })
    }
    this.#onProgress?.({ kind: 'generating', message: `Generating ${spec.algorithm} in DSM` })
    const key = this.#keyOf(await createKey(this.#client, this.#approvals, spec, this.#settings.group))
    if (keyAlgorithmOf(key.publicKey) === spec.algorithm) return key
    throw protocolError(`${key.location} is not the ${spec.algorithm} key that was asked for`)
  }

  /** A key of the label that another run made (its id says so) is not the one asked for. */
  async findKey(ref: KeyRef): Promise<DeviceKey | undefined> {
    const { label, location, id } = ref
    if (location !== undefined && !UUID.test(location)) return undefined
    const descriptor =
      location !== undefined ? { kid: location.toLowerCase() } : label !== undefined ? { name: label } : undefined
    if (descriptor === undefined) return undefined
    const sobject = await lookUp(this.#client, descriptor)
    if (sobject === undefined) return undefined
    if (location === undefined && id !== undefined && sobject.runId !== runId({ id })) return undefined
    return this.#keyOf(sobject)
  }

  async storeCertificate(
    key: DeviceKey,
    certificate: Uint8Array,
    options: { readonly replace?: boolean } = {},
  ): Promise<void> {
    await storeCertificateObject(this.#client, await this.#ours(key), certificate, options.replace ?? false)
  }

  async readCertificate(key: DeviceKey): Promise<Uint8Array | undefined> {
    return readCertificateObject(this.#client, await this.#ours(key))
  }

  listKeys(): Promise<readonly ListedKey[]> {
    return listKeys(this.#client, this.#settings.group)
  }

  deleteKey(location: string, publicKey?: Uint8Array): Promise<void> {
    return deleteKey(this.#client, this.#approvals, location, publicKey)
  }

  async close(): Promise<void> {
    await this.#client.session.terminate()
    await this.#client.http.close()
  }

  #keyOf(sobject: ConstructorParameters<typeof FortanixKey>[0]): FortanixKey {
    return new FortanixKey(sobject, this.#client, this.#approvals)
  }

  async #ours(key: DeviceKey): Promise<FortanixKey> {
    const found = key instanceof FortanixKey ? key : await this.findKey({ location: key.location })
    if (found instanceof FortanixKey) return found
    throw new DeviceError('key.not-found', `DSM has no key ${key.location.slice(0, 60)}.`, {
      remedy: 'Check endpoint and group.',
    })
  }
}

/** Reads settings and credential; the first call goes out when something is asked. `retry` is for tests. */
export async function openFortanix(
  uri: string,
  options: OpenOptions,
  retry: Partial<RetryPolicy> = {},
): Promise<FortanixDevice> {
  const settings = readFortanixSettings(uri, options.settings)
  const redaction = new Redaction()
  const { clientKey, ...credential } = await readCredential(settings, options.secret, redaction)
  const connection = clientKey === undefined ? settings.connection : withClientKey(settings.connection, clientKey)
  const http = new HttpClient(connection, options, retry, redaction)
  const client = new DsmClient(http, new Session(http, settings.endpoint, credential), settings.endpoint)
  return new FortanixDevice(client, settings, options.onProgress)
}

/** TLS would refuse a pair that does not fit with each call, and as a connection that failed. */
function withClientKey(connection: ConnectionSettings, clientKey: string): ConnectionSettings {
  if (new X509Certificate(connection.clientCertificate ?? '').checkPrivateKey(createPrivateKey(clientKey)))
    return { ...connection, clientKey }
  throw settingError(
    'clientCertificateFile',
    'the private key belongs to another certificate',
    "Put the app's certificate first in the file, and set the source of its key in device.secrets.client-certificate-key.",
  )
}
