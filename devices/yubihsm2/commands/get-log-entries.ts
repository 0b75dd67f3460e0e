import type { Command } from '../session.ts'

const HEADER = 5
const ENTRY = 32

/** The device's own log, as it gives it: unlogged boots and authentications, the number of entries, the entries of 32 bytes. */
export const getLogEntries: Command<void, Uint8Array> = {
  name: 'get log entries',
  repeatable: true,
  encode: () => Buffer.alloc(0),
  decode: (reply, short) => {
    if (reply.length < HEADER || reply.length !== HEADER + (reply[4] ?? 0) * ENTRY) throw short()
    return reply
  },
}
