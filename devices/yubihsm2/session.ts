/**
 * One authenticated session: commands one after the other, closed at the end, opened anew where the device has let it expire.
 *
 * The rules: a credential that was refused is never sent again. A command that changes the device (generate, put, delete) is
 * sent once; one that only reads or signs may be sent again over a new session after a lost connection or an expired session.
 */
import { DeviceError, type DeviceTrace } from '../device.ts'
import { authenticate, type Credential, type OpenedChannel } from './authenticate.ts'
import { COMMANDS, type CommandName, REPLY_FLAG } from './command.ts'
import type { Connector } from './connector.ts'
import { errorCodeName, protocolError } from './error-code.ts'
import { maxFrame, readReply, requestFrame } from './frame.ts'
import { formatObjectId } from './object-type.ts'
import { checkSeal, MAC_LENGTH, openBody, sealCommand } from './session-message.ts'

/** The device ends a session after 30 idle seconds; one that has been idle this long is opened anew before anything is sent. */
const IDLE_LIMIT_MS = 25_000
/** RSA-4096 generation takes minutes on the device; everything else seconds. */
const TIMEOUTS: Partial<Record<CommandName, number>> = { 'generate asymmetric key': 600_000 }
const TIMEOUT_MS = 30_000

/** A command as bytes: how to ask, how to read the answer, and whether asking twice does harm. */
export interface Command<Request, Reply> {
  readonly name: CommandName
  readonly repeatable: boolean
  readonly encode: (request: Request) => Uint8Array
  /** `short` is what to throw where the reply has the wrong length. */
  readonly decode: (reply: Buffer, short: () => Error) => Reply
}

interface Channel extends OpenedChannel {
  chain: Buffer
  counter: number
  usedAt: number
  /** A command was sent and no authentic reply came: whether the device has moved on is not known. */
  inDoubt: boolean
}

export interface SessionOptions {
  readonly connector: Connector
  readonly credential: Credential
  readonly firmware: readonly number[]
  readonly signal?: AbortSignal
  readonly onTrace?: (trace: DeviceTrace) => void
  /** Milliseconds; for tests. */
  readonly now?: () => number
}

export class Session {
  readonly #options: SessionOptions
  readonly #now: () => number
  #channel: Channel | undefined
  /** Why no session can be opened any more. */
  #refused: DeviceError | undefined
  #tail: Promise<unknown> = Promise.resolve()

  private constructor(options: SessionOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Authenticates at once. Throws DeviceError. */
  static async open(options: SessionOptions): Promise<Session> {
    const session = new Session(options)
    await session.#enqueue(() => session.#openChannel())
    return session
  }

  /** Runs one command. Throws DeviceError; after `device.unreachable` on a command that is not repeatable its outcome is unknown. */
  run<Request, Reply>(command: Command<Request, Reply>, request: Request): Promise<Reply> {
    return this.#enqueue(async () => {
      const data = command.encode(request)
      const reply = await this.#send(command.name, data, command.repeatable)
      return command.decode(reply, () => protocolError(command.name, 'the reply has the wrong length'))
    })
  }

  /** Ends the session at the device and forgets the keys. Never throws; safe to call twice. */
  async close(): Promise<void> {
    this.#refused ??= new DeviceError('device.gone', 'The session with the YubiHSM 2 is closed.', {
      remedy: 'Open the device again.',
    })
    await this.#enqueue(() => this.#closeChannel())
    const { credential } = this.#options
    if (credential.kind !== 'password') return
    credential.keys.encryption.fill(0)
    credential.keys.mac.fill(0)
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(task, task)
    this.#tail = run.catch(() => undefined)
    return run
  }

  async #send(name: CommandName, data: Uint8Array, repeatable: boolean): Promise<Buffer> {
    const stale = (open: Channel): boolean => open.inDoubt || this.#now() - open.usedAt > IDLE_LIMIT_MS
    if (this.#channel !== undefined && stale(this.#channel)) await this.#closeChannel()
    const fresh = this.#channel === undefined
    const channel = this.#channel ?? (await this.#openChannel())
    try {
      return await this.#exchange(channel, name, data)
    } catch (error) {
      if (fresh || !repeatable || !(error instanceof DeviceError) || !isLost(error)) throw error
      await this.#closeChannel()
      return this.#exchange(await this.#openChannel(), name, data)
    }
  }

  async #exchange(
    channel: Channel,
    name: CommandName,
    data: Uint8Array,
    signal = this.#options.signal,
  ): Promise<Buffer> {
    const inner = requestFrame(name, data)
    const { keys, sid, counter, chain } = channel
    const sealed = await sealCommand(keys, chain, counter, sid, inner)
    if (sealed.frame.length >= maxFrame(this.#options.firmware)) throw tooLong(name, sealed.frame.length)
    // Whatever becomes of it: once sent, the device may have moved on.
    channel.chain = sealed.chain
    channel.counter = counter + 1
    channel.inDoubt = true
    const started = this.#now()
    try {
      const reply = await this.#options.connector.exchange(sealed.frame, TIMEOUTS[name] ?? TIMEOUT_MS, signal)
      channel.usedAt = this.#now()
      const frame = await this.#open(channel, counter, reply, name)
      channel.inDoubt = false
      return readReply(name, frame)
    } finally {
      this.#options.onTrace?.({ call: name, durationMs: Math.round(this.#now() - started) })
    }
  }

  async #open(channel: Channel, counter: number, reply: Buffer, during: CommandName): Promise<Buffer> {
    const name = 'session message'
    const data = readSessionReply(reply, during)
    if (data.length < 1 + MAC_LENGTH || data[0] !== channel.sid || reply[0] !== (COMMANDS[name].code | REPLY_FLAG)) {
      throw this.#broken('the reply belongs to another session')
    }
    if ((await checkSeal(channel.keys.replyMac, channel.chain, reply)) === undefined) {
      throw this.#broken('the authentication code of the reply is wrong')
    }
    const frame = openBody(channel.keys, counter, data.subarray(1, -MAC_LENGTH))
    if (frame === undefined) throw this.#broken('the reply does not decrypt')
    return frame
  }

  /** Someone has changed a reply: nothing more is sent in this run. */
  #broken(what: string): DeviceError {
    this.#refused = protocolError('use the secure channel', what)
    return this.#refused
  }

  async #openChannel(): Promise<Channel> {
    if (this.#refused !== undefined) throw this.#refused
    const { connector, credential, signal, onTrace } = this.#options
    const send = (frame: Uint8Array): Promise<Buffer> => connector.exchange(frame, TIMEOUT_MS, signal)
    const started = this.#now()
    try {
      const opened = await authenticate(
        credential,
        async (command, data) => readReply(command, await send(requestFrame(command, data))),
        async (frame) => readReply('authenticate session', await send(frame)),
      )
      this.#channel = { ...opened, counter: 1, usedAt: this.#now(), inDoubt: false }
      return this.#channel
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error
      const explained = explainRefusal(error, credential)
      if (REFUSALS.includes(explained.code)) this.#refused = explained
      throw explained
    } finally {
      onTrace?.({
        call: 'authenticate session',
        detail: credential.kind,
        durationMs: Math.round(this.#now() - started),
      })
    }
  }

  /** Best effort: a device that is gone ends the session by itself after 30 seconds. An abort does not keep it open. */
  async #closeChannel(): Promise<void> {
    const channel = this.#channel
    this.#channel = undefined
    if (channel === undefined) return
    await this.#exchange(channel, 'close session', Buffer.alloc(0), AbortSignal.timeout(5000)).catch(() => undefined)
  }
}

/** The codes with which an authentication ends for good; the others may be a matter of the moment. */
const REFUSALS: readonly string[] = ['pin.wrong', 'credential.refused']

/** An error outside the encryption means that the device no longer has this session, whatever its code. */
function readSessionReply(reply: Buffer, during: CommandName): Buffer {
  try {
    return readReply('session message', reply)
  } catch (error) {
    if (!(error instanceof DeviceError) || error.vendorCode === undefined) throw error
    throw new DeviceError(
      'device.gone',
      `Could not ${during}: the device has ended the session (${error.vendorCode}).`,
      {
        remedy: 'Run the command again; the device ends a session that is idle for 30 seconds.',
        vendorCode: error.vendorCode,
        transient: true,
        cause: error,
      },
    )
  }
}

/** The connection or the session is lost, and the command may not have arrived. HTTP 500 means that the device itself is gone. */
const isLost = (error: DeviceError): boolean =>
  error.code === 'device.unreachable' || (error.code === 'device.gone' && error.vendorCode !== 'HTTP 500')

/** What a refusal of `create session` means for the operator. */
function explainRefusal(error: DeviceError, { authKeyId, kind }: Credential): DeviceError {
  const id = formatObjectId(authKeyId)
  const details = { cause: error, vendorCode: error.vendorCode }
  if (error.vendorCode === errorCodeName(0x0b)) {
    return new DeviceError('credential.refused', `Authentication key ${id} does not exist on this YubiHSM 2.`, {
      remedy: 'Specify an existing one: auth-key=… in the device URI, or authKeyId in the profile.',
      ...details,
    })
  }
  if (error.vendorCode === errorCodeName(0x02) || error.vendorCode === errorCodeName(0x08)) {
    return new DeviceError('credential.refused', `Authentication key ${id} is not for ${kind} authentication.`, {
      remedy: 'Set authentication to the type of this key (password or asymmetric), or specify another key.',
      ...details,
    })
  }
  return error
}

const tooLong = (name: string, length: number): DeviceError =>
  new DeviceError(
    'device.unsupported',
    `Could not ${name}: ${length} bytes are more than this firmware accepts at once.`,
    {
      remedy: 'The limit for a stored certificate is about 1,960 bytes before firmware 2.4, and 3,050 since.',
    },
  )
