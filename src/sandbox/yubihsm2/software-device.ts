/** A YubiHSM 2 in software: frames in, frames out. Deterministic but for its random numbers; no clock but the one it is given. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, pbkdf2Sync } from 'node:crypto'
import { ALGORITHMS } from '../../../devices/yubihsm2/algorithm.ts'
import { pointOf } from '../../../devices/yubihsm2/asymmetric-keys.ts'
import { concat, u8 } from '../../../devices/yubihsm2/byte-writer.ts'
import { COMMANDS, type CommandName, commandName, ERROR_REPLY, REPLY_FLAG } from '../../../devices/yubihsm2/command.ts'
import { FRAME_HEADER, frame, maxFrame } from '../../../devices/yubihsm2/frame.ts'
import { checkSeal, MAC_LENGTH, openBody, sealReply } from '../../../devices/yubihsm2/session-message.ts'
import { AuditLog } from './audit-log.ts'
import { CommandFailure, FAILURE, refuse } from './command-failure.ts'
import { DeviceOptions } from './device-options.ts'
import {
  createYubiHsm2EvidenceIssuer,
  type YubiHsm2EvidenceIssuer,
  type YubiHsm2IssuerOptions,
} from './evidence/issuer.ts'
import { type DeviceState, type Execution, reader } from './execution.ts'
import { type Fault, Faults } from './faults.ts'
import { deviceInfo } from './handlers/administration.ts'
import { HANDLERS } from './handlers/handlers.ts'
import { authenticateSession, createSession } from './handshake.ts'
import { ObjectStore, type StoredObject } from './object-store.ts'
import { atLeast, type Personality } from './personality.ts'
import { type DeviceSession, SessionTable } from './session-table.ts'

/** Password of the factory authentication key. */
export const FACTORY_PASSWORD = 'password'
const NO_OBJECT = 0xffff

/** The answer never reaches the host. */
export class Dropped extends Error {}

/** Commands that a full log under forced audit does not stop. */
const ALWAYS_ALLOWED: readonly CommandName[] = [
  'create session',
  'authenticate session',
  'close session',
  'set log index',
  'reset device',
]

export class SoftwareYubiHsm implements DeviceState {
  readonly personality: Personality
  readonly store = new ObjectStore()
  readonly log = new AuditLog()
  readonly options: DeviceOptions
  readonly issuer: YubiHsm2EvidenceIssuer
  readonly staticKey: KeyObject
  readonly faults = new Faults()
  readonly sessions: SessionTable
  readonly #now: () => number
  #tail: Promise<unknown> = Promise.resolve()

  /** `issuing`: the keys that its attestations are signed with; RSA, as on every device seen, take a moment to generate. */
  constructor(
    personality: Personality,
    now: () => number = () => performance.now(),
    issuing: YubiHsm2IssuerOptions = {},
  ) {
    this.personality = personality
    this.options = new DeviceOptions(personality)
    this.sessions = new SessionTable(now)
    this.#now = now
    const { serial, firmware, fipsCertificate } = personality
    this.issuer = createYubiHsm2EvidenceIssuer(
      {
        serial,
        firmware: firmware.join('.'),
        fipsCertificate,
      },
      issuing,
    )
    this.staticKey = createPrivateKey(
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    )
    this.reset()
  }

  reset(): void {
    this.store.reset(pbkdf2Sync(FACTORY_PASSWORD, 'Yubico', 10_000, 32, 'sha256'))
    this.options.reset()
    this.log.reset()
    this.sessions.clear()
  }

  /** One frame after the other, as over USB. Throws Dropped where a fault eats the answer. */
  exchange(bytes: Uint8Array): Promise<Buffer> {
    const run = this.#tail.then(() => this.#answer(Buffer.from(bytes)))
    this.#tail = run.catch(() => undefined)
    return run
  }

  async #answer(bytes: Buffer): Promise<Buffer> {
    const code = bytes.readUInt8(0)
    const name = commandName(code)
    try {
      if (bytes.length !== FRAME_HEADER + bytes.readUInt16BE(1)) throw refuse('wrongLength')
      if (bytes.length > maxFrame(this.personality.firmware)) throw refuse('wrongLength')
      if (name === undefined) throw refuse('invalidCommand')
      if (name === 'session message') return await this.#sessionMessage(bytes)
      const fault = this.faults.next(name)
      const reply = await this.#strike(fault, () => this.#plain(name, bytes))
      return frame(code | REPLY_FLAG, reply)
    } catch (error) {
      if (error instanceof GarbageReply) return error.bytes
      return errorFrame(error)
    }
  }

  /** What is allowed outside a session. */
  async #plain(name: CommandName, bytes: Buffer): Promise<Uint8Array> {
    const request = reader(bytes.subarray(FRAME_HEADER))
    switch (name) {
      case 'echo':
        return request.rest()
      case 'device info':
        return deviceInfo(this, request.remaining === 0 ? 0 : request.u8())
      case 'get device public key':
        if (!atLeast(this.personality, 2, 3)) throw refuse('invalidCommand')
        return concat(u8(ALGORITHMS['ecp256-yubico-authentication']), pointOf(this.staticKey).subarray(1))
      case 'create session': {
        const id = bytes.length >= 5 ? bytes.readUInt16BE(3) : NO_OBJECT
        return this.#logged(name, bytes.length - FRAME_HEADER, NO_OBJECT, { target: id, second: NO_OBJECT }, () =>
          createSession(this, this.sessions, request),
        )
      }
      case 'authenticate session':
        return this.#logged(
          name,
          bytes.length - FRAME_HEADER,
          NO_OBJECT,
          { target: NO_OBJECT, second: NO_OBJECT },
          () => authenticateSession(this.sessions, bytes, request),
        )
      default:
        throw refuse('invalidCommand')
    }
  }

  async #sessionMessage(bytes: Buffer): Promise<Buffer> {
    if (bytes.length < FRAME_HEADER + 1 + MAC_LENGTH) throw refuse('wrongLength')
    const session = this.sessions.use(bytes.readUInt8(FRAME_HEADER))
    const before = { chain: session.chain, counter: session.counter }
    const chain = session.authenticated ? await checkSeal(session.keys.mac, session.chain, bytes) : undefined
    const inner = chain && openBody(session.keys, session.counter, bytes.subarray(FRAME_HEADER + 1, -MAC_LENGTH))
    if (chain === undefined || inner === undefined) {
      this.sessions.remove(session.sid)
      throw refuse('authenticationFailed')
    }
    session.chain = chain
    session.counter++
    const name = commandName(inner[0] ?? 0)
    const fault = name === undefined ? undefined : this.faults.next(name)
    if (fault?.kind === 'drop-before' || fault?.kind === 'unplug') {
      Object.assign(session, before)
      throw new Dropped(fault.kind)
    }
    const reply = await this.#innerReply(name, inner, session, fault)
    const sealed = await sealReply(session.keys, chain, before.counter, session.sid, reply)
    if (fault?.kind === 'wrong-mac') sealed.writeUInt8(sealed.readUInt8(sealed.length - 1) ^ 1, sealed.length - 1)
    session.usedAt = this.#now()
    if (name === 'reset device' && reply[0] !== ERROR_REPLY) this.reset()
    return sealed
  }

  /** The frame inside the encryption, error frames included. */
  async #innerReply(
    name: CommandName | undefined,
    inner: Buffer,
    session: DeviceSession,
    fault: Fault | undefined,
  ): Promise<Buffer> {
    try {
      if (name === undefined) throw refuse('invalidCommand')
      if (inner.length !== FRAME_HEADER + inner.readUInt16BE(1)) throw refuse('wrongLength')
      const data = inner.subarray(FRAME_HEADER)
      const reply = await this.#strike(fault, () => this.#inSession(name, data, session))
      return frame(COMMANDS[name].code | REPLY_FLAG, reply)
    } catch (error) {
      return errorFrame(error)
    }
  }

  async #inSession(name: CommandName, data: Buffer, session: DeviceSession): Promise<Uint8Array> {
    const touched = { target: NO_OBJECT, second: NO_OBJECT }
    const authKey: StoredObject = session.authKey
    return this.#logged(name, data.length, authKey.id, touched, async () => {
      if (name === 'close session') {
        this.sessions.remove(session.sid)
        return new Uint8Array(0)
      }
      const handler = HANDLERS[name]
      if (handler === undefined) throw refuse('invalidCommand')
      const execution: Execution = { state: this, authKey, touched }
      return handler(reader(data), execution)
    })
  }

  /** Runs a command and logs it, or refuses it where the log is full and audit is forced. */
  async #logged(
    name: CommandName,
    length: number,
    session: number,
    touched: { readonly target: number; readonly second: number },
    run: () => Uint8Array | Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const command = COMMANDS[name].code
    const logs = this.options.logs(command)
    const closed = (): boolean => logs && this.log.full && this.options.forcesAudit
    if (closed() && !ALWAYS_ALLOWED.includes(name)) throw refuse('logFull')
    let result = ERROR_REPLY
    try {
      const reply = await run()
      result = command | REPLY_FLAG
      return reply
    } finally {
      if (closed()) this.log.countUnlogged('authentications')
      else if (logs) this.log.add({ command, length, session, ...touched, result, tick: Math.floor(this.#now()) >>> 0 })
    }
  }

  /** Lets a planned fault strike around the execution of a command. */
  async #strike(fault: Fault | undefined, run: () => Promise<Uint8Array>): Promise<Uint8Array> {
    switch (fault?.kind) {
      case 'error':
        throw new CommandFailure(fault.code)
      case 'drop-before':
      case 'unplug':
        throw new Dropped(fault.kind)
      case 'garbage':
        throw new GarbageReply(Buffer.from(fault.bytes))
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, fault.ms))
        return run()
      case 'drop-after':
        await run().catch(() => undefined)
        throw new Dropped(fault.kind)
      default:
        return run()
    }
  }
}

class GarbageReply extends Error {
  readonly bytes: Buffer
  constructor(bytes: Buffer) {
    super('garbage')
    this.bytes = bytes
  }
}

function errorFrame(error: unknown): Buffer {
  if (error instanceof CommandFailure) return frame(ERROR_REPLY, u8(error.code))
  if (error instanceof RangeError) return frame(ERROR_REPLY, u8(FAILURE.wrongLength))
  throw error
}
