/** IMPORT ASYMMETRIC KEY: private keys from the parts that a host sends. */
import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto'
import type { KeyType } from './key-type.ts'
import { orWrongData } from './private-key.ts'
import { ensure, SW } from './status-word.ts'
import { findTlv, type Tlv } from './tlv.ts'

const PUBLIC_EXPONENT = 65537n
const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)

const toOctets = (value: bigint, octets: number): Buffer =>
  Buffer.from(value.toString(16).padStart(octets * 2, '0'), 'hex')

/** The inverse of `a` modulo `m`, for coprime values. */
function invert(a: bigint, m: bigint): bigint {
  let [r, nextR, t, nextT] = [m, ((a % m) + m) % m, 0n, 1n]
  while (nextR !== 0n) {
    const quotient = r / nextR
    ;[r, nextR] = [nextR, r - quotient * nextR]
    ;[t, nextT] = [nextT, t - quotient * nextT]
  }
  return ((t % m) + m) % m
}

const base64url = (value: bigint, octets: number): string => toOctets(value, octets).toString('base64url')

/** 01..05 the RSA CRT parts (p, q, dp, dq, qi), 06 an EC scalar, 07 and 08 the Curve25519 seeds. Throws StatusError 6A80. */
export function importPrivateKey(type: KeyType, parts: readonly Tlv[]): KeyObject {
  const part = (tag: number, octets: number): Uint8Array => {
    const value = findTlv(parts, tag)
    ensure(value !== undefined && value.length > 0 && value.length <= octets, SW.wrongData)
    return value
  }
  return orWrongData(() => {
    if (type.kind === 'rsa') return importRsa(type.bits, (tag) => toBigInt(part(tag, type.bits / 16)))
    if (type.curve) return importEc(type.curve, type.bits / 8, toBigInt(part(0x06, type.bits / 8)))
    return importSeed(type.kind, part(type.kind === 'ed25519' ? 0x07 : 0x08, 32))
  })
}

function importRsa(bits: number, part: (tag: number) => bigint): KeyObject {
  const [p, q] = [part(1), part(2)]
  const [octets, half] = [bits / 8, bits / 16]
  const jwk = {
    kty: 'RSA',
    n: base64url(p * q, octets),
    e: base64url(PUBLIC_EXPONENT, 3),
    d: base64url(invert(PUBLIC_EXPONENT, (p - 1n) * (q - 1n)), octets),
    p: base64url(p, half),
    q: base64url(q, half),
    dp: base64url(part(3), half),
    dq: base64url(part(4), half),
    qi: base64url(part(5), half),
  }
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

function importEc(curve: NonNullable<KeyType['curve']>, octets: number, scalar: bigint): KeyObject {
  const ecdh = createECDH(curve.openssl)
  ecdh.setPrivateKey(toOctets(scalar, octets))
  const point = ecdh.getPublicKey()
  const jwk = {
    kty: 'EC',
    crv: curve.jwk,
    d: base64url(scalar, octets),
    x: point.subarray(1, 1 + octets).toString('base64url'),
    y: point.subarray(1 + octets).toString('base64url'),
  }
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

/** PKCS#8 of RFC 8410: version 0, the algorithm (1.3.101.112 or .110), the seed in two OCTET STRINGs. */
function importSeed(kind: KeyType['kind'], seed: Uint8Array): KeyObject {
  ensure(seed.length === 32, SW.wrongData)
  const header = Buffer.from(`302e020100300506032b65${kind === 'ed25519' ? '70' : '6e'}04220420`, 'hex')
  return createPrivateKey({ key: Buffer.concat([header, seed]), format: 'der', type: 'pkcs8' })
}
