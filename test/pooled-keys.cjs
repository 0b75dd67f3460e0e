// Loaded with `node --require` into the processes that run test files, and so into their worker threads. The doubles generate RSA keys
// all day, which would take most of the time that the tests take: here a pair is put together from numbers that are generated once and for
// all, and for tests alone (`pooled-primes.json`). An RSA key is any two of the primes, so that forty give 780; a DSA key has its own
// secret number under parameters of the file. No process gets a key twice: a forged root with the key of the real one would be the real
// one. What the processes generate that tests start is new.
'use strict'
const crypto = require('node:crypto')
const { syncBuiltinESMExports } = require('node:module')
const { promisify } = require('node:util')
const { getEnvironmentData, setEnvironmentData } = require('node:worker_threads')
const numbers = require('./pooled-primes.json')

const POOLED = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'dsa-2048', 'dsa-3072']
/** With any other option a pair is generated as usual. */
const PLAIN = { rsa: ['modulusLength', 'publicExponent'], dsa: ['modulusLength', 'divisorLength'] }
const E = 65_537n

/** How many keys of a kind are out, in all threads of the process. */
const TAKEN = 'hsm-enroll.test.pooled-keys'
const shared = getEnvironmentData(TAKEN) ?? new SharedArrayBuffer(4 * POOLED.length)
setEnvironmentData(TAKEN, shared)
const taken = new Int32Array(shared)

const { generateKeyPairSync } = crypto
const generateKeyPair = promisify(crypto.generateKeyPair)

/** A pair of the pool, or undefined where the pool has none of this kind, or no more. */
function pooled(type, options = {}) {
  const kind = POOLED.indexOf(`${type}-${options.modulusLength}`)
  const plain = kind !== -1 && Object.keys(options).every((option) => PLAIN[type].includes(option))
  if (!plain || BigInt(options.publicExponent ?? E) !== E || (options.divisorLength ?? 256) !== 256) return undefined
  const privateKey = type === 'rsa' ? rsaKey(POOLED[kind], Atomics.add(taken, kind, 1)) : dsaKey(POOLED[kind])
  return privateKey === undefined ? undefined : { privateKey, publicKey: crypto.createPublicKey(privateKey) }
}

/** Of the primes 0 and 1, 0 and 2, 1 and 2, 0 and 3, ... */
function rsaKey(kind, count) {
  let second = 1
  let first = count
  while (first >= second) first -= second++
  const primes = numbers[kind]
  return second < primes.length ? keyOf(BigInt(`0x${primes[first]}`), BigInt(`0x${primes[second]}`)) : undefined
}

/** PKCS#8 (RFC 5958): the version, the algorithm with its parameters, and x as an INTEGER of 31 octets in an OCTET STRING. */
function dsaKey(kind) {
  const x = crypto.randomBytes(31)
  x[0] = 1
  const parts = ['020100', numbers[kind], '0421', '021f', x.toString('hex')].join('')
  const der = `3082${(parts.length / 2).toString(16).padStart(4, '0')}${parts}`
  return crypto.createPrivateKey({ key: Buffer.from(der, 'hex'), format: 'der', type: 'pkcs8' })
}

/** Both primes are at least √2 times a power of two (FIPS 186-5, A.1.3), and so every modulus has its full length. */
function keyOf(one, other) {
  const [p, q] = one > other ? [one, other] : [other, one]
  const phi = (p - 1n) * (q - 1n)
  // d e = 1 + k phi, for the k below e that makes it divisible.
  const d = (1n + (E - inverse(phi % E, E)) * phi) / E
  const parts = { n: p * q, e: E, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q % p, p) }
  const key = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, base64url(value)]))
  return crypto.createPrivateKey({ format: 'jwk', key: { kty: 'RSA', ...key } })
}

/** Of `value` modulo a prime. */
function inverse(value, modulus) {
  let [a, b, x, y] = [value, modulus, 1n, 0n]
  while (a > 1n) {
    const quotient = b / a
    ;[a, b, x, y] = [b - quotient * a, a, y - quotient * x, x]
  }
  return ((x % modulus) + modulus) % modulus
}

function base64url(value) {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}

crypto.generateKeyPairSync = (type, options) => pooled(type, options) ?? generateKeyPairSync(type, options)
// Every caller promisifies it.
crypto.generateKeyPair = () => {
  throw new Error('test/pooled-keys.cjs knows generateKeyPair only as promisify makes it')
}
crypto.generateKeyPair[promisify.custom] = async (type, options) =>
  pooled(type, options) ?? generateKeyPair(type, options)
syncBuiltinESMExports()
