/**
 * Asks pcscd what it thinks of its readers, over its own socket: nothing else tells when it has taken note of a card.
 * Protocol 4 of pcsc-lite (src/winscard_msg.h, src/eventhandler.h): host byte order, a header of size and command.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { endianness } from 'node:os'

export interface ReaderState {
  readonly card: 'present' | 'absent' | 'unclear'
  /** Goes up by one each time pcscd's own look-out sees a card come or go; an error may say `absent` earlier. */
  readonly events: number
}

const COMMAND = { version: 0x11, getReadersState: 0x12 } as const
const VERSION = { major: 4, minor: 4 } as const
const VERSION_OCTETS = 12
const MAX_READERS = 16
/** name[128], eventCounter, readerState, sharing, atr[33] and padding, atrLength, protocol. */
export const READER_OCTETS = 184
const NAME_OCTETS = 128
const EVENTS_OFFSET = 128
const STATE_OFFSET = 132
const STATE = { absent: 0x02, present: 0x04 } as const

const little = endianness() === 'LE'
const word = (value: number): Buffer => {
  const octets = Buffer.alloc(4)
  if (little) octets.writeUInt32LE(value)
  else octets.writeUInt32BE(value)
  return octets
}
const wordAt = (bytes: Buffer, at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))

/** By reader name. Throws where the daemon does not answer within two seconds. */
export async function readReaderStates(socketPath: string): Promise<ReadonlyMap<string, ReaderState>> {
  const socket = connect(socketPath)
  socket.setTimeout(2000, () => socket.destroy(new Error('pcscd does not answer')))
  try {
    await once(socket, 'connect')
    socket.write(
      Buffer.concat([
        ...[VERSION_OCTETS, COMMAND.version].map(word),
        ...[VERSION.major, VERSION.minor, 0].map(word),
        ...[0, COMMAND.getReadersState].map(word),
      ]),
    )
    const reply = await readOctets(socket, VERSION_OCTETS + MAX_READERS * READER_OCTETS)
    return new Map(readersOf(reply.subarray(VERSION_OCTETS)))
  } finally {
    socket.destroy()
  }
}

async function readOctets(socket: Socket, count: number): Promise<Buffer> {
  let all = Buffer.alloc(0)
  for await (const chunk of socket) {
    all = Buffer.concat([all, chunk as Buffer])
    if (all.length >= count) return all.subarray(0, count)
  }
  throw new Error('pcscd closed the connection')
}

function* readersOf(bytes: Buffer): Generator<[string, ReaderState]> {
  for (let at = 0; at + READER_OCTETS <= bytes.length; at += READER_OCTETS) {
    const name = bytes.subarray(at, at + NAME_OCTETS)
    const end = name.indexOf(0)
    if (end <= 0) continue
    const state = wordAt(bytes, at + STATE_OFFSET)
    const card = state & STATE.present ? 'present' : state & STATE.absent ? 'absent' : 'unclear'
    yield [name.subarray(0, end).toString('latin1'), { card, events: wordAt(bytes, at + EVENTS_OFFSET) }]
  }
}
