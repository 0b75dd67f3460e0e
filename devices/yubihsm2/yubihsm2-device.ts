/** An opened YubiHSM 2. */
import {
  type CertificateStore,
  type Device,
  type DeviceDescription,
  DeviceError,
  type DeviceKey,
  type DeviceLog,
  type KeyDeletion,
  type KeyListing,
  type KeyRef,
  type KeySpec,
  type ListedKey,
} from '../device.ts'
import { readCertificate, storeCertificate } from './certificate-store.ts'
import { getLogEntries } from './commands/get-log-entries.ts'
import { describeDevice } from './describe-device.ts'
import { generateKey, keysWithLabel } from './generate-key.ts'
import { deleteKey, listKeys } from './key-inventory.ts'
import { type KeyContext, ObjectKey } from './object-key.ts'
import { parseObjectId } from './object-type.ts'
import type { OpenedYubiHsm2 } from './opened-device.ts'

export class YubiHsm2Device implements Device, CertificateStore, KeyListing, KeyDeletion, DeviceLog {
  readonly hsmType = 'YUBIHSM2'
  readonly #opened: OpenedYubiHsm2
  readonly #context: KeyContext

  constructor(opened: OpenedYubiHsm2) {
    this.#opened = opened
    this.#context = { session: opened.session, intermediates: opened.intermediates, serial: opened.info.serial }
  }

  describe(): Promise<DeviceDescription> {
    return describeDevice(this.#opened)
  }

  async generateKeyPair(spec: KeySpec): Promise<DeviceKey> {
    const slow = spec.algorithm === 'RSA-4096' ? '; this may take minutes' : ''
    this.#opened.onProgress?.({
      kind: 'generating',
      message: `Generating ${spec.algorithm} on YubiHSM 2 ${this.#opened.info.serial}${slow}`,
    })
    return generateKey(this.#context, this.#opened.settings, spec)
  }

  /** By location, by label, or by both, which must then agree. A YubiHSM 2 has no place for `id`. */
  async findKey(ref: KeyRef): Promise<DeviceKey | undefined> {
    const ids = await this.#candidates(ref)
    const [id] = ids
    if (id === undefined) return undefined
    if (ids.length > 1) {
      throw new DeviceError(
        'device.ambiguous',
        `${ids.length} keys on YubiHSM 2 ${this.#opened.info.serial} have the label "${ref.label ?? ''}".`,
        {
          remedy: 'Specify the intended key by its object ID.',
        },
      )
    }
    return ObjectKey.read(this.#context, id)
  }

  async #candidates({ label, location }: KeyRef): Promise<readonly number[]> {
    if (location === undefined && label === undefined) {
      throw new DeviceError(
        'device.unsupported',
        'Could not search for the key: on a YubiHSM 2 it is found only by its label or its object ID.',
        {
          remedy: 'Specify the label, or the object ID such as 0x1234.',
        },
      )
    }
    const labelled = label === undefined ? undefined : await keysWithLabel(this.#context, label)
    if (location === undefined) return labelled ?? []
    const id = parseObjectId(location)
    if (id === undefined) {
      throw new DeviceError('device.settings', `"${location.slice(0, 40)}" is not an object ID.`, {
        remedy: 'Write it as 0x1234.',
      })
    }
    if (labelled !== undefined) return labelled.filter((candidate) => candidate === id)
    return (await ObjectKey.exists(this.#context, id)) ? [id] : []
  }

  listKeys(): Promise<readonly ListedKey[]> {
    return listKeys(this.#context)
  }

  deleteKey(location: string, publicKey?: Uint8Array): Promise<void> {
    return deleteKey(this.#context, location, publicKey)
  }

  async storeCertificate(
    key: DeviceKey,
    certificate: Uint8Array,
    options: { readonly replace?: boolean } = {},
  ): Promise<void> {
    const { info } = await this.#own(key)
    await storeCertificate(this.#opened.session, info, certificate, options.replace ?? false)
  }

  async readCertificate(key: DeviceKey): Promise<Uint8Array | undefined> {
    return readCertificate(this.#opened.session, (await this.#own(key)).info.id)
  }

  async readDeviceLog(): Promise<{ readonly format: 'yubihsm2'; readonly content: Uint8Array }> {
    return { format: 'yubihsm2', content: await this.#opened.session.run(getLogEntries, undefined) }
  }

  /** The key as it stands on this device now; another key under the same id is refused. */
  async #own(key: DeviceKey): Promise<ObjectKey> {
    const id = parseObjectId(key.location)
    const found = id === undefined ? undefined : await ObjectKey.read(this.#context, id)
    if (found !== undefined && Buffer.from(found.publicKey).equals(key.publicKey)) return found
    throw new DeviceError('key.not-found', `This certificate is not for key ${key.location}.`, {
      remedy: 'Check that the right device is open.',
    })
  }

  async close(): Promise<void> {
    try {
      await this.#opened.session.close()
    } finally {
      this.#opened.connector.close()
      this.#opened.lock.release()
    }
  }
}
