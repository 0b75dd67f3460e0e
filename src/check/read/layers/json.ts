import { jsonMember } from '../../../json-member.ts'
import type { Part, Peeled } from '../layer.ts'
import { refusePrivateKey } from '../private-key-guard.ts'
import { TooMuch, Unreadable } from '../unreadable.ts'
import { unwrapAsFamily } from './unwrap-as-family.ts'

const MAX_DEPTH = 8
const MAX_STRINGS = 256
const MAX_OBJECTS = 32
const SHORTEST = 40
const NOTE = 'took the content out of JSON'

/** JSON of whoever's making: every string that is long enough to be something, and every object that could be a family's package. */
export function jsonLayer(text: string): Peeled | undefined {
  const trimmed = text.trim()
  if (!/^[[{"]/.test(trimmed)) return undefined
  const value = parse(trimmed)
  if (value === undefined) return undefined
  refuseErrorReply(value.json)
  const parts: Part[] = []
  collect(value.json, 0, { parts, objects: MAX_OBJECTS })
  const isObject = typeof value.json === 'object' && value.json !== null
  if (!isObject && parts.length === 0) return undefined
  return {
    parts,
    note: NOTE,
    ...(isObject ? { otherwise: { kind: 'other', label: 'JSON', package: Buffer.from(text) } } : {}),
  }
}

function parse(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) }
  } catch (cause) {
    // Quotation marks alone, or braces of another language: there may still be PEM in it.
    if (!text.startsWith('{') || !/^\{\s*"/.test(text) || text.includes('-----BEGIN ')) return undefined
    throw new Unreadable('the JSON is cut off or damaged', 'Export the file again, and do not edit it.', { cause })
  }
}

/** Nested deeper than this: no package is, and writing it as text again would take a stack as deep. */
const isDeep = (value: unknown, depth: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some((member) => isDeep(member, depth - 1)))

interface Collected {
  readonly parts: Part[]
  /** Objects that may still be asked whether they are a package as a whole: a file of a thousand is none. */
  objects: number
}

/** An object within another may be a family's package as a whole; otherwise its strings are what counts. */
function collect(value: unknown, depth: number, collected: Collected): void {
  if (typeof value !== 'object' || value === null) {
    collectString(value, collected.parts)
    return
  }
  if (depth > 0 && !Array.isArray(value) && collected.objects-- > 0 && !isDeep(value, MAX_DEPTH)) {
    const whole = Buffer.from(JSON.stringify(value))
    if (unwrapAsFamily({ kind: 'bytes', bytes: whole }) ?? unwrapAsFamily({ kind: 'json', value })) {
      collected.parts.push({ bytes: whole })
      return
    }
  }
  if (isOctets(value)) {
    collected.parts.push({ bytes: Buffer.from(value) })
    return
  }
  if (depth < MAX_DEPTH) for (const member of Object.values(value)) collect(member, depth + 1, collected)
}

/** As Node.js writes a Buffer into JSON, and others write bytes. */
const isOctets = (value: object): value is readonly number[] =>
  Array.isArray(value) &&
  value.length >= SHORTEST &&
  value.every((each: unknown) => Number.isInteger(each) && Number(each) >= 0 && Number(each) < 256)

function collectString(value: unknown, parts: Part[]): void {
  if (typeof value !== 'string' || value.length < SHORTEST) return
  if (parts.length >= MAX_STRINGS) throw new TooMuch('the JSON holds too much', 'Pass the attestation itself.')
  parts.push({ bytes: Buffer.from(value) })
}

/** What an API says in place of what was asked for. */
function refuseErrorReply(value: unknown): void {
  const error = jsonMember(value, 'error')
  const message = jsonMember(error, 'message') ?? (typeof error === 'string' ? error : undefined)
  if (typeof message !== 'string') return
  throw new Unreadable(
    `it is the error reply of a service ("${message.slice(0, 80)}")`,
    'Ask for the attestation again, and save what comes when that works.',
  )
}

/** Asks every string of a value: a package of a known family is not looked into further. Throws EnrollError `input.private-key`. */
export function refuseKeysIn(value: unknown): void {
  const parts: Part[] = []
  collect(value, 0, { parts, objects: 0 })
  for (const { bytes } of parts) {
    const text = Buffer.from(bytes).toString('latin1')
    refusePrivateKey(bytes)
    refusePrivateKey(Buffer.from(text, text.includes('-') || text.includes('_') ? 'base64url' : 'base64'))
  }
}
