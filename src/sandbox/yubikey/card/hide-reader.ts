/**
 * vpcd always brings two readers, and ykman takes the empty one for a second YubiKey. This socket stands between clients and pcscd, passes
 * everything on, and blanks a reader's entry in pcscd's lists: to a client it is not there. pcscd writes a list in one piece, and a piece of
 * a local socket is read in one; clients wait for each answer, so that no read is full.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { pipeline, Transform } from 'node:stream'
import { READER_OCTETS } from './reader-states.ts'

/** Listens on `socketPath` for clients of the pcscd behind `daemonPath`; gives what ends it. Throws where it cannot listen. */
export async function hideReader(name: string, daemonPath: string, socketPath: string): Promise<() => Promise<void>> {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const daemon = connect(daemonPath)
    const blank = new Transform({ transform: (chunk, _encoding, done) => done(null, withoutReader(chunk, name)) })
    open.add(client)
    client.once('close', () => open.delete(client))
    // Either end may go at any time; the other is then told by the end of its own connection.
    pipeline(client, daemon, blank, client, () => undefined)
  })
  server.listen(socketPath)
  await once(server, 'listening')
  return async () => {
    const closed = once(server, 'close')
    server.close()
    for (const client of open) client.destroy()
    await closed
  }
}

/** The same octets, the entry of that reader blank. */
function withoutReader(octets: Buffer, name: string): Buffer {
  const entry = Buffer.from(`${name}\0`, 'latin1')
  for (let at = octets.indexOf(entry); at >= 0; at = octets.indexOf(entry, at + 1)) {
    octets.fill(0, at, at + READER_OCTETS)
  }
  return octets
}
