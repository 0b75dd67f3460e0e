/** RSA keys of Infineon's RSALib (CVE-2017-15361, "ROCA"): factorable in practice at 2048 bits. */

/**
 * The published fingerprint: primes of RSALib keys are k * M + (65537^a mod M), M the product of the first primes; so the modulus
 * is a power of 65537 modulo each of these. For some of them every residue is one, and they tell nothing.
 * Source: Nemec et al., ACM CCS 2017, section 2.4, and the authors' detector (github.com/crocs-muni/roca).
 */
const PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
] as const

type Powers = readonly [prime: bigint, powers: ReadonlySet<bigint>]

function powersOf(prime: number): Powers {
  const powers = new Set<bigint>()
  const generator = 65537n % BigInt(prime)
  for (let power = 1n; !powers.has(power); power = (power * generator) % BigInt(prime)) powers.add(power)
  return [BigInt(prime), powers]
}

/** Computed for the first RSA key. */
let known: readonly Powers[] | undefined

/** True where the modulus (big-endian) has the fingerprint. A sound key has it by chance once in about 2^27. */
export function hasRocaFingerprint(modulus: Uint8Array): boolean {
  const n = BigInt(`0x${Buffer.from(modulus).toString('hex') || '0'}`)
  known ??= PRIMES.map(powersOf)
  return known.every(([prime, powers]) => powers.has(n % prime))
}
