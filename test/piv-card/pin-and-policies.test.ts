import { describe, expect, it } from 'vitest'
import { INS } from '../../src/sandbox/yubikey/card/piv-applet.ts'
import { type CardTerminal, hex, openedCard, pin } from './card-terminal.ts'

const P256 = 0x11
const NEVER = 1

describe('PIN and PUK', () => {
  it('count down on wrong tries, block, and come back with the PUK', async () => {
    const terminal = await openedCard()
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
    const terminal = await openedCard()
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
    const terminal = await openedCard()
    expect((await terminal.send(INS.setRetries, 5, 7)).sw).toBe(0x6982)
    await terminal.verify('123456')
    expect((await terminal.send(INS.setRetries, 5, 7)).sw).toBe(0x9000)
    expect((await terminal.send(INS.verify, 0, 0x80)).sw).toBe(0x63c5)
    expect(hex(await terminal.ok(INS.metadata, 0, 0x81))).toBe('0101ff05010106020707')
  })

  it('allow a reset only when both are blocked; it spares the attestation key', async () => {
    const terminal = await openedCard()
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
    const terminal = await openedCard()
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

  it.each([
    ['GET METADATA', (terminal: CardTerminal) => terminal.send(INS.metadata, 0, 0x9c)],
    ['GET DATA', (terminal: CardTerminal) => terminal.send(INS.getData, 0x3f, 0xff, Buffer.from('5c035fc10a', 'hex'))],
    ['an attestation', (terminal: CardTerminal) => terminal.send(INS.attest, 0x9c, 0)],
    ['a SELECT of PIV', (terminal: CardTerminal) => terminal.selectPiv()],
  ])('"always": %s between PIN and signature uses the PIN up', async (_what, between) => {
    const terminal = await openedCard()
    await terminal.generate(0x9c, P256)
    await terminal.verify('123456')
    expect((await terminal.send(INS.verify, 0, 0x80)).sw).toBe(0x9000)
    expect((await terminal.use(0x9c, P256, hash)).sw).toBe(0x9000)
    await terminal.verify('123456')
    await between(terminal)
    expect((await terminal.use(0x9c, P256, hash)).sw).toBe(0x6982)
  })

  it('forget the PIN when the power goes or another application is selected, not when PIV is selected again', async () => {
    const terminal = await openedCard()
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
    const terminal = await openedCard()
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
    const terminal = await openedCard('yubikey-5.4.3-fips')
    expect((await terminal.generate(0x9a, P256, { pin: NEVER })).sw).toBe(0x6a80)
    expect((await terminal.generate(0x9a, P256, { pin: 2 })).sw).toBe(0x9000)
  })
})
