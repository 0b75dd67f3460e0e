/** Requests with id-aa-attestation in the shape of every draft that has the OID, and in shapes of none. Written here, not by the program. */
import { sign } from 'node:crypto'
import {
  bitString,
  explicit,
  ia5String,
  integer,
  octetString,
  oid,
  sequence,
  tlv,
  utf8String,
} from '../../src/asn1/der-writer.ts'
import { encodeName, parseNameText } from '../../src/asn1/name.ts'
import { type TestKeyPair, testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer } from '../../src/sandbox/yubikey/evidence/issuer.ts'

export const TYPE = '1.3.6.1.4.1.99999.7'
export const ATTRIBUTE = '1.2.840.113549.1.9.16.2.59'

export const device = createYubikeyEvidenceIssuer({ serial: 7, firmware: '5.4.3', formFactor: 1 }, { keyType: 'P-256' })
export const key = testKeyPair('P-256')
export const leaf = device.attest({ spki: key.spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
export const f9 = device.f9Certificate

const SET = 0x31
const set = (...values: readonly Uint8Array[]): Uint8Array => tlv(SET, ...values)
export const attribute = (...values: readonly Uint8Array[]): Uint8Array => sequence(oid(ATTRIBUTE), set(...values))

/** A request of the attested key, or of another, with these attributes; its signature verifies. */
export function requestWith(attributes: readonly Uint8Array[], { spki, privateKey }: TestKeyPair = key): Uint8Array {
  const info = sequence(integer(0), encodeName(parseNameText('CN=Example')), spki, tlv(0xa0, ...attributes))
  return sequence(info, sequence(oid('1.2.840.10045.4.3.2')), bitString(sign('sha256', info, privateKey)))
}

const certs = sequence(f9)
const list = sequence
const type = oid(TYPE)
const IMPLICIT_FALSE = tlv(0x80, Uint8Array.of(0))
const IMPLICIT_TRUE = tlv(0x80, Uint8Array.of(0xff))
const EXPLICIT_TRUE = explicit(0, Uint8Array.of(0x01, 0x01, 0xff))
const NO_ATTRIBUTES = tlv(0xa1)
const hint = 'verifier.example'
const OTHER_CERTIFICATE = tlv(0xa3, oid('1.3.6.1.4.1.99999.8'), octetString(Uint8Array.of(1)))

/** What is read, by the drafts that write it. */
// biome-ignore format: a table, a row a line
export const READ: readonly (readonly [name: string, drafts: string, value: Uint8Array])[] = [
  ['-24: type and statement', '-24 to -28', sequence(list(sequence(type, leaf)), certs)],
  ['-24: no list of certificates', '-24 to -28', sequence(list(sequence(type, octetString(Buffer.concat([leaf, f9])))))],
  ['-24: in an OCTET STRING', '-24 to -28', sequence(list(sequence(type, octetString(leaf))), certs)],
  ['-24: beside a statement of another type', '-24 to -28', sequence(list(sequence(oid('2.23.133.20.1'), utf8String('anything')), sequence(type, leaf)), certs)],
  ['-24: beside a certificate of another format', '-24 to -28', sequence(list(sequence(type, leaf)), sequence(OTHER_CERTIFICATE, f9))],
  ['-23: bound, flag left out', '-24 to -28', sequence(list(sequence(type, leaf)), certs)],
  ['-23: flag FALSE', '-23', sequence(list(sequence(oid('2.23.133.20.1'), IMPLICIT_FALSE, utf8String('x')), sequence(type, leaf)), certs)],
  ['-23: flag TRUE written out', '-23', sequence(list(sequence(type, IMPLICIT_TRUE, leaf)), certs)],
  ['-23: flag tagged explicitly', '-23', sequence(list(sequence(type, EXPLICIT_TRUE, leaf)), certs)],
  ['-23: attributes of the statement', '-23', sequence(list(sequence(type, leaf, NO_ATTRIBUTES)), certs)],
  ['-23: flag and attributes', '-23', sequence(list(sequence(type, IMPLICIT_TRUE, leaf, NO_ATTRIBUTES)), certs)],
  ['-17 to -21: hint', '-17 to -21', sequence(list(sequence(type, leaf, ia5String(hint))), certs)],
  ['-16: hint', '-16', sequence(list(sequence(type, leaf, utf8String(hint))), certs)],
]

/** What is not: with what is said of it. */
// biome-ignore format: a table, a row a line
export const REFUSED: readonly (readonly [name: string, attributes: readonly Uint8Array[], fault: RegExp])[] = [
  ['-03 to -10: a list of bundles', [attribute(sequence(sequence(list(sequence(type, leaf)), certs)))], /shape of drafts -03 to -10/],
  ['-09: a list of bundles with a hint', [attribute(sequence(sequence(list(sequence(type, leaf, utf8String(hint))))))], /shape of drafts -03 to -10/],
  ['two attributes', [attribute(sequence(list(sequence(type, leaf)))), attribute(sequence(list(sequence(type, f9))))], /appears twice/],
  ['two values', [attribute(sequence(list(sequence(type, leaf))), sequence(list(sequence(type, f9))))], /has 2 values/],
  ['no value', [attribute()], /has no value/],
  ['no statement', [attribute(sequence(list()))], /attestations is empty/],
  ['an empty list of certificates', [attribute(sequence(list(sequence(type, leaf)), sequence()))], /certs is empty/],
  ['a third member', [attribute(sequence(list(sequence(type, leaf)), certs, certs))], /one or two members/],
  ['a certificate tagged [0]', [attribute(sequence(list(sequence(type, leaf)), sequence(tlv(0xa0, f9))))], /neither a certificate nor \[3\]/],
  ['a statement without content', [attribute(sequence(list(sequence(type))))], /no known draft/],
  ['a statement of four members', [attribute(sequence(list(sequence(type, leaf, leaf, leaf))))], /no known draft/],
  ['a third member of no draft', [attribute(sequence(list(sequence(type, leaf, octetString(leaf)))))], /no known draft/],
  ['statements of two drafts', [attribute(sequence(list(sequence(type, leaf, utf8String(hint)), sequence(type, leaf, ia5String(hint)))))], /different drafts \(-16, -17 to -21\)/],
  ['a type that is not an OID', [attribute(sequence(list(sequence(utf8String('x'), leaf))))], /type has tag 0x0c/],
]
