import { chmod } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { Application } from './application.ts'
import { ConnectionDropped, dispatch } from './dispatch.ts'
import { RpcFormatError } from './rpc-bytes.ts'
import type { MechanismForm } from './rpc-codec.ts'
import { encodeFrame, type Frame, FrameAssembler, FrameError } from './rpc-frame.ts'
import type { TokenStatistics } from './statistics.ts'
import type { TokenHost } from './token-host.ts'

/** The protocol version that every client understands (p11-kit 0.24.1 and later). */
const VERSION = 0
/** From this offered version on a client writes mechanisms with a presence byte, whatever is then agreed (p11-kit 0.25.6). */
const PRESENCE_BYTE_SINCE = 2
const MAX_CONNECTIONS = 64
/** A caller has one request under way in each of its threads; more than this is a flood. */
const MAX_OUTSTANDING = 64

/** Serves a token host over a unix socket to any number of clients. */
export class TokenServer {
  readonly host: TokenHost
  readonly #server: Server
  readonly #connections = new Map<Socket, Application>()

  private constructor(host: TokenHost) {
    this.host = host
    this.#server = createServer((socket) => this.#accept(socket))
    this.#server.maxConnections = MAX_CONNECTIONS
  }

  /** `path`: at most 107 bytes, in a directory that is private to the user: the protocol knows no authentication. */
  static async listen(host: TokenHost, path: string): Promise<TokenServer> {
    const server = new TokenServer(host)
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject)
      server.#server.listen(path, resolve)
    })
    await chmod(path, 0o600)
    return server
  }

  get statistics(): TokenStatistics {
    const applications = [...this.#connections.values()]
    return this.host.statistics.read({
      connections: applications.length,
      sessions: applications.reduce((sum, application) => sum + application.sessionCount, 0),
    })
  }

  /** Cuts every connection, as a network that goes away does. */
  dropConnections(): void {
    for (const socket of this.#connections.keys()) socket.destroy()
  }

  async close(): Promise<void> {
    this.dropConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #accept(socket: Socket): void {
    const application = new Application(this.host)
    this.#connections.set(socket, application)
    this.host.statistics.connected()
    const end = (): void => {
      if (this.#connections.delete(socket)) application.end()
    }
    socket.on('close', end)
    socket.on('error', end)
    const assembler = new FrameAssembler()
    let form: MechanismForm | undefined
    let outstanding = 0

    const answer = async (frame: Frame, mechanismForm: MechanismForm): Promise<void> => {
      if (++outstanding > MAX_OUTSTANDING) socket.destroy()
      try {
        const body = await dispatch(application, frame.body, mechanismForm)
        if (!socket.destroyed) socket.write(encodeFrame({ serial: frame.serial, options: new Uint8Array(), body }))
      } catch (error) {
        if (!(error instanceof ConnectionDropped) && !(error instanceof RpcFormatError)) throw error
        socket.destroy()
      } finally {
        outstanding--
      }
    }

    socket.on('data', (chunk: Buffer) => {
      let rest = chunk
      if (form === undefined) {
        form = (chunk[0] ?? 0) >= PRESENCE_BYTE_SINCE ? 'presence-byte' : 'null-array'
        socket.write(Uint8Array.of(VERSION))
        rest = chunk.subarray(1)
      }
      try {
        for (const frame of assembler.push(rest)) if (!socket.destroyed) void answer(frame, form)
      } catch (error) {
        if (!(error instanceof FrameError)) throw error
        socket.destroy()
      }
    })
  }
}
