import type { Part } from '../layer.ts'

/** `name: value` and `NAME="value"`, a line each, the value base64 of some length: YAML, environment files, reports. */
const LINE =
  /^[ \t-]*["']?[A-Za-z][\w.-]{0,63}["']?[ \t]*[:=][ \t]*["']?([A-Za-z0-9+/_-]{40,}={0,2})["']?[ \t]*,?\r?$/gm
/** `name: |` and what is indented below it: a block of YAML. */
const BLOCK =
  /^[ \t-]*["']?[A-Za-z][\w.-]{0,63}["']?[ \t]*:[ \t]*(?:!!binary[ \t]*)?[|>][-+]?[ \t]*\r?\n((?:[ \t]+[A-Za-z0-9+/_-]{1,200}={0,2}[ \t]*(?:\r?\n|$)){1,4000})/gm
const MAX_VALUES = 16
/** What either needs, and most PEM has nowhere. */
const SIGN = /:|=[ \t]*["']?[A-Za-z0-9+/_-]{40}/

/** The base64 values that a text gives names to. */
export const namedValues = (text: string): readonly Part[] =>
  SIGN.test(text)
    ? [...text.matchAll(LINE), ...text.matchAll(BLOCK)]
        .slice(0, MAX_VALUES)
        .map(([, value = '']) => ({ bytes: Buffer.from(value.replace(/\s+/g, '')) }))
    : []
