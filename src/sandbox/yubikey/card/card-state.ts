/** What a card remembers without power: keys, objects, PIN, PUK and management key. */
import type { KeyObject } from 'node:crypto'
import type { KeyType } from './key-type.ts'
import { DEFAULT_MANAGEMENT_KEY, MANAGEMENT_ALGORITHMS, type ManagementAlgorithm } from './management-key.ts'
import type { Personality } from './personality.ts'
import { OBJECT_ATTESTATION_CERTIFICATE, SLOT_ATTESTATION } from './slots.ts'

export interface StoredKey {
  readonly type: KeyType
  readonly key: KeyObject
  readonly generated: boolean
  readonly pinPolicy: number
  readonly touchPolicy: number
}

/** A PIN or PUK with its counter. `value` is padded with FF to 8 octets. */
export interface Reference {
  value: Uint8Array
  total: number
  left: number
  isDefault: boolean
}

export interface ManagementKey {
  readonly algorithm: ManagementAlgorithm
  readonly value: Uint8Array
  readonly touch: boolean
  readonly isDefault: boolean
}

export const DEFAULT_PIN = '123456'
export const DEFAULT_PUK = '12345678'
const DEFAULT_TRIES = 3

const padReference = (text: string): Uint8Array => Buffer.from(text.padEnd(8, '\xff'), 'latin1')

export function freshReference(text: string, tries = DEFAULT_TRIES): Reference {
  return { value: padReference(text), total: tries, left: tries, isDefault: true }
}

export class CardState {
  readonly keys = new Map<number, StoredKey>()
  /** Object id -> the whole 53 TLV's content. */
  readonly objects = new Map<number, Uint8Array>()
  pin = freshReference(DEFAULT_PIN)
  puk = freshReference(DEFAULT_PUK)
  managementKey: ManagementKey
  readonly #personality: Personality

  constructor(personality: Personality) {
    this.#personality = personality
    this.managementKey = factoryManagementKey(personality)
  }

  /** PIV reset: everything goes but the attestation key and its certificate. */
  reset(): void {
    for (const slot of [...this.keys.keys()]) if (slot !== SLOT_ATTESTATION) this.keys.delete(slot)
    for (const id of [...this.objects.keys()]) if (id !== OBJECT_ATTESTATION_CERTIFICATE) this.objects.delete(id)
    this.pin = freshReference(DEFAULT_PIN)
    this.puk = freshReference(DEFAULT_PUK)
    this.managementKey = factoryManagementKey(this.#personality)
  }
}

function factoryManagementKey(personality: Personality): ManagementKey {
  const algorithm = MANAGEMENT_ALGORITHMS.find((entry) => entry.id === personality.managementAlgorithm)
  if (algorithm === undefined) throw new RangeError('the personality names no management key algorithm')
  return { algorithm, value: DEFAULT_MANAGEMENT_KEY, touch: false, isDefault: true }
}
