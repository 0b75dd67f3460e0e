import { decodeText } from '../../asn1/decode-text.ts'
import { writePem } from '../../asn1/pem.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import type { HsmType } from '../../hsm-type.ts'
import { jsonMember } from '../../json-member.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import {
  MAX_ANCHORS,
  MAX_BYTES,
  readPlainTrustAnchors,
  unreadableAnchors,
} from '../../trust-anchors/user-trust-anchors.ts'
import { withoutDoubles } from './certificate-order.ts'
import { itemsOf, namesOf } from './contents.ts'
import { refuseHiddenKeys } from './hidden-keys.ts'
import { openFile } from './open-file.ts'
import { Unreadable } from './unreadable.ts'

/**
 * Reads anchors of your own: certificates (self-signed or not) and bare public keys in the forms that people have them in, or the JSON
 * that `trust list --json` prints.
 *
 * @param input - Text or bytes, at most 1 MB.
 * @param hsmTypes - The families that they vouch for; JSON entries may specify fewer.
 * @returns Anchors of the origin `user`: a verdict that ends in one says so.
 * @throws EnrollError `trust-anchors.unreadable`, `input.private-key`, `asn1.der`.
 * @example
 * ```ts
 * const own = readUserTrustAnchors(readFileSync('roots.pem'), ['LUNA'])
 * const trustAnchors = [...builtInTrustAnchors('LUNA'), ...own]
 * ```
 */
export function readUserTrustAnchors(input: string | Uint8Array, hsmTypes: readonly HsmType[]): readonly TrustAnchor[] {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input
  const isList = isAnchorList(bytes)
  for (const part of isList ? partsOfList(bytes) : [bytes]) refuseHiddenKeys(part, 'the trust anchors')
  return readPlainTrustAnchors(isList ? bytes : plainly(bytes), hsmTypes)
}

/** A list with more entries is looked through entry by entry: as many as may be hold more strings than one file may. */
const SHORT = 8

/** What is looked through at once: of a long list, each entry and what is beside them; the file itself if it is none that is read. */
function partsOfList(bytes: Uint8Array): readonly Uint8Array[] {
  const value = bytes.length > MAX_BYTES ? undefined : parsed(bytes)
  const list = Array.isArray(value) ? value : jsonMember(value, 'trustAnchors')
  if (!Array.isArray(list) || list.length <= SHORT || list.length > MAX_ANCHORS) return [bytes]
  const beside = Array.isArray(value) ? [] : [{ ...Object(value), trustAnchors: [] }]
  return [...beside, ...list].map((part) => Buffer.from(JSON.stringify(part)))
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes)) as unknown
  } catch {
    return undefined
  }
}

/** A list with a key in each entry is a form of its own: names, dates and families go with the keys. */
function isAnchorList(bytes: Uint8Array): boolean {
  const text = textOf(bytes)
  return /^\s*[[{]/.test(text) && /"spki"\s*:/.test(text)
}

const textOf = (bytes: Uint8Array): string => decodeText(bytes)?.text.replace(/^\ufeff/, '') ?? ''

/** Every certificate and public key in the file, each once, in PEM. */
function plainly(bytes: Uint8Array): Uint8Array {
  try {
    const contents = openFile(bytes)
    const certificates = withoutDoubles([
      ...itemsOf(contents, 'certificate').map(({ der }) => der),
      ...itemsOf(contents, 'pkcs7').flatMap((packed) => packed.certificates),
    ])
    const keys = withoutDoubles(itemsOf(contents, 'public-key').map(({ der }) => der))
    if (certificates.length + keys.length === 0) throw unreadableAnchors(`found ${namesOf(contents)}`)
    const pem = [
      ...certificates.map((der) => writePem('CERTIFICATE', der)),
      ...keys.map((der) => writePem('PUBLIC KEY', der)),
    ]
    return Buffer.from(pem.join(''))
  } catch (error) {
    if (error instanceof Unreadable) throw unreadableAnchors(error.what, error)
    if (error instanceof EvidenceError) throw unreadableAnchors('found an attestation that cannot be read', error)
    throw error
  }
}
