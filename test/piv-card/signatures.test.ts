import {
  constants,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  privateEncrypt,
  publicEncrypt,
  verify,
} from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { exportJwk } from '../../devices/export-jwk.ts'
import { INS } from '../../src/sandbox/yubikey/card/piv-applet.ts'
import { findTlv, readOne, readTlvs, writeTlv } from '../../src/sandbox/yubikey/card/tlv.ts'
import { hex, openedCard } from './card-terminal.ts'

const RSA_2048 = 0x07
const P256 = 0x11
const P384 = 0x14
const NEVER = 1

function ecPublicKey(template: Buffer, curve: 'P-256' | 'P-384') {
  const point = Buffer.from(findTlv(readTlvs(readOne(template, 0x7f49)), 0x86) ?? [])
  const half = (point.length - 1) / 2
  const part = (from: number): string => point.subarray(from, from + half).toString('base64url')
  return createPublicKey({ key: { kty: 'EC', crv: curve, x: part(1), y: part(1 + half) }, format: 'jwk' })
}

describe('signatures', () => {
  it.each([
    { algorithm: P256, curve: 'P-256', hash: 'sha256' },
    { algorithm: P384, curve: 'P-384', hash: 'sha384' },
    { algorithm: P256, curve: 'P-256', hash: 'sha512' },
  ] as const)('over $hash with $curve verify under the generated public key', async ({ algorithm, curve, hash }) => {
    const terminal = await openedCard()
    const { data } = await terminal.generate(0x9e, algorithm)
    const message = Buffer.from('a document')
    const signature = await terminal.use(0x9e, algorithm, createHash(hash).update(message).digest())
    expect(signature.sw).toBe(0x9000)
    expect(verify(hash, message, ecPublicKey(data, curve), signature.data)).toBe(true)
  })

  it('with an imported RSA key equal what OpenSSL signs with the same key', async () => {
    const terminal = await openedCard()
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = exportJwk(privateKey)
    const parts = [jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].map((part, index) =>
      writeTlv(index + 1, Buffer.from(part ?? '', 'base64url')),
    )
    const never = writeTlv(0xaa, Uint8Array.of(NEVER))
    expect((await terminal.send(INS.importKey, RSA_2048, 0x9a, Buffer.concat([...parts, never]))).sw).toBe(0x9000)
    const block = Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(220, 0xff), Buffer.from([0]), Buffer.alloc(33, 7)])
    const { data } = await terminal.use(0x9a, RSA_2048, block)
    expect(hex(data)).toBe(hex(privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, block)))
    expect((await terminal.send(INS.attest, 0x9a, 0)).sw).toBe(0x6a80)
    const origin = findTlv(readTlvs(await terminal.ok(INS.metadata, 0, 0x9a)), 3)
    expect(origin?.[0]).toBe(2)
  })

  it('with an imported EC key verify, and the shared secret is the one that OpenSSL agrees on', async () => {
    const terminal = await openedCard()
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const scalar = Buffer.from(exportJwk(privateKey).d ?? '', 'base64url')
    const data = Buffer.concat([writeTlv(6, scalar), writeTlv(0xaa, Uint8Array.of(NEVER))])
    expect((await terminal.send(INS.importKey, P384, 0x9d, data)).sw).toBe(0x9000)
    const signature = await terminal.use(0x9d, P384, createHash('sha384').update('x').digest())
    expect(verify('sha384', Buffer.from('x'), publicKey, signature.data)).toBe(true)
    const peer = createECDH('secp384r1')
    const point = peer.generateKeys()
    const secret = await terminal.use(0x9d, P384, point, 0x85)
    const half = (from: number): string => point.subarray(from, from + 48).toString('base64url')
    const peerKey = createPrivateKey({
      key: { kty: 'EC', crv: 'P-384', x: half(1), y: half(49), d: peer.getPrivateKey().toString('base64url') },
      format: 'jwk',
    })
    expect(hex(secret.data)).toBe(hex(diffieHellman({ privateKey: peerKey, publicKey })))
    expect((await terminal.use(0x9d, P384, Buffer.alloc(97, 4), 0x85)).sw).toBe(0x6a80)
  })

  it('by Ed25519 and agreements by X25519 are those of RFC 8032 and RFC 7748', async () => {
    const terminal = await openedCard('yubikey-5.7.4')
    // RFC 8032 7.1 test 3.
    const seed = Buffer.from('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'hex')
    const never = writeTlv(0xaa, Uint8Array.of(NEVER))
    await terminal.ok(INS.importKey, 0xe0, 0x9a, Buffer.concat([writeTlv(7, seed), never]))
    expect(hex((await terminal.use(0x9a, 0xe0, Buffer.from('af82', 'hex'))).data)).toBe(
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    )
    // RFC 7748 6.1.
    const alice = Buffer.from('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a', 'hex')
    const bob = Buffer.from('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f', 'hex')
    await terminal.ok(INS.importKey, 0xe1, 0x9d, Buffer.concat([writeTlv(8, alice), never]))
    expect(hex((await terminal.use(0x9d, 0xe1, bob, 0x85)).data)).toBe(
      '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    )
  })

  it('are refused for another algorithm than the key has, a block of another length, and an empty slot', async () => {
    const terminal = await openedCard()
    await terminal.generate(0x9e, RSA_2048)
    expect((await terminal.use(0x9e, P256, Buffer.alloc(32, 1))).sw).toBe(0x6a80)
    expect((await terminal.use(0x9e, RSA_2048, Buffer.alloc(255, 1))).sw).toBe(0x6a80)
    expect((await terminal.use(0x9e, RSA_2048, Buffer.alloc(256, 0xff))).sw).toBe(0x6a80)
    expect((await terminal.use(0x9a, P256, Buffer.alloc(32, 1))).sw).toBe(0x6a80)
  })

  it('and decryptions are one raw operation: what is encrypted to the slot comes back', async () => {
    const terminal = await openedCard()
    const { data } = await terminal.generate(0x9e, RSA_2048)
    const items = readTlvs(readOne(data, 0x7f49))
    const part = (tag: number): string => Buffer.from(findTlv(items, tag) ?? []).toString('base64url')
    const key = createPublicKey({ key: { kty: 'RSA', n: part(0x81), e: part(0x82) }, format: 'jwk' })
    const block = Buffer.concat([Buffer.alloc(1), Buffer.alloc(255, 0x42)])
    const encrypted = publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, block)
    expect(hex((await terminal.use(0x9e, RSA_2048, encrypted)).data)).toBe(hex(block))
  })
})
