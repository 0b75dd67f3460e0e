import { createSign, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { digestInfo, ecdsaSignatureToDer } from './signature-format.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

describe('signatures as X.509 wants them', () => {
  it('writes r and s of RFC 6979 A.2.5 (P-256, SHA-256, "sample") as DER', () => {
    const r = 'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716'
    const s = 'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8'
    expect(Buffer.from(ecdsaSignatureToDer(hex(r + s), 32)).toString('hex')).toBe(`3046022100${r}022100${s}`)
  })

  it('drops leading zeros and keeps one where the number would turn negative', () => {
    const raw = hex(`${'00'.repeat(31)}80${'00'.repeat(30)}0102`)
    expect(Buffer.from(ecdsaSignatureToDer(raw, 32)).toString('hex')).toBe('30080202008002020102')
  })

  it('agrees with OpenSSL over many signatures, shortest ones among them', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    for (let index = 0; index < 64; index++) {
      const data = Buffer.from([index])
      const raw = createSign('sha384').update(data).sign({ key: privateKey, dsaEncoding: 'ieee-p1363' })
      expect(verify('sha384', data, publicKey, ecdsaSignatureToDer(raw, 48))).toBe(true)
    }
  })

  it('refuses halves of another length', () => {
    expect(() => ecdsaSignatureToDer(new Uint8Array(63), 32)).toThrow(RangeError)
  })

  it('builds the DigestInfo of RFC 8017 9.2', () => {
    expect(digestInfo('SHA-256', Buffer.from('abc')).toString('hex')).toBe(
      '3031300d060960864801650304020105000420ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })
})
