import { sameOctets } from './octets.ts'

/**
 * What a few octet strings mean, kept: each has two places, given by its octets, and the last two there stay. So memory is flat
 * whatever comes, and nothing is made to ask. For names, OIDs and the like, which stand in thousands of certificates alike: two of
 * them that are asked for in turn do not displace each other.
 */
export class OctetMemory<Value> {
  readonly #places: ({ readonly octets: Uint8Array; readonly value: Value } | undefined)[]
  readonly #mask: number
  readonly #longest: number

  /** `size`: places, a power of two. `longest`: octets beyond which nothing is kept. */
  constructor(size: number, longest: number) {
    this.#places = new Array(size).fill(undefined)
    this.#mask = size - 1
    this.#longest = longest
  }

  /**
   * What is known of the octets `from` to `to`, else what `read` says of them: a function that stands still, since making one for
   * every question costs more than the answer. An error of `read` goes through and is not kept.
   */
  get(
    source: Uint8Array,
    from: number,
    to: number,
    read: (source: Uint8Array, from: number, to: number) => Value,
  ): Value {
    if (to - from > this.#longest) return read(source, from, to)
    let hash = to - from
    for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + (source[at] ?? 0)) | 0
    const place = (hash ^ (hash >>> 15)) & this.#mask
    const last = this.#places[place]
    if (last !== undefined && sameOctets(source, from, to, last.octets)) return last.value
    const earlier = this.#places[place ^ 1]
    if (earlier !== undefined && sameOctets(source, from, to, earlier.octets)) return earlier.value
    const value = read(source, from, to)
    if (last !== undefined) this.#places[place ^ 1] = last
    this.#places[place] = { octets: Uint8Array.from(source.subarray(from, to)), value }
    return value
  }
}
