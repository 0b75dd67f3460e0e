import { u8 } from '../byte-writer.ts'
import { OPTIONS } from '../object-type.ts'
import type { Command } from '../session.ts'

/** A device option's raw value; needs the capability get-option. */
export const getOption: Command<keyof typeof OPTIONS, Buffer> = {
  name: 'get option',
  repeatable: true,
  encode: (option) => u8(OPTIONS[option]),
  decode: (reply) => reply,
}
