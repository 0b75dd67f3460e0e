import { describe, expect, it } from 'vitest'
import { createPivCard } from '../../src/sandbox/yubikey/card/create-piv-card.ts'
import { INS } from '../../src/sandbox/yubikey/card/piv-applet.ts'
import { writeTlv } from '../../src/sandbox/yubikey/card/tlv.ts'
import { CardTerminal, hex, openedCard, pin } from './card-terminal.ts'

const P256 = 0x11

describe('the management key', () => {
  it.each([
    { algorithm: 0x03, octets: 24 },
    { algorithm: 0x08, octets: 16 },
    { algorithm: 0x0a, octets: 24 },
    { algorithm: 0x0c, octets: 32 },
  ])('can be of algorithm $algorithm and is needed from then on', async ({ algorithm, octets }) => {
    const terminal = await openedCard()
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
    const terminal = await openedCard()
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

  it('come in pieces of the size that GET RESPONSE asks for, and no larger', async () => {
    const terminal = await openedCard()
    const id = Buffer.from('5c035fc105', 'hex')
    const content = Buffer.from(Array.from({ length: 900 }, (_, index) => index & 0xff))
    await terminal.ok(INS.putData, 0x3f, 0xff, Buffer.concat([id, writeTlv(0x53, content)]))
    let piece = await terminal.exchange(Buffer.concat([Buffer.from('00cb3fff05', 'hex'), id, Uint8Array.of(0)]))
    const parts = [piece.data]
    while (piece.sw >> 8 === 0x61) {
      const le = piece.sw & 0xff
      piece = await terminal.exchange(Uint8Array.of(0, 0xc0, 0, 0, le))
      expect(piece.data).toHaveLength(le)
      parts.push(piece.data)
    }
    expect(piece.sw).toBe(0x9000)
    expect(hex(Buffer.concat(parts))).toBe(hex(writeTlv(0x53, content)))
  })

  it('with personal data are read after the PIN alone', async () => {
    const terminal = await openedCard()
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
    const terminal = await openedCard()
    expect((await terminal.exchange(Buffer.from(command, 'hex'))).sw).toBe(sw)
    expect((await terminal.send(INS.version, 0, 0)).sw).toBe(0x9000)
  })

  it('a chain without end is cut at its limit', async () => {
    const terminal = await openedCard()
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
    const terminal = await openedCard()
    await terminal.verify('123456')
    await terminal.send(INS.changeReference, 0, 0x81, Buffer.concat([pin('12345678'), pin('24682468')]))
    await terminal.send(INS.setManagementKey, 0xff, 0xff, Buffer.from(`039b18${'a5'.repeat(24)}`, 'hex'))
    await terminal.send(INS.importKey, P256, 0x9a, writeTlv(6, Buffer.alloc(32, 0x77)))
    const kept = Buffer.concat([Buffer.from('5c035fc109', 'hex'), writeTlv(0x53, Buffer.alloc(24, 0xc3))])
    await terminal.ok(INS.putData, 0x3f, 0xff, kept)
    await terminal.ok(INS.getData, 0x3f, 0xff, kept.subarray(0, 5))
    const text = JSON.stringify(terminal.card.record.exchanges)
    for (const secret of [
      hex(pin('123456')),
      hex(pin('12345678')),
      hex(pin('24682468')),
      'a5a5a5',
      '777777',
      'c3c3c3',
    ]) {
      expect(text).not.toContain(secret)
    }
    expect(terminal.card.record.count(INS.verify)).toBe(1)
    expect(terminal.card.record.count(INS.generalAuthenticate)).toBe(2)
  })
})
