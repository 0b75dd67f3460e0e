/** Big-endian octets and integers, for the few operations that node:crypto does not offer. */
export const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)

export const toOctets = (value: bigint, octets: number): Buffer =>
  Buffer.from(value.toString(16).padStart(octets * 2, '0'), 'hex')

/** The inverse of `a` modulo `m`, for coprime values. */
export function invert(a: bigint, m: bigint): bigint {
  let [r, nextR, t, nextT] = [m, ((a % m) + m) % m, 0n, 1n]
  while (nextR !== 0n) {
    const quotient = r / nextR
    ;[r, nextR] = [nextR, r - quotient * nextR]
    ;[t, nextT] = [nextT, t - quotient * nextT]
  }
  return ((t % m) + m) % m
}
