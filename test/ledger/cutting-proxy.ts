import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * What happens to the next COMMIT that passes, or to the next statement that is a transaction of its own.
 *
 * | | the server gets it | the client gets the answer |
 * |---|---|---|
 * | `lose-answer` | yes | no: its connection ends |
 * | `lose-commit` | no: its connection ends | no |
 * | `delay-commit` | when `deliver` is called | no: its connection ends at once |
 * | `hand-over` | if `onCommit` sends it on | |
 */
export type Cut = 'lose-answer' | 'lose-commit' | 'delay-commit' | 'hand-over'

/** Message `Query` of the frontend with the text COMMIT: type, length, text, zero. */
const COMMIT = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1')
/** Of `Transactions.write`, when a connection sends it for the first time. */
const WRITE = 'WITH noted AS'

/** Between a client and the server, on loopback; passes everything until it is told to cut at a COMMIT. */
export class CuttingProxy {
  /** All that clients have sent. */
  sent = ''
  next: Cut | undefined
  /** Resolves once a COMMIT was cut. */
  cut: Promise<void> = Promise.resolve()
  #cutDone: () => void = () => undefined
  #deliver: () => Promise<unknown> = async () => undefined
  /** With `hand-over`. */
  onCommit: (forward: () => void) => void = (forward) => forward()
  #last: string | undefined
  readonly #server: Server
  readonly #open = new Set<Socket>()

  private constructor(target: number) {
    this.#server = createServer((client) => this.#join(client, connect(target, '127.0.0.1')))
  }

  static async start(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  }

  cutNext(cut: Cut): void {
    this.next = cut
    this.cut = new Promise((resolve) => {
      this.#cutDone = resolve
    })
  }

  /** Ends all connections, and takes no more, once a client sends this text. */
  goAwayAt(text: string): void {
    this.#last = text
  }

  /** Sends on a COMMIT, or a statement, that was delayed; resolves once its connection has ended, which the server does when it is done. */
  deliver(): Promise<unknown> {
    return this.#deliver()
  }

  /** Ends the connections that are open. */
  drop(): void {
    for (const socket of this.#open) socket.destroy()
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    if (!this.#server.listening) return
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket, server: Socket): void {
    let deaf = false
    for (const socket of [client, server]) {
      this.#open.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => this.#open.delete(socket))
    }
    const end = (): void => {
      client.destroy()
      server.destroy()
    }
    client.on('data', (data) => {
      this.sent += data.toString('latin1')
      if (this.#last !== undefined && data.includes(this.#last)) {
        this.#server.close()
        for (const socket of this.#open) socket.destroy()
        return
      }
      const cut = data.includes(COMMIT) || data.includes(WRITE) ? this.next : undefined
      if (cut === undefined) {
        server.write(data)
        return
      }
      this.next = undefined
      this.#cutDone()
      switch (cut) {
        case 'lose-answer':
          deaf = true
          server.write(data)
          server.once('data', end)
          return
        case 'lose-commit':
          end()
          return
        case 'delay-commit':
          deaf = true
          client.destroy()
          this.#deliver = () => {
            server.end(data)
            return once(server.resume(), 'close')
          }
          return
        case 'hand-over':
          this.onCommit(() => server.write(data))
      }
    })
    server.on('data', (data) => {
      if (!deaf) client.write(data)
    })
    client.on('close', () => {
      if (!deaf) server.destroy()
    })
    server.on('close', () => client.destroy())
  }
}
