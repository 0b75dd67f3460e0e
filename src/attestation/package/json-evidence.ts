import type { EvidenceError } from '../contract/evidence-error.ts'
import { repeatedMember } from './repeated-member.ts'

/** Longer than what any CA takes: nothing above it is parsed. */
const MAX_BYTES = 1 << 16

/** The text of a package that is JSON or its base64; undefined where it is longer than any. */
export function jsonText(package_: Uint8Array): string | undefined {
  if (package_.length > MAX_BYTES) return undefined
  const text = Buffer.from(package_.buffer, package_.byteOffset, package_.length)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trim()
  if (text.startsWith('{') || !/^[A-Za-z0-9+/\s]+={0,2}$/.test(text)) return text
  return Buffer.from(text, 'base64').toString('utf8').trim()
}

/** What the text holds, no member of it twice. Throws what `unreadable` makes of the reason. */
export function readJsonEvidence(
  package_: Uint8Array,
  unreadable: (what: string, cause?: unknown) => EvidenceError,
): { readonly value: unknown; readonly text: string } {
  const text = jsonText(package_)
  if (text === undefined) throw unreadable(`it has ${package_.length} bytes, more than ${MAX_BYTES}`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw unreadable('it is no JSON', error)
  }
  const repeated = repeatedMember(text)
  if (repeated !== undefined) throw unreadable(`${JSON.stringify(repeated).slice(0, 40)} stands twice`)
  return { value, text }
}

/** Cheap look: JSON with these names in it. */
export function looksLikeJsonOf(package_: Uint8Array, ...names: readonly string[]): boolean {
  const text = jsonText(package_)
  return text?.startsWith('{') === true && names.every((name) => text.includes(`"${name}"`))
}
