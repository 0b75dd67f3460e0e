import type { Server } from 'node:net'

/** Connections at once from addresses that may not call: enough to tell one that it may not. */
const MOST = 8
/** Milliseconds that such a connection lives. */
const LIFE = 5000

/** Whoever may not call cannot take up the connections of those who may: few at a time, and not for long. */
export function limitStrangers(server: Server, allowed: (address: string | undefined) => boolean): void {
  let open = 0
  server.on('connection', (socket) => {
    if (allowed(socket.remoteAddress)) return
    if (open >= MOST) {
      socket.destroy()
      return
    }
    open += 1
    const end = setTimeout(() => socket.destroy(), LIFE)
    socket.once('close', () => {
      clearTimeout(end)
      open -= 1
    })
  })
}
