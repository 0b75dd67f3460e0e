import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createPivCard } from '../../src/sandbox/yubikey/card/create-piv-card.ts'
import type { PivCard } from '../../src/sandbox/yubikey/card/piv-card.ts'
import { VpcdSlot } from '../../src/sandbox/yubikey/card/vpcd.ts'
import { sharedFolder } from '../shared-folder.ts'

const vectors = sharedFolder('vectors')

type Step =
  | { readonly kind: 'control'; readonly code: number }
  | { readonly kind: 'exchange'; readonly command: string; readonly response: string }

/** What Debian's pcscd, libykcs11 2.2.0 and yubico-piv-tool sent to a minimal card with nothing on it, and what that answered. */
function readTrace(folder: string): readonly Step[] {
  const steps: Step[] = []
  let command = ''
  for (const line of readFileSync(join(folder, 'yubikey', 'pcsc-probe-trace.txt'), 'utf8').split('\n')) {
    const [mark = '', value = ''] = line.split(' ')
    if (mark === 'CTRL') steps.push({ kind: 'control', code: Number(value) })
    if (mark === '>') command = value
    if (mark === '<') steps.push({ kind: 'exchange', command, response: value })
  }
  return steps
}

/** The minimal card had no attestation key. */
function withoutAttestationKey(card: PivCard): PivCard {
  card.state.keys.delete(0xf9)
  card.state.objects.delete(0x5fff01)
  return card
}

/** The one object that the minimal card lacked and every YubiKey has: SP 800-73-4 part 1 table 19. */
const DISCOVERY = { command: '00cb3fff035c017e', response: '7e124f0ba0000003080000100001005f2f0240009000' }

/** Plays the reader: listens, lets the card connect, and asks. */
async function playReader(
  card: PivCard,
  drive: (ask: (body: Buffer) => Promise<Buffer>, say: (body: Buffer) => void) => Promise<void>,
) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const arrived = once(server, 'connection') as Promise<[Socket]>
  const slot = new VpcdSlot(card, {
    connect: async () => {
      const socket = connect(port, '127.0.0.1')
      return { input: socket, output: socket, close: () => socket.destroy() }
    },
  })
  const inserted = slot.insert()
  const [socket] = await arrived
  const say = (body: Buffer): void => {
    socket.write(Buffer.concat([Buffer.from([body.length >> 8, body.length & 0xff]), body]))
  }
  const ask = async (body: Buffer): Promise<Buffer> => {
    say(body)
    let reply = Buffer.alloc(0)
    while (reply.length < 2 || reply.length < 2 + reply.readUInt16BE(0)) {
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      reply = Buffer.concat([reply, chunk])
    }
    return reply.subarray(2)
  }
  try {
    await drive(ask, say)
    await inserted
  } finally {
    slot.remove()
    socket.destroy()
    server.close()
  }
}

describe.runIf(vectors !== undefined)('the recorded conversation of pcscd and libykcs11 with an empty card', () => {
  const steps = vectors === undefined ? [] : readTrace(vectors)

  it('is answered octet for octet by an empty card of firmware 5.4.3', async () => {
    const card = withoutAttestationKey(createPivCard({ serial: 0xf00f14, attestationKeyType: 'P-256' }).card)
    expect(steps.filter(({ kind }) => kind === 'exchange').length).toBeGreaterThan(80)
    await playReader(card, async (ask, say) => {
      for (const step of steps) {
        if (step.kind === 'control') {
          if (step.code === 4) expect((await ask(Buffer.of(4))).toString('hex')).toBe(card.personality.atr)
          else say(Buffer.of(step.code))
          continue
        }
        const expected = step.command === DISCOVERY.command ? DISCOVERY.response : step.response
        const answer = await ask(Buffer.from(step.command, 'hex'))
        expect({ command: step.command, answer: answer.toString('hex') }).toEqual({
          command: step.command,
          answer: expected,
        })
      }
    })
  })

  it('is answered alike by a card from the factory, but for its attestation key', async () => {
    const { card } = createPivCard({ serial: 0xf00f14, attestationKeyType: 'P-256' })
    const different: string[] = []
    for (const step of steps) {
      if (step.kind === 'control') continue
      const { answer } = await card.transmit(Buffer.from(step.command, 'hex'))
      if (Buffer.from(answer).toString('hex') !== step.response) different.push(step.command)
    }
    expect(different).toEqual(['00f700f900', '00cb3fff055c035fff01', DISCOVERY.command])
  })
})
