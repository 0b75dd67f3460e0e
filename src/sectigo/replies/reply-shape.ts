/** A reply as one of the two shapes of the documents. Whatever was asked for, either is read. */
export type ReplyShape =
  | { readonly shape: 'lines'; readonly code: number; readonly lines: readonly string[] }
  | { readonly shape: 'parameters'; readonly code: number | undefined; readonly parameters: ReplyParameters }

/** Parameters by lower-case name: the documents call names case-insensitive. */
export type ReplyParameters = ReadonlyMap<string, string>

const CODE = /^[+-]?\d{1,9}$/
const PARAMETERS = /^[A-Za-z0-9_]{1,64}=/
const MAX_PARAMETERS = 10_000

/**
 * Newline-separated (first line a number) or URL-encoded (first thing a name and `=`). Undefined for everything else: an
 * HTML page, JSON, nothing at all. Broken percent-encoding is unreadable too.
 */
export function readReplyShape(text: string): ReplyShape | undefined {
  const body = text.replace(/^\ufeff/, '').trim()
  if (PARAMETERS.test(body)) return readParameters(body)
  const lines = body.split(/\r\n|\r|\n/).map((line) => line.trim())
  const [first = ''] = lines
  return CODE.test(first) ? { shape: 'lines', code: Number(first), lines } : undefined
}

function readParameters(body: string): ReplyShape | undefined {
  const parameters = readUrlEncoded(body)
  if (parameters === undefined) return undefined
  const code = parameters.get('errorcode')
  if (code !== undefined && !CODE.test(code)) return undefined
  return { shape: 'parameters', code: code === undefined ? undefined : Number(code), parameters }
}

/** Undefined where it is no URL-encoded text, or where a name stands twice with different values: which one to believe? */
export function readUrlEncoded(body: string): ReplyParameters | undefined {
  const parameters = new Map<string, string>()
  const pairs = body.replace(/\s+$/, '').split('&')
  if (pairs.length > MAX_PARAMETERS) return undefined
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    if (equals < 1 || /[\r\n<>]/.test(pair)) return undefined
    const name = decode(pair.slice(0, equals))?.toLowerCase()
    const value = decode(pair.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    if (parameters.has(name) && parameters.get(name) !== value) return undefined
    parameters.set(name, value)
  }
  return parameters
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '))
  } catch {
    return undefined
  }
}
