/** A frame is `command1 length2 data`; a reply repeats the command with the high bit set, or is `7f 0001 code`. */
import { concat, u8, u16 } from './byte-writer.ts'
import { COMMANDS, type CommandName, ERROR_REPLY, REPLY_FLAG } from './command.ts'
import { deviceRefusal, protocolError } from './error-code.ts'

/** Header of a frame. */
export const FRAME_HEADER = 3
/** Largest frame: 2048 bytes before firmware 2.4, 3136 from there on (python-yubihsm core.py, yubihsm-shell YH_MSG_BUF_SIZE). */
export const maxFrame = (firmware: readonly number[]): number =>
  (firmware[0] ?? 0) > 2 || ((firmware[0] ?? 0) === 2 && (firmware[1] ?? 0) >= 4) ? 3136 : 2048

export const frame = (code: number, data: Uint8Array): Buffer => concat(u8(code), u16(data.length), data)

export const requestFrame = (command: CommandName, data: Uint8Array): Buffer => frame(COMMANDS[command].code, data)

/** The data of a reply. Throws DeviceError: the refusal it carries, or `device.protocol`. */
export function readReply(command: CommandName, reply: Uint8Array): Buffer {
  const bytes = Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength)
  if (bytes.length < FRAME_HEADER) throw protocolError(command, `the reply has ${bytes.length} bytes`)
  const code = bytes.readUInt8(0)
  const length = bytes.readUInt16BE(1)
  if (bytes.length !== FRAME_HEADER + length) {
    throw protocolError(
      command,
      `the reply announces ${length} bytes of data and contains ${bytes.length - FRAME_HEADER}`,
    )
  }
  if (code === ERROR_REPLY) {
    if (length !== 1) throw protocolError(command, 'the error reply has no code')
    throw deviceRefusal(command, bytes.readUInt8(FRAME_HEADER))
  }
  if (code !== (COMMANDS[command].code | REPLY_FLAG)) {
    throw protocolError(command, `the reply is to another command (0x${code.toString(16)})`)
  }
  return bytes.subarray(FRAME_HEADER)
}
