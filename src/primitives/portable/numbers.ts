/** Unsigned, big-endian. */
export const toNumber = (bytes: Uint8Array): bigint => {
  let hex = '0x0'
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return BigInt(hex)
}

export const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length)

/** base^exponent modulo m, for m > 0. Not in constant time: nothing here is secret. */
export function power(base: bigint, exponent: bigint, m: bigint): bigint {
  let result = 1n % m
  const b = base % m
  for (const bit of exponent.toString(2)) {
    result = (result * result) % m
    if (bit === '1') result = (result * b) % m
  }
  return result
}

/** The inverse of a modulo m, undefined if it has none. */
export function inverse(a: bigint, m: bigint): bigint | undefined {
  let [r, next] = [m, a % m]
  let [t, nextT] = [0n, 1n]
  while (next !== 0n) {
    const quotient = r / next
    ;[r, next] = [next, r - quotient * next]
    ;[t, nextT] = [nextT, t - quotient * nextT]
  }
  return r === 1n ? ((t % m) + m) % m : undefined
}
