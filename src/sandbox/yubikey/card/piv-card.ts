/** A whole card: applications, SELECT, chaining both ways, faults, record. Knows nothing of readers. */
import type { KeyObject } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type CommandApdu, parseCommand, response } from './apdu.ts'
import { ApduRecord } from './apdu-record.ts'
import type { Applet } from './applet.ts'
import { CardRemoved, type FaultEffect, FaultPlan } from './card-fault.ts'
import { CardState } from './card-state.ts'
import { keyTypeFor } from './key-type.ts'
import { managementApplet, otpApplet } from './management-applet.ts'
import type { Personality } from './personality.ts'
import { pivApplet } from './piv-applet.ts'
import { type IssueLeaf, type PivContext, SecurityStatus } from './piv-context.ts'
import { OBJECT_ATTESTATION_CERTIFICATE, PIN_POLICY, SLOT_ATTESTATION, TOUCH_POLICY } from './slots.ts'
import { ensure, StatusError, SW } from './status-word.ts'
import { writeTlv } from './tlv.ts'
import { TouchButton } from './touch-button.ts'

export interface PivCardOptions {
  readonly personality: Personality
  /** Decimal serial number, below 2^32. */
  readonly serial: number
  /** The factory's attestation key (RSA 2048 on every device seen; P-256 is taken too) and its certificate, DER. */
  readonly attestation: { readonly key: KeyObject; readonly certificate: Uint8Array }
  readonly issueLeaf: IssueLeaf
}

const INS_SELECT = 0xa4
const INS_GET_RESPONSE = 0xc0
const MAX_SHORT_RESPONSE = 256
/** The largest object with its framing, and some room. */
const MAX_COMMAND = 4096

export class PivCard {
  readonly personality: Personality
  readonly serial: number
  readonly atr: Uint8Array
  /** Keys, objects, counters: what outlives a loss of power. */
  readonly state: CardState
  readonly touch = new TouchButton()
  readonly faults = new FaultPlan()
  readonly record = new ApduRecord()
  readonly #applets: readonly Applet[]
  #selected: Applet | undefined
  #partial: { readonly ins: number; readonly data: Uint8Array } | undefined
  #unsent: Uint8Array = new Uint8Array()

  constructor(options: PivCardOptions) {
    const { personality, serial, attestation, issueLeaf } = options
    this.personality = personality
    this.serial = serial
    this.atr = Buffer.from(personality.atr, 'hex')
    this.state = new CardState(personality)
    this.state.keys.set(SLOT_ATTESTATION, {
      type: keyTypeFor(personality, attestation.key.asymmetricKeyType === 'ec' ? 0x11 : 0x07),
      key: attestation.key,
      generated: false,
      pinPolicy: PIN_POLICY.once,
      touchPolicy: TOUCH_POLICY.never,
    })
    this.state.objects.set(OBJECT_ATTESTATION_CERTIFICATE, certificateObject(attestation.certificate))
    const card: PivContext = {
      personality,
      serial,
      state: this.state,
      security: new SecurityStatus(),
      touch: this.touch,
      touchedAt: Number.NEGATIVE_INFINITY,
      issueLeaf,
    }
    this.#applets = [pivApplet(card), managementApplet(personality, serial), otpApplet(personality, serial)]
  }

  /** Power off, power on, reset: forgets what was selected and verified. */
  reset(): void {
    this.#select(undefined)
    this.#partial = undefined
    this.#unsent = new Uint8Array()
  }

  /** One command, one answer. Throws CardRemoved where a fault pulls the card out; `leaves` tells the reader to pull it after the answer. */
  async transmit(bytes: Uint8Array): Promise<{ readonly answer: Uint8Array; readonly leaves: boolean }> {
    let leaves = false
    let answer: Uint8Array
    try {
      const command = parseCommand(bytes)
      if (command.ins === INS_GET_RESPONSE) answer = this.#nextPiece(command.extended, command.le)
      else if (command.chained) answer = this.#collect(command)
      else {
        const result = await this.#run(this.#assemble(command))
        leaves = result.leaves
        this.#unsent = result.data
        answer = this.#nextPiece(command.extended)
      }
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      this.#unsent = new Uint8Array()
      answer = response(error.statusWord)
    }
    this.record.add(bytes, answer)
    return { answer, leaves }
  }

  #collect(command: CommandApdu): Uint8Array {
    const before = this.#partial?.ins === command.ins ? this.#partial.data : new Uint8Array()
    this.#partial = undefined
    ensure(before.length + command.data.length <= MAX_COMMAND, SW.wrongLength)
    this.#partial = { ins: command.ins, data: Buffer.concat([before, command.data]) }
    return response(SW.ok)
  }

  #assemble(command: CommandApdu): CommandApdu {
    const partial = this.#partial
    this.#partial = undefined
    if (partial?.ins !== command.ins) return command
    ensure(partial.data.length + command.data.length <= MAX_COMMAND, SW.wrongLength)
    return { ...command, data: Buffer.concat([partial.data, command.data]) }
  }

  /** GET RESPONSE gets what its Le asks for and no more: OpenSC asks for the number that 61xx named, and drops a longer answer. */
  #nextPiece(extended: boolean, le = MAX_SHORT_RESPONSE): Uint8Array {
    const whole = this.#unsent
    if (extended || whole.length <= le) {
      this.#unsent = new Uint8Array()
      return response(SW.ok, whole)
    }
    this.#unsent = whole.subarray(le)
    return response(SW.moreData | Math.min(this.#unsent.length, 255), whole.subarray(0, le))
  }

  async #run(command: CommandApdu): Promise<{ readonly data: Uint8Array; readonly leaves: boolean }> {
    ensure(command.cla === 0, SW.wrongClass)
    const effect = this.faults.take(command)
    await beforehand(effect)
    const data = command.ins === INS_SELECT ? this.#selectByName(command) : await this.#process(command)
    if (effect?.kind === 'remove' && effect.when === 'during') throw new CardRemoved()
    return {
      data: effect?.kind === 'corrupt' ? spoil(data) : data,
      leaves: effect?.kind === 'remove' && effect.when === 'after',
    }
  }

  async #process(command: CommandApdu): Promise<Uint8Array> {
    ensure(this.#selected !== undefined, SW.wrongInstruction)
    return this.#selected.process(command)
  }

  /** A truncated AID selects too: libykpiv sends five octets. PIV selected again keeps its security status (SP 800-73-4 part 2 3.1.1). */
  #selectByName(command: CommandApdu): Uint8Array {
    ensure(command.p1 === 0x04 && command.p2 === 0x00, SW.wrongParameters)
    const { data } = command
    const applet = this.#applets.find(
      ({ aid }) =>
        data.length >= 5 && data.length <= aid.length && Buffer.compare(aid.subarray(0, data.length), data) === 0,
    )
    ensure(applet !== undefined, SW.notFound)
    this.#select(applet)
    return applet.select()
  }

  #select(applet: Applet | undefined): void {
    if (this.#selected !== applet) this.#selected?.deselect()
    this.#selected = applet
  }
}

/** 70 certificate, 71 not compressed, FE empty (SP 800-73-4 part 1 table 10). */
const certificateObject = (certificate: Uint8Array): Uint8Array =>
  Buffer.concat([writeTlv(0x70, certificate), writeTlv(0x71, Uint8Array.of(0)), writeTlv(0xfe)])

async function beforehand(effect: FaultEffect | undefined): Promise<void> {
  if (effect?.kind === 'remove' && effect.when === 'before') throw new CardRemoved()
  if (effect?.kind === 'status') throw new StatusError(effect.statusWord)
  if (effect?.kind === 'delay') await wait(effect.milliseconds)
}

function spoil(data: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(data)
  const last = copy.length - 1
  if (last >= 0) copy[last] = (copy[last] ?? 0) ^ 0x55
  return copy
}
