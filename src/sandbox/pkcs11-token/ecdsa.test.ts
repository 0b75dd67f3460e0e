import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { signHash, verifyHash } from './ecdsa.ts'

const HASHES = ['sha1', 'sha256', 'sha384', 'sha512'] as const
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'] as const
const data = Buffer.from('to be signed')

describe.each(CURVES)('ECDSA over a given hash on %s', (namedCurve) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })

  it.each(HASHES)('%s: OpenSSL verifies what it signs', (hash) => {
    const signature = signHash(privateKey, createHash(hash).update(data).digest())
    expect(verify(hash, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
  })

  it.each(HASHES)('%s: verifies what OpenSSL signs, and nothing with one bit turned', (hash) => {
    const digest = createHash(hash).update(data).digest()
    const signature = sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    expect(verifyHash(publicKey, digest, signature)).toBe(true)
    const broken = Uint8Array.from(signature)
    broken[5] = (broken[5] ?? 0) ^ 1
    expect(verifyHash(publicKey, digest, broken)).toBe(false)
    expect(verifyHash(publicKey, digest, new Uint8Array(signature.length))).toBe(false)
    expect(verifyHash(publicKey, digest, signature.subarray(1))).toBe(false)
  })
})
