import { inner, type Peeled } from '../layer.ts'

const FIELDS = /^\s*[A-Za-z_][\w.-]{0,63}=[^\s=&]/
const SHORTEST_VALUE = 40

/** Percent-encoded text, as an address or a web form carries it. */
export function percentLayer(text: string): Peeled | undefined {
  const trimmed = text.trim()
  if (!/^[^\s&%]*%[0-9A-Fa-f]{2}/.test(trimmed) || /\s/.test(trimmed)) return undefined
  if (FIELDS.test(trimmed)) return undefined
  const decoded = decodePercent(trimmed)
  return decoded === undefined ? undefined : inner(decoded, 'decoded percent-encoding')
}

/** `name=value&name=value`: the body of a form, or a line of one. */
export function formLayer(text: string): Peeled | undefined {
  const trimmed = text.trim()
  if (!FIELDS.test(trimmed) || /\s/.test(trimmed)) return undefined
  const values = trimmed
    .split('&')
    .map((field) => decodePercent(field.slice(field.indexOf('=') + 1)))
    .filter((value) => value !== undefined && value.length >= SHORTEST_VALUE)
  if (values.length === 0) return undefined
  return {
    parts: values.slice(0, 16).map((value) => ({ bytes: Buffer.from(value ?? '') })),
    note: 'took the value out of a form field',
  }
}

/** A `+` means a blank only where a real one would be written `%2B`, or where it stands in the first line of PEM. */
function decodePercent(text: string): string | undefined {
  const plus = /%2B/i.test(text) || /BEGIN\+[A-Z]/.test(text)
  try {
    return decodeURIComponent(plus ? text.replaceAll('+', ' ') : text)
  } catch {
    // Not percent-encoding: a stray `%`, or bytes that are no UTF-8.
    return undefined
  }
}
