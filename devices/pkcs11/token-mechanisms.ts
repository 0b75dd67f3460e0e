import { type Capability, KEY_ALGORITHMS, type KeyAlgorithm } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import type { Cryptoki } from './cryptoki.ts'
import { chooseMechanism, KEY_SHAPES, type MechanismTable } from './key-algorithm.ts'

/** What C_GetMechanismInfo tells; key sizes in bits, 0 where it does not tell. */
export interface MechanismInfo {
  readonly flags: number
  readonly minKeySize: number
  readonly maxKeySize: number
}

/** The mechanisms of one slot; the list is read once, each entry's details when asked for. */
export class TokenMechanisms implements MechanismTable {
  readonly #cryptoki: Cryptoki
  readonly #slot: Buffer
  #list: ReadonlySet<number> | undefined
  readonly #info = new Map<number, MechanismInfo | undefined>()

  constructor(cryptoki: Cryptoki, slot: Buffer) {
    this.#cryptoki = cryptoki
    this.#slot = slot
  }

  has(mechanism: number): boolean {
    this.#list ??= new Set(
      this.#cryptoki.run('C_GetMechanismList', undefined, (library) => library.C_GetMechanismList(this.#slot)),
    )
    return this.#list.has(mechanism)
  }

  /** Undefined where the module lists a mechanism and then does not know it. */
  info(mechanism: number): MechanismInfo | undefined {
    if (!this.#info.has(mechanism)) this.#info.set(mechanism, this.#read(mechanism))
    return this.#info.get(mechanism)
  }

  #read(mechanism: number): MechanismInfo | undefined {
    try {
      return this.#cryptoki.run('C_GetMechanismInfo', `mechanism 0x${mechanism.toString(16)}`, (library) =>
        library.C_GetMechanismInfo(this.#slot, mechanism),
      )
    } catch (error) {
      if (error instanceof DeviceError && error.vendorCode === 'CKR_MECHANISM_INVALID') return undefined
      throw error
    }
  }
}

/** Which generation mechanisms a family tries, best first. */
export interface GenerationPreference {
  readonly rsa: readonly number[]
  readonly ec: readonly number[]
}

/** Why the token cannot make such a key, or undefined. */
export function whyNotGenerated(
  algorithm: KeyAlgorithm,
  table: MechanismTable,
  preference: GenerationPreference,
): string | undefined {
  const shape = KEY_SHAPES[algorithm]
  const mechanism = chooseMechanism(table, shape.kind === 'RSA' ? preference.rsa : preference.ec)
  if (mechanism === undefined) return `the token lists no mechanism that generates ${shape.kind} keys`
  const info = table.info(mechanism)
  if (info === undefined) return undefined
  const bits = shape.kind === 'RSA' ? shape.bits : shape.bytes * 8
  if (info.minKeySize > bits) return `the token generates ${shape.kind} keys only from ${info.minKeySize} bits`
  if (info.maxKeySize > 0 && info.maxKeySize < bits)
    return `the token generates ${shape.kind} keys only up to ${info.maxKeySize} bits`
  return undefined
}

/** One line per key type of the contract; `reasonAgainst` tells why one is not made, or undefined. */
export function capabilitiesOf(reasonAgainst: (algorithm: KeyAlgorithm) => string | undefined): readonly Capability[] {
  return KEY_ALGORITHMS.map((algorithm) => {
    const reason = reasonAgainst(algorithm)
    return reason === undefined ? { algorithm, supported: true } : { algorithm, supported: false, reason }
  })
}
