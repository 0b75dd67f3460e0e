import type { Part } from '../layer.ts'

/** `name: value` and `NAME="value"`, a line each, the value base64 of some length: YAML, environment files, reports. */
const LINE =
  /^[ \t-]*["']?[A-Za-z][\w.-]{0,63}["']?[ \t]*[:=][ \t]*["']?([A-Za-z0-9+/_-]{40,}={0,2})["']?[ \t]*,?\r?$/gm
const MAX_VALUES = 16

/** The base64 values that lines of a text give names to. */
export const namedValues = (text: string): readonly Part[] =>
  [...text.matchAll(LINE)].slice(0, MAX_VALUES).map(([, value = '']) => ({ bytes: Buffer.from(value) }))
