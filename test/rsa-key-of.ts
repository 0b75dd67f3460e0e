import { createPrivateKey, type KeyObject } from 'node:crypto'

/**
 * The RSA key number `count` of those that the primes of a few generated keys give: any two primes are a key, so that fifteen generated
 * keys make 435. For tests alone: who knows two keys with a common prime knows both. `generated`: the generated key of that number.
 */
export function rsaKeyOf(generated: (number: number) => KeyObject, count: number): KeyObject {
  // 0 and 1, 0 and 2, 1 and 2, 0 and 3, ...: as few primes as do.
  let second = 1
  let first = count
  while (first >= second) first -= second++
  const [p, q] = [first, second].map((number) => primeOf(generated(number >> 1), number % 2 === 0 ? 'p' : 'q'))
  return p === undefined || q === undefined ? generated(0) : keyOf(p, q)
}

const E = 65_537n

/** Both primes are at least √2 times a power of two (FIPS 186-5, A.1.3), and so every modulus has its full length. */
function keyOf(one: bigint, other: bigint): KeyObject {
  const [p, q] = one > other ? [one, other] : [other, one]
  const phi = (p - 1n) * (q - 1n)
  // d e = 1 + k phi, with the k that e leaves: 1 + k phi = 0 modulo e.
  const d = (1n + (E - inverse(phi % E, E)) * phi) / E
  const parts = { n: p * q, e: E, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q % p, p) }
  const key = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, base64url(value)]))
  return createPrivateKey({ format: 'jwk', key: { kty: 'RSA', ...key } })
}

/** Of `value` modulo a prime. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value, modulus, 1n, 0n]
  while (a > 1n) {
    const quotient = b / a
    ;[a, b, x, y] = [b - quotient * a, a, y - quotient * x, x]
  }
  return ((x % modulus) + modulus) % modulus
}

function primeOf(key: KeyObject, name: 'p' | 'q'): bigint {
  const text = key.export({ format: 'jwk' })[name]
  return BigInt(`0x${Buffer.from(text ?? '', 'base64url').toString('hex')}`)
}

function base64url(value: bigint): string {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}
