import type { EvidenceError } from '../contract/evidence-error.ts'
import type { UnwrappedPackage, WrappedFile } from '../contract/verify-attestation.ts'
import { repeatedMember } from './repeated-member.ts'

/** Longer than what any CA takes: nothing above it is parsed. */
const MAX_BYTES = 1 << 16

/** The text of a package that is JSON or its base64; undefined where it is longer than any. */
function jsonText(package_: Uint8Array): string | undefined {
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
    throw unreadable('it is not JSON', error)
  }
  const repeated = repeatedMember(text)
  if (repeated !== undefined) throw unreadable(`${JSON.stringify(repeated).slice(0, 40)} appears twice`)
  return { value, text }
}

/** For a family whose package is JSON: the file itself, where it is such JSON and nothing around it. */
export const jsonPackageFor =
  (recognises: (package_: Uint8Array) => boolean) =>
  (file: WrappedFile): UnwrappedPackage | undefined =>
    file.kind === 'bytes' && startsWithBrace(file.bytes) && recognises(file.bytes) ? { package: file.bytes } : undefined

const BRACE = 0x7b
const BLANKS = [0x20, 0x09, 0x0a, 0x0d]

function startsWithBrace(bytes: Uint8Array): boolean {
  let at = 0
  while (BLANKS.includes(bytes[at] ?? 0)) at++
  return bytes[at] === BRACE
}

/** Cheap look: JSON with these names in it. */
export function looksLikeJsonOf(package_: Uint8Array, ...names: readonly string[]): boolean {
  const text = jsonText(package_)
  return text?.startsWith('{') === true && names.every((name) => text.includes(`"${name}"`))
}
