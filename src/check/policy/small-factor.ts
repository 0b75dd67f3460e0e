/** CA/Browser Forum Code Signing Baseline Requirements 6.1.6: a modulus has no prime factor below 752. */
const LIMIT = 752

const PRODUCT = primesBelow(LIMIT).reduce((product, prime) => product * BigInt(prime), 1n)

function primesBelow(limit: number): readonly number[] {
  const primes: number[] = []
  for (let n = 2; n < limit; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  return primes
}

/** True where the modulus (big-endian) shares a factor with the product of all primes below 752. */
export function hasSmallFactor(modulus: Uint8Array): boolean {
  let a = PRODUCT
  let b = BigInt(`0x${Buffer.from(modulus).toString('hex') || '0'}`) % PRODUCT
  while (b !== 0n) [a, b] = [b, a % b]
  return a !== 1n
}
