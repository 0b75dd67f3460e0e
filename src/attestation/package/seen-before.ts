/**
 * Tells, roughly, whether the same octets came by before, in sixteen kilobytes: what comes once is not worth keeping, and keeping it costs
 * a batch of different devices more than it saves. A wrong answer costs a place in a cache, or leaves it empty; nothing rests on it.
 */
export class SeenBefore {
  readonly #places = new Int32Array(4096)

  /** The octets count as seen from now on. */
  again(bytes: Uint8Array): boolean {
    const { length } = bytes
    // Some from everywhere: keys, certificates and PEM differ all over.
    const step = 1 + (length >> 6)
    let hash = length
    for (let at = 0; at < length; at += step) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0
    const place = (hash ^ (hash >>> 15)) & 4095
    if (this.#places[place] === hash) return true
    this.#places[place] = hash
    return false
  }
}
