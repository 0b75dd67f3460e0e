import { readBer } from '../../../asn1/ber.ts'
import { TAG } from '../../../asn1/der.ts'
import { DerError, ifReadable } from '../../../asn1/der-error.ts'
import { derHeader, derKind } from '../../../asn1/der-kind.ts'
import { pkcs7Certificates } from '../../../asn1/pkcs7.ts'
import type { Item } from '../contents.ts'
import type { Layer } from '../layer.ts'
import { refusePrivateKey } from '../private-key-guard.ts'
import { Unreadable } from '../unreadable.ts'

const MAX_VALUES = 32
/** Bytes that text tools leave behind binary: line ends, NUL, the end-of-file of DOS. */
const LEFTOVERS = [0x00, 0x09, 0x0a, 0x0d, 0x1a, 0x20]
const MAX_LEFTOVERS = 16
const INDEFINITE = 0x80

/** Binary values one after another: certificates, requests, public keys, a PKCS#7. */
export const derLayer: Layer<Uint8Array> = (bytes) => {
  if (!looksBinary(bytes)) return undefined
  const { values, leftovers } = split(bytes)
  const items = values.map(derItem)
  const certificates = items.some(({ kind }) => kind === 'certificate')
  const notes = [
    ...(certificates ? ['wrote the DER certificates as PEM'] : []),
    ...(leftovers === 0 ? [] : [`dropped ${leftovers} ${leftovers === 1 ? 'byte' : 'bytes'} behind the DER`]),
  ]
  return { items, ...(notes.length === 0 ? {} : { note: notes.join('; ') }) }
}

/** `0` begins text, too: a binary value says its length, holds a SEQUENCE or an OID, and is not made of digits and blanks, as a dump is. */
function looksBinary(bytes: Uint8Array): boolean {
  if (bytes[0] !== TAG.sequence) return false
  if ((bytes[1] ?? 0) >= 0x80) return true
  if (/^[\s0-9a-f:]{24}/i.test(Buffer.from(bytes.subarray(0, 24)).toString('latin1'))) return false
  const { content, end } = derHeader(bytes, 0)
  return end <= bytes.length && (bytes[content] === TAG.sequence || bytes[content] === TAG.oid)
}

function split(bytes: Uint8Array): { readonly values: readonly Uint8Array[]; readonly leftovers: number } {
  const values: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    if (values.length > 0 && isLeftover(bytes.subarray(at))) return { values, leftovers: bytes.length - at }
    const { tag, end } = extentAt(bytes, at)
    if (tag !== TAG.sequence || end > bytes.length || end <= at) throw cutOff(at)
    if (values.length === MAX_VALUES)
      throw new Unreadable('it holds too many certificates', 'Pass those that belong together.')
    values.push(bytes.subarray(at, end))
    at = end
  }
  return { values, leftovers: 0 }
}

/** A value of indefinite length ends where its contents say so. */
function extentAt(bytes: Uint8Array, at: number): { readonly tag: number | undefined; readonly end: number } {
  const header = derHeader(bytes, at)
  if (bytes[at + 1] !== INDEFINITE) return header
  const value = ifReadable(() => readBer(bytes.subarray(at), 0))
  if (value === undefined) throw cutOff(at)
  return { tag: value.tag, end: at + value.bytes.length }
}

const isLeftover = (rest: Uint8Array): boolean =>
  rest.length <= MAX_LEFTOVERS && rest.every((byte) => LEFTOVERS.includes(byte))

const cutOff = (at: number): Unreadable =>
  new Unreadable(
    `the DER at byte ${at} is cut off, or something else follows it`,
    'The file may be truncated or altered: export it from the device again, in PEM or binary.',
  )

/** One value, by what is in it. Throws Unreadable, or EnrollError `input.private-key`. */
export function derItem(der: Uint8Array): Item {
  refusePrivateKey(der)
  const kind = derKind(der)
  if (kind === 'pkcs7') return pkcs7Item(der)
  if (kind !== undefined) return { kind, der }
  throw new Unreadable(
    'it is DER, but neither a certificate, a request, a public key nor a PKCS#7',
    'Pass the file as the device or its tool wrote it.',
  )
}

export function pkcs7Item(der: Uint8Array): Item {
  try {
    return { kind: 'pkcs7', der, certificates: pkcs7Certificates(der) }
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw new Unreadable(
      `the PKCS#7 is malformed or holds no certificates. ${error.message.replace(/\.$/, '')}`,
      error.remedy,
      {
        cause: error,
      },
    )
  }
}
