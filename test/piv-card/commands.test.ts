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
import { createPivCard } from '../../src/sandbox/piv-card/create-piv-card.ts'
import { INS } from '../../src/sandbox/piv-card/piv-applet.ts'
import { findTlv, readOne, readTlvs, writeTlv } from '../../src/sandbox/piv-card/tlv.ts'
import { CardTerminal, hex, pin } from './card-terminal.ts'

const RSA_2048 = 0x07
const P256 = 0x11
const P384 = 0x14
const NEVER = 1

async function opened(personality: 'yubikey-5.4.3' | 'yubikey-5.4.3-fips' | 'yubikey-5.7.4' = 'yubikey-5.4.3') {
  const { card } = createPivCard({ personality, attestationKeyType: 'P-256' })
  const terminal = new CardTerminal(card)
  await terminal.selectPiv()
  await terminal.authenticate(personality === 'yubikey-5.7.4' ? 0x0a : 0x03)
  return terminal
}

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
    const terminal = await opened()
    const { data } = await terminal.generate(0x9e, algorithm)
    const message = Buffer.from('a document')
    const signature = await terminal.use(0x9e, algorithm, createHash(hash).update(message).digest())
    expect(signature.sw).toBe(0x9000)
    expect(verify(hash, message, ecPublicKey(data, curve), signature.data)).toBe(true)
  })

  it('with an imported RSA key equal what OpenSSL signs with the same key', async () => {
    const terminal = await opened()
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = privateKey.export({ format: 'jwk' })
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
    const terminal = await opened()
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const scalar = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
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
    const terminal = await opened('yubikey-5.7.4')
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
    const terminal = await opened()
    await terminal.generate(0x9e, RSA_2048)
    expect((await terminal.use(0x9e, P256, Buffer.alloc(32, 1))).sw).toBe(0x6a80)
    expect((await terminal.use(0x9e, RSA_2048, Buffer.alloc(255, 1))).sw).toBe(0x6a80)
    expect((await terminal.use(0x9e, RSA_2048, Buffer.alloc(256, 0xff))).sw).toBe(0x6a80)
    expect((await terminal.use(0x9a, P256, Buffer.alloc(32, 1))).sw).toBe(0x6a80)
  })

  it('and decryptions are one raw operation: what is encrypted to the slot comes back', async () => {
    const terminal = await opened()
    const { data } = await terminal.generate(0x9e, RSA_2048)
    const items = readTlvs(readOne(data, 0x7f49))
    const part = (tag: number): string => Buffer.from(findTlv(items, tag) ?? []).toString('base64url')
    const key = createPublicKey({ key: { kty: 'RSA', n: part(0x81), e: part(0x82) }, format: 'jwk' })
    const block = Buffer.concat([Buffer.alloc(1), Buffer.alloc(255, 0x42)])
    const encrypted = publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, block)
    expect(hex((await terminal.use(0x9e, RSA_2048, encrypted)).data)).toBe(hex(block))
  })
})

describe('PIN and PUK', () => {
  it('count down on wrong tries, block, and come back with the PUK', async () => {
    const terminal = await opened()
    expect((await terminal.send(INS.verify, 0, 0x80)).sw).toBe(0x63c3)
    expect((await terminal.verify('000000')).sw).toBe(0x63c2)
    expect((await terminal.verify('000000')).sw).toBe(0x63c1)
    expect((await terminal.verify('123456')).sw).toBe(0x9000)
    expect((await terminal.send(INS.verify, 0, 0x80)).sw).toBe(0x9000)
    for (const left of [2, 1, 0]) expect((await terminal.verify('000000')).sw).toBe(0x63c0 + left)
    expect((await terminal.verify('123456')).sw).toBe(0x6983)
    expect(
      (await terminal.send(INS.resetRetryCounter, 0, 0x80, Buffer.concat([pin('12345678'), pin('654321')]))).sw,
    ).toBe(0x9000)
    expect((await terminal.verify('654321')).sw).toBe(0x9000)
  })

  it('change only against the old value, and never to fewer than six characters', async () => {
    const terminal = await opened()
    const change = (p2: number, old: string, fresh: string) =>
      terminal.send(INS.changeReference, 0, p2, Buffer.concat([pin(old), pin(fresh)]))
    expect((await change(0x80, '111111', '654321')).sw).toBe(0x63c2)
    expect((await change(0x80, '123456', '12345')).sw).toBe(0x6a80)
    expect((await change(0x80, '123456', '654321')).sw).toBe(0x9000)
    expect((await change(0x81, '12345678', '87654321')).sw).toBe(0x9000)
    expect((await change(0x81, '12345678', '87654321')).sw).toBe(0x63c2)
    expect((await terminal.verify('654321')).sw).toBe(0x9000)
    expect(hex(await terminal.ok(INS.metadata, 0, 0x80))).toBe('0101ff05010006020303')
  })

  it('take another number of tries from the management key and the PIN together, and go back to the defaults', async () => {
    const terminal = await opened()
    expect((await terminal.send(INS.setRetries, 5, 7)).sw).toBe(0x6982)
    await terminal.verify('123456')
    expect((await terminal.send(INS.setRetries, 5, 7)).sw).toBe(0x9000)
    expect((await terminal.send(INS.verify, 0, 0x80)).sw).toBe(0x63c5)
    expect(hex(await terminal.ok(INS.metadata, 0, 0x81))).toBe('0101ff05010106020707')
  })

  it('allow a reset only when both are blocked; it spares the attestation key', async () => {
    const terminal = await opened()
    await terminal.generate(0x9a, P256)
    expect((await terminal.send(INS.reset, 0, 0)).sw).toBe(0x6985)
    for (let i = 0; i < 3; i++) {
      await terminal.verify('000000')
      await terminal.send(INS.resetRetryCounter, 0, 0x80, Buffer.concat([pin('00000000'), pin('000000')]))
    }
    expect((await terminal.send(INS.reset, 0, 0)).sw).toBe(0x9000)
    expect((await terminal.send(INS.metadata, 0, 0x9a)).sw).toBe(0x6a88)
    expect((await terminal.send(INS.metadata, 0, 0xf9)).sw).toBe(0x9000)
    expect((await terminal.generate(0x9a, P256)).sw).toBe(0x6982)
  })
})

describe('policies', () => {
  const hash = Buffer.alloc(32, 9)

  it('"once" asks for the PIN until it was given, "always" before each signature, "never" not at all', async () => {
    const terminal = await opened()
    await terminal.generate(0x9a, P256)
    await terminal.generate(0x9c, P256)
    await terminal.generate(0x9d, P256, { pin: NEVER })
    expect((await terminal.use(0x9d, P256, hash)).sw).toBe(0x9000)
    expect((await terminal.use(0x9a, P256, hash)).sw).toBe(0x6982)
    await terminal.verify('123456')
    expect((await terminal.use(0x9a, P256, hash)).sw).toBe(0x9000)
    expect((await terminal.use(0x9a, P256, hash)).sw).toBe(0x9000)
    expect((await terminal.use(0x9c, P256, hash)).sw).toBe(0x6982)
    await terminal.verify('123456')
    expect((await terminal.use(0x9c, P256, hash)).sw).toBe(0x9000)
    expect((await terminal.use(0x9c, P256, hash)).sw).toBe(0x6982)
  })

  it('forget the PIN when the power goes or another application is selected, not when PIV is selected again', async () => {
    const terminal = await opened()
    await terminal.verify('123456')
    await terminal.selectPiv()
    expect((await terminal.send(INS.verify, 0, 0x80)).sw).toBe(0x9000)
    await terminal.ok(0xa4, 4, 0, Buffer.from('a000000527471117', 'hex'))
    await terminal.selectPiv()
    expect((await terminal.send(INS.verify, 0, 0x80)).sw).toBe(0x63c3)
    await terminal.verify('123456')
    terminal.card.reset()
    await terminal.selectPiv()
    expect((await terminal.send(INS.verify, 0, 0x80)).sw).toBe(0x63c3)
    expect((await terminal.generate(0x9a, P256)).sw).toBe(0x6982)
  })

  it('"always" wants a touch each time, "cached" one in 15 seconds; without a touch in time nothing is signed', async () => {
    const terminal = await opened()
    await terminal.generate(0x82, P256, { pin: NEVER, touch: 2 })
    await terminal.generate(0x83, P256, { pin: NEVER, touch: 3 })
    const { touch } = terminal.card
    for (const slot of [0x82, 0x82, 0x83, 0x83]) expect((await terminal.use(slot, P256, hash)).sw).toBe(0x9000)
    expect(touch.requests).toBe(2)
    touch.behaviour = { kind: 'never' }
    touch.patienceMilliseconds = 20
    expect((await terminal.use(0x82, P256, hash)).sw).toBe(0x6982)
    touch.behaviour = { kind: 'after', milliseconds: 5 }
    expect((await terminal.use(0x82, P256, hash)).sw).toBe(0x9000)
  })

  it('of the FIPS series know no "never" for the PIN', async () => {
    const terminal = await opened('yubikey-5.4.3-fips')
    expect((await terminal.generate(0x9a, P256, { pin: NEVER })).sw).toBe(0x6a80)
    expect((await terminal.generate(0x9a, P256, { pin: 2 })).sw).toBe(0x9000)
  })
})

describe('the management key', () => {
  it.each([
    { algorithm: 0x03, octets: 24 },
    { algorithm: 0x08, octets: 16 },
    { algorithm: 0x0a, octets: 24 },
    { algorithm: 0x0c, octets: 32 },
  ])('can be of algorithm $algorithm and is needed from then on', async ({ algorithm, octets }) => {
    const terminal = await opened()
    const key = Buffer.from(Array.from({ length: octets }, (_, index) => index * 7 + 1))
    const data = Buffer.concat([Uint8Array.of(algorithm), writeTlv(0x9b, key)])
    expect((await terminal.send(INS.setManagementKey, 0xff, 0xff, data)).sw).toBe(0x9000)
    terminal.card.reset()
    await terminal.selectPiv()
    expect(
      await terminal.authenticate(
        algorithm,
        key.map((octet) => octet ^ 0xfe),
      ),
    ).toBe(0x6982)
    expect(await terminal.authenticate(algorithm, key)).toBe(0x9000)
  })

  it('is not taken without its own proof, nor with a witness from before', async () => {
    const { card } = createPivCard({ attestationKeyType: 'P-256' })
    const terminal = new CardTerminal(card)
    await terminal.selectPiv()
    const proof = writeTlv(0x7c, writeTlv(0x80, Buffer.alloc(8)), writeTlv(0x81, Buffer.alloc(8)))
    expect((await terminal.send(0x87, 3, 0x9b, proof)).sw).toBe(0x6a80)
    await terminal.ok(0x87, 3, 0x9b, writeTlv(0x7c, writeTlv(0x80)))
    expect((await terminal.send(0x87, 3, 0x9b, proof)).sw).toBe(0x6982)
    expect((await terminal.send(0x87, 3, 0x9b, proof)).sw).toBe(0x6a80)
    expect((await terminal.generate(0x9a, P256)).sw).toBe(0x6982)
  })
})

describe('objects', () => {
  it('hold up to 3052 octets, chained both ways, and vanish when they are written empty', async () => {
    const terminal = await opened()
    const id = Buffer.from('5c035fc105', 'hex')
    const content = Buffer.alloc(3052, 0x5a)
    expect((await terminal.send(INS.putData, 0x3f, 0xff, Buffer.concat([id, writeTlv(0x53, content)]))).sw).toBe(0x9000)
    expect(hex(await terminal.ok(INS.getData, 0x3f, 0xff, id))).toBe(hex(writeTlv(0x53, content)))
    const extended = Buffer.concat([Buffer.from('00cb3fff000005', 'hex'), id])
    expect(hex((await terminal.exchange(extended)).data)).toBe(hex(writeTlv(0x53, content)))
    const large = writeTlv(0x53, Buffer.alloc(3053))
    expect((await terminal.send(INS.putData, 0x3f, 0xff, Buffer.concat([id, large]))).sw).toBe(0x6a84)
    expect((await terminal.send(INS.putData, 0x3f, 0xff, Buffer.concat([id, writeTlv(0x53)]))).sw).toBe(0x9000)
    expect((await terminal.send(INS.getData, 0x3f, 0xff, id)).sw).toBe(0x6a82)
  })

  it('with personal data are read after the PIN alone', async () => {
    const terminal = await opened()
    const printed = Buffer.from('5c035fc109', 'hex')
    await terminal.ok(INS.putData, 0x3f, 0xff, Buffer.concat([printed, writeTlv(0x53, Buffer.from('88028900', 'hex'))]))
    expect((await terminal.send(INS.getData, 0x3f, 0xff, printed)).sw).toBe(0x6982)
    await terminal.verify('123456')
    expect((await terminal.send(INS.getData, 0x3f, 0xff, printed)).sw).toBe(0x9000)
  })
})

describe('malformed commands', () => {
  it.each([
    ['too short', '00a4', 0x6700],
    ['Lc longer than the data', '00200080081234', 0x6700],
    ['extended Lc longer than the data', '00db3fff001000ff', 0x6700],
    ['unknown class', '80fd000000', 0x6e00],
    ['unknown instruction', '0012000000', 0x6d00],
    ['TLV cut off', '00cb3fff035c035f', 0x6a80],
    ['length field of four octets', '0047009a06ac8400000000', 0x6a80],
    ['two templates', '0047009a0aac03800111ac03800111', 0x6a80],
    ['no template', '0087119a00', 0x6a80],
    ['unknown application', '00a4040005a000000999', 0x6a82],
    ['an AID of no octets', '00a4040000', 0x6a82],
    ['tag of an object with two octets', '00cb3fff045c025fc1', 0x6a80],
  ])('%s', async (_name, command, sw) => {
    const terminal = await opened()
    expect((await terminal.exchange(Buffer.from(command, 'hex'))).sw).toBe(sw)
    expect((await terminal.send(INS.version, 0, 0)).sw).toBe(0x9000)
  })

  it('a chain without end is cut at its limit', async () => {
    const terminal = await opened()
    const piece = Buffer.concat([Buffer.from('10db3fffff', 'hex'), Buffer.alloc(255)])
    let sw = 0x9000
    let count = 0
    for (; sw === 0x9000 && count < 100; count++) sw = (await terminal.exchange(piece)).sw
    expect(sw).toBe(0x6700)
    expect(count).toBeLessThan(20)
  })
})

describe('the record', () => {
  it('never holds a PIN, a PUK, a management key or a private key', async () => {
    const terminal = await opened()
    await terminal.verify('123456')
    await terminal.send(INS.changeReference, 0, 0x81, Buffer.concat([pin('12345678'), pin('24682468')]))
    await terminal.send(INS.setManagementKey, 0xff, 0xff, Buffer.from(`039b18${'a5'.repeat(24)}`, 'hex'))
    await terminal.send(INS.importKey, P256, 0x9a, writeTlv(6, Buffer.alloc(32, 0x77)))
    const text = JSON.stringify(terminal.card.record.exchanges)
    for (const secret of [hex(pin('123456')), hex(pin('12345678')), hex(pin('24682468')), 'a5a5a5', '777777']) {
      expect(text).not.toContain(secret)
    }
    expect(terminal.card.record.count(INS.verify)).toBe(1)
    expect(terminal.card.record.count(INS.generalAuthenticate)).toBe(2)
  })
})
