/** YubiKey pairs under one test root, as files for verifiers of every language. */
import { createPrivateKey, generateKeyPairSync, generatePrimeSync } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePem } from '../../src/asn1/pem.ts'
import { rsaPublicKeyInfo } from '../../src/asn1/public-key-writer.ts'
import type { TestKeyPair } from '../../src/sandbox/test-key-pair.ts'
import {
  createYubikeyEvidenceIssuer,
  createYubikeyTestRoot,
  type YubikeyTestRoot,
  yubikeyPackage,
} from '../../src/sandbox/yubikey/evidence/issuer.ts'

/** Pairs that every verifier judges before the clock starts, and as many others that it is timed by. */
export const PAIRS = 5000

/**
 * `root.pem`, and in `warm-up` and `pairs` one file a pair; no certificate comes twice. `devices`: how many keys sign them, as a batch of
 * devices has a key of its own or shares one. Done once a folder.
 */
export function writePairs(folder: string, devices: number): void {
  if (existsSync(folder)) return
  const unfinished = `${folder}-${process.pid}`
  const root = createYubikeyTestRoot('RSA-2048', ROOT)
  const keys = differentRsaKeys(2 * devices)
  for (const [name, first] of [
    ['warm-up', 0],
    ['pairs', devices],
  ] as const) {
    mkdirSync(join(unfinished, name), { recursive: true })
    for (let serial = 1; serial <= PAIRS; serial++) {
      const f9Key = keys[first + ((serial - 1) % devices)]
      if (f9Key === undefined) throw new Error('there are fewer keys than devices')
      writeFileSync(join(unfinished, name, `${String(serial).padStart(5, '0')}.pem`), pair(root, f9Key, serial))
    }
  }
  writeFileSync(join(unfinished, 'root.pem'), writePem('CERTIFICATE', root.certificate))
  rmSync(folder, { recursive: true, force: true })
  renameSync(unfinished, folder)
}

/** Yubico's name for the root that signed the devices of that firmware. */
const ROOT = 'Yubico PIV Root CA Serial 263751'

/** As a YubiKey 5.7.2 of the FIPS series writes it: an EC key in slot 9c, both signatures RSA-2048 with SHA-256. */
function pair(root: YubikeyTestRoot, f9Key: TestKeyPair, serial: number): Uint8Array {
  const device = createYubikeyEvidenceIssuer({ serial, firmware: '5.7.2', formFactor: 0x81 }, { root, f9Key })
  const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' })
  return yubikeyPackage(device.attest({ spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 }), device.f9Certificate)
}

/**
 * Every two of some primes are an RSA key of its own: thousands in the time in which OpenSSL generates a hundred. Keys that share
 * primes are worthless (anybody can factor them) and take a verifier as long as any others.
 */
function differentRsaKeys(count: number): readonly TestKeyPair[] {
  const keys: TestKeyPair[] = []
  for (const primes: bigint[] = []; keys.length < count; ) {
    const p = usablePrime()
    for (const q of primes.slice(0, count - keys.length)) keys.push(rsaKey(p, q))
    primes.push(p)
  }
  return keys
}

const EXPONENT = 65537n

/** Of 1024 bits, the two highest set: so that every product has 2048. */
function usablePrime(): bigint {
  for (;;) {
    const prime = generatePrimeSync(1024, { bigint: true, add: 2n, rem: 1n })
    if (prime >> 1022n === 3n && (prime - 1n) % EXPONENT !== 0n) return prime
  }
}

function rsaKey(p: bigint, q: bigint): TestKeyPair {
  const n = p * q
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n))
  const numbers = { n, e: EXPONENT, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) }
  const members = Object.entries(numbers).map(([name, value]) => [name, octets(value).toString('base64url')])
  return {
    privateKey: createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(members) }, format: 'jwk' }),
    spki: rsaPublicKeyInfo(octets(n), octets(EXPONENT)),
  }
}

function octets(value: bigint): Buffer {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
}

/** Of `a` modulo `modulus`, by Euclid. */
function inverse(a: bigint, modulus: bigint): bigint {
  let [r, next, x, y] = [modulus, a % modulus, 0n, 1n]
  while (next !== 0n) {
    const quotient = r / next
    ;[r, next] = [next, r - quotient * next]
    ;[x, y] = [y, x - quotient * y]
  }
  return x < 0n ? x + modulus : x
}
