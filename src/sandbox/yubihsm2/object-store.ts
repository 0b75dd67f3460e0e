/** The objects of the double: addressed by type and id, 256 at most, with a sequence number that outlives deletion. */
import { type KeyObject, randomInt } from 'node:crypto'
import { ALGORITHMS } from '../../../devices/yubihsm2/algorithm.ts'
import { padded } from '../../../devices/yubihsm2/byte-writer.ts'
import { ALL_CAPABILITIES } from '../../../devices/yubihsm2/capability.ts'
import { OBJECT_TYPES, ORIGINS } from '../../../devices/yubihsm2/object-type.ts'
import { refuse } from './command-failure.ts'

export interface ObjectFields {
  readonly id: number
  readonly type: number
  readonly algorithm: number
  readonly domains: number
  readonly capabilities: bigint
  readonly delegated: bigint
  /** 40 bytes. */
  readonly label: Buffer
  readonly origin: number
  /** As it would be imported: p q, scalar, seed, key, data. */
  readonly bytes: Buffer
  /** For asymmetric keys. */
  readonly key?: KeyObject
}

export interface StoredObject extends ObjectFields {
  readonly sequence: number
}

export const CAPACITY = 256
/** Label of the authentication key that a factory-fresh device carries under id 1; its password is "password". */
const FACTORY_LABEL = 'DEFAULT AUTHKEY CHANGE THIS ASAP'

const place = (type: number, id: number): number => (type << 16) | id

export class ObjectStore {
  readonly #objects = new Map<number, StoredObject>()
  readonly #sequences = new Map<number, number>()

  get size(): number {
    return this.#objects.size
  }

  /** Forgets everything and puts the factory authentication key back. @param factoryKey K-ENC, K-MAC */
  reset(factoryKey: Buffer): void {
    this.#objects.clear()
    this.#sequences.clear()
    this.add({
      id: 1,
      type: OBJECT_TYPES['authentication-key'],
      algorithm: ALGORITHMS['aes128-yubico-authentication'],
      domains: 0xffff,
      capabilities: ALL_CAPABILITIES,
      delegated: ALL_CAPABILITIES,
      label: padded(FACTORY_LABEL, 40),
      origin: ORIGINS.imported,
      bytes: factoryKey,
    })
  }

  list(): readonly StoredObject[] {
    return [...this.#objects.values()].sort((a, b) => a.id - b.id || a.type - b.type)
  }

  find(type: number, id: number): StoredObject | undefined {
    return this.#objects.get(place(type, id))
  }

  /** Id 0 takes a free one. Throws CommandFailure where the id is taken, reserved, or the store is full. */
  add(fields: ObjectFields): StoredObject {
    if (this.size >= CAPACITY) throw refuse('storageFailed')
    if (fields.id === 0xffff) throw refuse('invalidId')
    const id = fields.id === 0 ? this.#freeId(fields.type) : fields.id
    const at = place(fields.type, id)
    if (this.#objects.has(at)) throw refuse('objectExists')
    const sequence = this.#sequences.get(at) ?? 0
    this.#sequences.set(at, (sequence + 1) & 0xff)
    const object = { ...fields, id, sequence }
    this.#objects.set(at, object)
    return object
  }

  /** New secret for an object that stays what it is. */
  replaceBytes(object: StoredObject, bytes: Buffer): void {
    this.#objects.set(place(object.type, object.id), { ...object, bytes })
  }

  remove(object: StoredObject): void {
    this.#objects.delete(place(object.type, object.id))
  }

  #freeId(type: number): number {
    for (;;) {
      const id = randomInt(1, 0xffff)
      if (!this.#objects.has(place(type, id))) return id
    }
  }
}
