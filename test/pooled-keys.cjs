// Loaded with `node --require` into the processes that run test files, and so into their worker threads. The doubles generate RSA keys
// all day, which would take most of the time that the tests take: here a pair comes out of a folder that all processes of one run share.
// An RSA key of the pool is any two primes of the generated ones, so that fifteen generated keys give 435; for tests alone: who knows
// two keys with a common prime knows both. No process gets a key twice: a forged root with the key of the real one would be the real
// one. What the processes generate that tests start is new all the same.
'use strict'
const crypto = require('node:crypto')
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')
const { join } = require('node:path')
const { promisify } = require('node:util')
const { getEnvironmentData, setEnvironmentData, threadId } = require('node:worker_threads')

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

/** A pair of the pool, or undefined where the pool has none of this kind. */
function pooled(type, options = {}) {
  const run = process.env.HSM_ENROLL_TEST_RUN
  const kind = POOLED.indexOf(`${type}-${options.modulusLength}`)
  const plain = kind !== -1 && Object.keys(options).every((option) => PLAIN[type].includes(option))
  if (run === undefined || !plain || BigInt(options.publicExponent ?? E) !== E) return undefined
  const folder = join(run, 'keys')
  const stored = (number) => {
    const file = join(folder, `${POOLED[kind]}-${number}.pem`)
    return read(file) ?? keep(folder, file, generateKeyPairSync(type, options).privateKey)
  }
  const count = Atomics.add(taken, kind, 1)
  const privateKey = type === 'rsa' ? rsaKey((number) => prime(kind, number, stored), count) : stored(count)
  return { privateKey, publicKey: crypto.createPublicKey(privateKey) }
}

function read(file) {
  try {
    return crypto.createPrivateKey(readFileSync(file))
  } catch {
    return undefined
  }
}

/** Another process may be at it, too; the last one's stays. */
function keep(folder, file, key) {
  mkdirSync(folder, { recursive: true })
  const own = `${file}.${process.pid}.${threadId}`
  const pem = key.export({ type: 'pkcs8', format: 'pem' })
  writeFileSync(own, pem, { mode: 0o600 })
  renameSync(own, file)
  // A copy, since the other may not be exported as JWK: devices/export-jwk.ts.
  return crypto.createPrivateKey(pem)
}

/** Of this thread: to read two takes four times as long as all else that a key takes. */
const primes = new Map()

/** The one of this number; every generated key has two. */
function prime(kind, number, stored) {
  const name = `${kind}-${number}`
  const known = primes.get(name)
  if (known !== undefined) return known
  const found = primeOf(stored(number >> 1), number % 2 === 0 ? 'p' : 'q')
  primes.set(name, found)
  return found
}

/** Of the primes 0 and 1, 0 and 2, 1 and 2, 0 and 3, ...: as few generated keys as do. */
function rsaKey(primeAt, count) {
  let second = 1
  let first = count
  while (first >= second) first -= second++
  return keyOf(primeAt(first), primeAt(second))
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

const primeOf = (key, name) =>
  BigInt(`0x${Buffer.from(key.export({ format: 'jwk' })[name], 'base64url').toString('hex')}`)

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
