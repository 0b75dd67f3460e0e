import { verify } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createPivCard } from '../../src/sandbox/yubikey/card/create-piv-card.ts'
import { type PrivatePcscd, startPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import { INS } from '../../src/sandbox/yubikey/card/piv-applet.ts'
import type { PivCard } from '../../src/sandbox/yubikey/card/piv-card.ts'
import { startDouble } from '../../src/sandbox/yubikey/double.ts'
import { installed, LIBYKCS11 } from './installed.ts'

const MANAGEMENT_KEY = '010203040506070801020304050607080102030405060708'
const programs = installed('yubico-piv-tool', 'opensc', 'ykcs11')
const quick = { attestationKeyType: 'P-256' } as const

describe.runIf(programs)('a card that misbehaves in a reader', () => {
  let card: PivCard
  let pcscd: PrivatePcscd

  beforeAll(async () => {
    card = createPivCard(quick).card
    pcscd = await startPcscd([card])
  })
  afterAll(() => pcscd?.close())
  beforeEach(async () => {
    card.faults.clear()
    card.state.keys.delete(0x9a)
    await pcscd.slots[0]?.insert()
  })

  const tool = (...args: readonly string[]) => pcscd.runInside('yubico-piv-tool', args)
  const generate = () => tool('-a', 'generate', '-s', '9a', '-A', 'ECCP256', `-k${MANAGEMENT_KEY}`)

  it.each([
    { when: 'before', succeeds: false, madeKey: false },
    { when: 'during', succeeds: false, madeKey: true },
    { when: 'after', succeeds: true, madeKey: true },
  ] as const)('pulled $when the generation: the program fails or not, the key is there or not', async (plan) => {
    card.faults.add({ instruction: INS.generate, effect: { kind: 'remove', when: plan.when } })
    expect((await generate()).code === 0).toBe(plan.succeeds)
    expect(card.state.keys.has(0x9a)).toBe(plan.madeKey)
    expect(pcscd.slots[0]?.inserted).toBe(false)
    expect((await tool('-a', 'status')).code).not.toBe(0)
    await pcscd.slots[0]?.insert()
    expect((await tool('-a', 'status')).code).toBe(0)
    expect((await tool('-a', 'attest', '-s', '9a')).code === 0).toBe(plan.madeKey)
  })

  it('answers the status word it is told to, once', async () => {
    card.faults.add({ instruction: INS.generate, effect: { kind: 'status', statusWord: 0x6f00 } })
    expect((await generate()).code).not.toBe(0)
    expect((await generate()).code).toBe(0)
  })

  it('spoils the octets it is told to', async () => {
    await generate()
    const good = await tool('-a', 'attest', '-s', '9a')
    card.faults.add({ instruction: INS.attest, slot: 0x9a, effect: { kind: 'corrupt' } })
    const spoilt = await tool('-a', 'attest', '-s', '9a')
    expect(spoilt.stdout.slice(-40)).not.toBe(good.stdout.slice(-40))
  })

  it('is slow where it is told to, and the program waits', async () => {
    card.faults.add({ instruction: INS.generate, effect: { kind: 'delay', milliseconds: 700 } })
    const begun = Date.now()
    expect((await generate()).code).toBe(0)
    expect(Date.now() - begun).toBeGreaterThanOrEqual(700)
  })

  it('waits for a touch as long as its patience lasts, and signs only then', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'piv-'))
    const [pub, document, signature] = ['pub', 'document', 'signature'].map((name) => join(folder, name))
    if (pub === undefined || document === undefined || signature === undefined) throw new Error('unreachable')
    writeFileSync(document, 'x')
    const policies = ['--pin-policy=never', '--touch-policy=always']
    await tool('-a', 'generate', '-s', '9a', '-A', 'ECCP256', ...policies, `-k${MANAGEMENT_KEY}`, '-o', pub)
    const sign = () =>
      tool(
        '-a',
        'verify-pin',
        '-P',
        '123456',
        '--sign',
        '-s',
        '9a',
        '-A',
        'ECCP256',
        '-H',
        'SHA256',
        '-i',
        document,
        '-o',
        signature,
      )
    card.touch.behaviour = { kind: 'after', milliseconds: 900 }
    const begun = Date.now()
    expect((await sign()).code).toBe(0)
    expect(Date.now() - begun).toBeGreaterThanOrEqual(900)
    expect(verify('sha256', Buffer.from('x'), readFileSync(pub), readFileSync(signature))).toBe(true)
    card.touch.behaviour = { kind: 'never' }
    card.touch.patienceMilliseconds = 100
    expect((await sign()).code).not.toBe(0)
    card.touch.behaviour = { kind: 'at-once' }
    rmSync(folder, { recursive: true, force: true })
  })

  it('wrong counters: a PIN that is blocked reaches the program as blocked', async () => {
    card.state.pin.left = 0
    expect((await tool('-a', 'verify-pin', '-P', '123456')).stderr).toMatch(/blocked/)
    card.state.pin.left = 3
  })
})

describe.runIf(programs)('readers', () => {
  it('hold two cards at a time, each with its own keys and serial number', async () => {
    const cards = [createPivCard({ serial: 111, ...quick }).card, createPivCard({ serial: 222, ...quick }).card]
    const pcscd = await startPcscd(cards)
    try {
      expect((await pcscd.runInside('yubico-piv-tool', ['-a', 'status', '-r', '00 00'])).stdout).toContain('111')
      expect((await pcscd.runInside('yubico-piv-tool', ['-a', 'status', '-r', '00 01'])).stdout).toContain('222')
      const { stdout } = await pcscd.runInside('pkcs11-tool', ['--module', LIBYKCS11, '-L'])
      expect(stdout).toContain('YubiKey PIV #111')
      expect(stdout).toContain('YubiKey PIV #222')
    } finally {
      await pcscd.close()
    }
  })

  it('are as many as the cards: vpcd brings a second one, which a program would take for another YubiKey', async () => {
    const pcscd = await startPcscd([createPivCard({ serial: 333, ...quick }).card])
    try {
      expect((await pcscd.runInside('yubico-piv-tool', ['-a', 'list-readers'])).stdout).toBe(`${pcscd.readers[0]}\n`)
    } finally {
      await pcscd.close()
    }
  })

  it('of several doubles side by side do not meet', async () => {
    const both = await Promise.all([1001, 1002].map((serial) => startPcscd([createPivCard({ serial, ...quick }).card])))
    try {
      const seen = await Promise.all(both.map((one) => one.runInside('yubico-piv-tool', ['-a', 'status'])))
      expect(seen.map(({ stdout }) => /Serial Number:\t(\d+)/.exec(stdout)?.[1])).toEqual(['1001', '1002'])
    } finally {
      await Promise.all(both.map((one) => one.close()))
    }
  })

  it('are gone when the double is closed, with every file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'piv-'))
    const double = await startDouble({ directory, card: quick })
    const socket = double.environment?.PCSCLITE_CSOCK_NAME ?? ''
    expect(socket.startsWith(directory)).toBe(true)
    expect(existsSync(socket)).toBe(true)
    await double.close()
    expect(readdirSync(directory).filter((name) => name.startsWith('pcscd'))).toEqual([])
    rmSync(directory, { recursive: true })
  })
})
