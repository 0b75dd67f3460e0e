/** CA/Browser Forum Code Signing Baseline Requirements 6.1.6: a modulus has no prime factor below 752. */
const LIMIT = 752

function primesBelow(limit: number): readonly number[] {
  const primes: number[] = []
  for (let n = 2; n < limit; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  return primes
}

/** Computed for the first RSA key. */
let product: bigint | undefined

/** True where the modulus (big-endian) shares a factor with the product of all primes below 752. */
export function hasSmallFactor(modulus: Uint8Array): boolean {
  product ??= primesBelow(LIMIT).reduce((all, prime) => all * BigInt(prime), 1n)
  let a = product
  let b = BigInt(`0x${Buffer.from(modulus).toString('hex') || '0'}`) % product
  while (b !== 0n) [a, b] = [b, a % b]
  return a !== 1n
}
