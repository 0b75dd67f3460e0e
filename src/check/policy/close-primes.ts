/** Rounds of Fermat's method that CAs must try (CA/Browser Forum Baseline Requirements 6.1.1.3). */
const ROUNDS = 100

/** True if Fermat's method takes the modulus (big-endian) apart within so many rounds: its primes are close, or one and the same. */
export function hasClosePrimes(modulus: Uint8Array, rounds = ROUNDS): boolean {
  const n = BigInt(`0x${Buffer.from(modulus).toString('hex') || '0'}`)
  if (n < 4n || n % 2n === 0n) return false
  let a = squareRoot(n)
  if (a * a === n) return true
  for (let round = 0; round < rounds; round++) {
    a += 1n
    const rest = a * a - n
    if (mayBeSquare(rest) && squareRoot(rest) ** 2n === rest) return true
  }
  return false
}

/** Squares end in few of the 64 residues: five of six candidates need no root. */
const SQUARES_MODULO_64 = new Set(Array.from({ length: 64 }, (_, value) => BigInt((value * value) % 64)))
const mayBeSquare = (value: bigint): boolean => SQUARES_MODULO_64.has(value & 63n)

/**
 * The largest integer whose square is not above the value. Each step of Newton's method works on twice the digits of the one before, so
 * that all of them cost little more than the last (CPython's math.isqrt, Objects/mathmodule: proven there).
 */
function squareRoot(value: bigint): bigint {
  if (value < 1n) return 0n
  const half = BigInt((bitLength(value) - 1) >> 1)
  let root = 1n
  let known = 0n
  for (let shift = BigInt(bitLength(half)) - 1n; shift >= 0n; shift--) {
    const before = known
    known = half >> shift
    root = (root << (known - before - 1n)) + (value >> (2n * half - before - known + 1n)) / root
  }
  return root * root > value ? root - 1n : root
}

function bitLength(value: bigint): number {
  const digits = value.toString(16)
  return value === 0n ? 0 : digits.length * 4 - Math.clz32(Number.parseInt(digits.charAt(0), 16)) + 28
}
