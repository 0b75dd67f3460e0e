/** The values of the protocol as the token handles them, and how a handler takes them from a request. */

/**
 * An attribute as a CK_ATTRIBUTE holds it on a 64-bit little-endian host: a CK_ULONG is 8 bytes, least significant first.
 * `length` is ulValueLen (undefined: -1, "unavailable"); `value` is null for a NULL pointer.
 */
export interface Attribute {
  readonly type: number
  readonly length: number | undefined
  readonly value: Uint8Array | null
  /** WRAP_TEMPLATE and its kin hold attributes instead of bytes. */
  readonly nested?: readonly Attribute[]
}

export interface AttributeRoom {
  readonly type: number
  /** Bytes the caller has room for; 0 asks for the length. */
  readonly room: number
}

export interface Mechanism {
  readonly mechanism: number
  /** Empty where the mechanism takes none. For PSS and OAEP the numbers of the parameter structure. */
  readonly parameters: readonly bigint[]
  /** OAEP source data. */
  readonly data?: Uint8Array | null
}

/** One value, tagged with its code in the signature. */
export type RpcValue =
  | { readonly code: 'u'; readonly value: bigint }
  | { readonly code: 'y'; readonly value: number }
  | { readonly code: 'v'; readonly major: number; readonly minor: number }
  | { readonly code: 's'; readonly value: Uint8Array }
  | { readonly code: 'z'; readonly value: Uint8Array }
  | { readonly code: 'ay'; readonly value: Uint8Array | null; readonly length: number }
  | { readonly code: 'fy'; readonly room: number }
  | { readonly code: 'fu'; readonly room: number }
  | { readonly code: 'au'; readonly items: readonly bigint[] | null; readonly count: number }
  | { readonly code: 'aA'; readonly attributes: readonly Attribute[] }
  | { readonly code: 'fA'; readonly rooms: readonly AttributeRoom[] }
  | { readonly code: 'M'; readonly mechanism: Mechanism }

export const ulong = (value: bigint | number): RpcValue => ({ code: 'u', value: BigInt(value) })
export const version = (major: number, minor: number): RpcValue => ({ code: 'v', major, minor })

/** Blank-padded, cut to exactly `width` bytes, as the structures of PKCS#11 want it. */
export function paddedString(text: string, width: number): RpcValue {
  const value = Buffer.alloc(width, 0x20)
  value.set(Buffer.from(text, 'utf8').subarray(0, width))
  return { code: 's', value }
}

/** The data where it fits the caller's room, else the length that is needed. */
export const bytesFor = (room: number, data: Uint8Array): RpcValue =>
  room === 0 || data.length > room
    ? { code: 'ay', value: null, length: data.length }
    : { code: 'ay', value: data, length: data.length }

export const ulongsFor = (room: number, items: readonly bigint[]): RpcValue =>
  room === 0 || items.length > room
    ? { code: 'au', items: null, count: items.length }
    : { code: 'au', items, count: items.length }

/** Takes the values of a request in order. The signature was checked before, so a mismatch is a defect of a handler. */
export class RpcArguments {
  readonly #values: readonly RpcValue[]
  #next = 0

  constructor(values: readonly RpcValue[]) {
    this.#values = values
  }

  #take<C extends RpcValue['code']>(code: C): Extract<RpcValue, { readonly code: C }> {
    const value = this.#values[this.#next++]
    if (value === undefined || !hasCode(value, code)) throw new TypeError(`the request has no "${code}" here`)
    return value
  }

  ulong(): bigint {
    return this.#take('u').value
  }

  byte(): number {
    return this.#take('y').value
  }

  zeroTerminated(): Uint8Array {
    return this.#take('z').value
  }

  /** null for a NULL pointer. */
  bytes(): Uint8Array | null {
    return this.#take('ay').value
  }

  /** A buffer of size 0 that is not NULL arrives as 2^32-1 from clients of 0.25 on; there is room for nothing in it. */
  byteRoom(): number {
    const { room } = this.#take('fy')
    return room === 0xffffffff ? 0 : room
  }

  ulongRoom(): number {
    return this.#take('fu').room
  }

  attributes(): readonly Attribute[] {
    return this.#take('aA').attributes
  }

  attributeRooms(): readonly AttributeRoom[] {
    return this.#take('fA').rooms
  }

  mechanism(): Mechanism {
    return this.#take('M').mechanism
  }
}

function hasCode<C extends RpcValue['code']>(
  value: RpcValue,
  code: C,
): value is Extract<RpcValue, { readonly code: C }> {
  return value.code === code
}
