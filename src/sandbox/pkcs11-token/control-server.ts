import { chmod } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type ControlReply, type ControlRequest, type ObjectView, readControlRequest } from './control-protocol.ts'
import { parseFault } from './fault-script.ts'
import { CryptokiError, RETURN_VALUES } from './return-values.ts'
import type { TokenServer } from './token-server.ts'

const MAX_LINE = 1024 * 1024

/** Listens for control requests. The returned function closes the socket. */
export async function serveControl(server: TokenServer, path: string): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>()
  const listener: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let received = 0
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (received > MAX_LINE) socket.destroy()
    })
    createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      received = 0
      socket.write(`${JSON.stringify(answer(server, line))}\n`)
    })
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(path, resolve)
  })
  await chmod(path, 0o600)
  return async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => listener.close(() => resolve()))
  }
}

function answer(server: TokenServer, line: string): ControlReply {
  try {
    return carryOut(server, readControlRequest(line))
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

function carryOut(server: TokenServer, request: ControlRequest): ControlReply {
  const { host } = server
  switch (request.do) {
    case 'statistics':
      return { statistics: server.statistics }
    case 'reset-statistics':
      host.statistics.reset()
      return {}
    case 'faults':
      host.faults.set(request.faults.map(parseFault))
      return {}
    case 'insert-token':
    case 'remove-token':
      host.setPresent(host.slot(BigInt(request.slot)), request.do === 'insert-token')
      return {}
    case 'tries-left': {
      const token = host.slot(BigInt(request.slot))
      const counter = request.role === 'so' ? token.soPin : token.userPin
      counter.setTriesLeft(request.tries)
      return {}
    }
    case 'drop-connections':
      server.dropConnections()
      return {}
    case 'objects':
      return { objects: listObjects(server) }
    case 'check-pin':
      return { returnValue: checkPin(server, request.slot, request.pin) }
  }
}

function checkPin({ host }: TokenServer, slot: number, pin: string): number {
  try {
    host.token(BigInt(slot)).userPin.verify(Buffer.from(pin, 'utf8'))
    host.statistics.login(true)
    return RETURN_VALUES.CKR_OK
  } catch (error) {
    host.statistics.login(false)
    if (error instanceof CryptokiError) return error.returnValue
    throw error
  }
}

function listObjects({ host }: TokenServer): ObjectView[] {
  return host.tokens.flatMap((token) =>
    [...token.objects].map((object) => ({
      handle: Number(object.handle),
      slot: Number(token.slot.id),
      tokenObject: object.owner === undefined,
      attributes: Object.fromEntries(
        [...object.attributes].map(([type, value]) => [type.toString(16), Buffer.from(value).toString('base64')]),
      ),
      evidence: object.evidence && Buffer.from(object.evidence).toString('base64'),
    })),
  )
}
