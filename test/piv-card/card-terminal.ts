/** A host of the PIV card double in tests: sends commands straight to the card, without a reader. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createPivCard } from '../../src/sandbox/yubikey/card/create-piv-card.ts'
import { PERSONALITIES, type PersonalityName } from '../../src/sandbox/yubikey/card/personality.ts'
import type { PivCard } from '../../src/sandbox/yubikey/card/piv-card.ts'
import { findTlv, readOne, readTlvs, writeTlv } from '../../src/sandbox/yubikey/card/tlv.ts'

export interface Answer {
  readonly data: Buffer
  readonly sw: number
}

const CIPHERS: Readonly<Record<number, string>> = {
  3: 'des-ede3-ecb',
  8: 'aes-128-ecb',
  10: 'aes-192-ecb',
  12: 'aes-256-ecb',
}

export const FACTORY_KEY = Buffer.from('010203040506070801020304050607080102030405060708', 'hex')
export const pin = (text: string): Buffer => Buffer.from(text.padEnd(8, '\xff'), 'latin1')
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export class CardTerminal {
  readonly card: PivCard

  constructor(card: PivCard) {
    this.card = card
  }

  /** One raw exchange. */
  async exchange(bytes: Uint8Array): Promise<Answer> {
    const { answer } = await this.card.transmit(bytes)
    return { data: Buffer.from(answer.subarray(0, -2)), sw: Buffer.from(answer).readUInt16BE(answer.length - 2) }
  }

  /** A command with short APDUs: chained in pieces of 255, the answer gathered. */
  async send(ins: number, p1: number, p2: number, data: Uint8Array = new Uint8Array()): Promise<Answer> {
    let rest = data
    while (rest.length > 255) {
      const piece = await this.exchange(Buffer.concat([Uint8Array.of(0x10, ins, p1, p2, 255), rest.subarray(0, 255)]))
      if (piece.sw !== 0x9000) return piece
      rest = rest.subarray(255)
    }
    let answer = await this.exchange(Buffer.concat([Uint8Array.of(0, ins, p1, p2, rest.length), rest]))
    const parts = [answer.data]
    while (answer.sw >> 8 === 0x61) {
      answer = await this.exchange(Uint8Array.of(0, 0xc0, 0, 0, 0))
      parts.push(answer.data)
    }
    return { data: Buffer.concat(parts), sw: answer.sw }
  }

  /** The data of a command that must succeed. */
  async ok(ins: number, p1: number, p2: number, data?: Uint8Array): Promise<Buffer> {
    const answer = await this.send(ins, p1, p2, data)
    if (answer.sw !== 0x9000) throw new Error(`INS ${ins.toString(16)} answered ${answer.sw.toString(16)}`)
    return answer.data
  }

  selectPiv = (): Promise<Buffer> => this.ok(0xa4, 4, 0, Buffer.from('a000000308', 'hex'))
  verify = (text: string): Promise<Answer> => this.send(0x20, 0, 0x80, pin(text))

  /** Mutual authentication; the last status word. Throws where the card's own proof is wrong. */
  async authenticate(algorithm = 0x03, key: Uint8Array = FACTORY_KEY): Promise<number> {
    const cipher = CIPHERS[algorithm] ?? ''
    const first = await this.send(0x87, algorithm, 0x9b, writeTlv(0x7c, writeTlv(0x80)))
    if (first.sw !== 0x9000) return first.sw
    const witness = findTlv(readTlvs(readOne(first.data, 0x7c)), 0x80) ?? new Uint8Array()
    const challenge = randomBytes(witness.length)
    const plain = createDecipheriv(cipher, key, null).setAutoPadding(false).update(witness)
    const second = await this.send(
      0x87,
      algorithm,
      0x9b,
      writeTlv(0x7c, writeTlv(0x80, plain), writeTlv(0x81, challenge)),
    )
    if (second.sw !== 0x9000) return second.sw
    const expected = createCipheriv(cipher, key, null).setAutoPadding(false).update(challenge)
    const proof = findTlv(readTlvs(readOne(second.data, 0x7c)), 0x82)
    if (proof === undefined || Buffer.compare(proof, expected) !== 0) throw new Error('the card does not know the key')
    return second.sw
  }

  generate(slot: number, algorithm: number, policies: { readonly pin?: number; readonly touch?: number } = {}) {
    return this.send(
      0x47,
      0,
      slot,
      writeTlv(
        0xac,
        writeTlv(0x80, Uint8Array.of(algorithm)),
        policies.pin === undefined ? new Uint8Array() : writeTlv(0xaa, Uint8Array.of(policies.pin)),
        policies.touch === undefined ? new Uint8Array() : writeTlv(0xab, Uint8Array.of(policies.touch)),
      ),
    )
  }

  /** Tag 81, or 85 for a key agreement; the result is in tag 82. */
  async use(slot: number, algorithm: number, input: Uint8Array, tag = 0x81): Promise<Answer> {
    const answer = await this.send(0x87, algorithm, slot, writeTlv(0x7c, writeTlv(0x82), writeTlv(tag, input)))
    if (answer.sw !== 0x9000) return answer
    return { sw: answer.sw, data: Buffer.from(readOne(readOne(answer.data, 0x7c), 0x82)) }
  }
}

/** A fresh card with PIV selected and its factory management key shown. */
export async function openedCard(personality: PersonalityName = 'yubikey-5.4.3'): Promise<CardTerminal> {
  const { card } = createPivCard({ personality, attestationKeyType: 'P-256' })
  const terminal = new CardTerminal(card)
  await terminal.selectPiv()
  await terminal.authenticate(PERSONALITIES[personality].managementAlgorithm)
  return terminal
}
