import { TAG } from '../../../asn1/der.ts'
import { derHeader, derKind } from '../../../asn1/der-kind.ts'
import { type PemBlock, PemError, readPem, writePem } from '../../../asn1/pem.ts'
import { PKCS7_PEM_LABELS } from '../../../asn1/pkcs7.ts'
import type { Item } from '../contents.ts'
import type { Part, Peeled } from '../layer.ts'
import { refusePrivateKey } from '../private-key-guard.ts'
import { Unreadable } from '../unreadable.ts'
import { derItem, pkcs7Item } from './der.ts'
import { namedValues } from './named-values.ts'

export const MAX_BLOCKS = 64
/** The last is the label of some CAs. */
const PKCS7_LABELS: readonly string[] = [...PKCS7_PEM_LABELS, 'CERTIFICATE CHAIN']
/** Two files joined by a program that adds no line feed between them. */
const JOINED = /(-----END [A-Z0-9 #.]+-----)(?=-----BEGIN )/g
const JOINED_NOTE = 'put a line feed between PEM blocks that were joined without one'
const PLAIN_NOTE = 'wrote the certificates as plain PEM'
const NESTED_NOTE = 'took a file out of the PEM that it was wrapped in a second time'

/** PEM blocks with whatever stands around them. Undefined where no block begins. Throws Unreadable. */
export function pemLayer(text: string): Peeled | undefined {
  if (!text.includes('-----BEGIN ')) return undefined
  const separated = text.replace(JOINED, '$1\n')
  const blocks = readBlocks(separated)
  if (blocks.length === 0) return undefined
  if (blocks.length > MAX_BLOCKS)
    throw new Unreadable('it holds too many PEM blocks', 'Pass those that belong together.')
  const items: Item[] = []
  const parts: Part[] = []
  for (const block of blocks) {
    refusePrivateKey(block.der)
    const item = itemOf(block)
    if (item === undefined) parts.push({ bytes: block.der })
    else items.push(item)
  }
  // A document that names binary values beside its PEM: the attestation of a Cloud KMS key version in YAML.
  parts.push(...namedValues(separated))
  const notes = [
    ...(separated === text ? [] : [JOINED_NOTE]),
    ...(items.some(({ kind }) => kind === 'pkcs7') ? ['took the PKCS#7 out of its PEM'] : []),
    ...(isPlain(items, text) ? [] : [PLAIN_NOTE]),
    ...(parts.length > 0 && items.length === 0 ? [NESTED_NOTE] : []),
  ]
  return { items, parts, ...(notes.length === 0 ? {} : { note: notes.join('; ') }) }
}

function readBlocks(text: string): readonly PemBlock[] {
  try {
    return readPem(text)
  } catch (error) {
    if (!(error instanceof PemError)) throw error
    throw new Unreadable(error.what, error.remedy, { cause: error })
  }
}

/** By what is in it, or by its label where that is malformed; undefined where another file is in it, as `certutil -encode` wraps any. */
function itemOf({ label, der }: PemBlock): Item | undefined {
  if (PKCS7_LABELS.includes(label))
    return derKind(der) === 'certificate' ? { kind: 'certificate', der } : pkcs7Item(der)
  if (derKind(der) !== undefined) return derItem(withoutTrust(label, der))
  if (label.endsWith('CERTIFICATE')) return der[0] === TAG.sequence ? { kind: 'certificate', der } : undefined
  if (label.endsWith('CERTIFICATE REQUEST')) return { kind: 'request', der }
  if (label === 'PUBLIC KEY') return { kind: 'public-key', der }
  return { kind: 'other', label }
}

/** OpenSSL's `TRUSTED CERTIFICATE` is the certificate, and what its owner thinks of it behind. */
const withoutTrust = (label: string, der: Uint8Array): Uint8Array =>
  label === 'TRUSTED CERTIFICATE' ? der.subarray(0, derHeader(der, 0).end) : der

/** Nothing was changed: certificates alone, written as they would be here, or no certificate at all. */
const isPlain = (items: readonly Item[], text: string): boolean =>
  !items.some(({ kind }) => kind === 'certificate') ||
  items.map((item) => (item.kind === 'certificate' ? writePem('CERTIFICATE', item.der) : '')).join('') === text
