import type { Certificate } from '../../asn1/certificate.ts'
import { type DerNode, readDer, readSequence, TAG } from '../../asn1/der.ts'
import { ifReadable } from '../../asn1/der-error.ts'
import { readBitString, readBoolean, readOctetString, readOid, readSmallInteger } from '../../asn1/der-values.ts'
import { OctetMemory } from '../../asn1/octet-memory.ts'

/** Extensions by the names of RFC 5280 4.2. */
export const EXTENSION_OID = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  cRLDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
} as const

/** What an extension says: undefined where the certificate has none, `malformed` where it cannot be read. */
export type ExtensionReader<Value> = (certificate: Certificate) => Value | 'malformed' | undefined

const KEPT = 16

/**
 * Constraints and usages are the same few octets in all certificates, so what they mean is kept by them; of an identifier, which each
 * has of its own, nothing is. (Kept by extension, in a WeakMap, it costs a certificate that comes once more than to read it twice.)
 */
function extensionReader<Value extends object | string>(
  oid: string,
  parse: (value: DerNode) => Value,
): ExtensionReader<Value> {
  const known = new OctetMemory<Value | 'malformed'>(32, KEPT)
  // What is kept must not be a view of somebody's file.
  const read = (value: Uint8Array): Value | 'malformed' =>
    ifReadable(() => parse(readDer(value.length > KEPT ? value : Uint8Array.from(value)))) ?? 'malformed'
  return ({ extensions }) => {
    const value = extensions.get(oid)?.value
    return value === undefined ? undefined : known.get(value, 0, value.length, read)
  }
}

export interface BasicConstraints {
  readonly ca: boolean
  readonly pathLength?: number
}

/** RFC 5280 4.2.1.9. */
export const basicConstraintsOf = extensionReader(EXTENSION_OID.basicConstraints, (node): BasicConstraints => {
  const items = [...readSequence(node, 'BasicConstraints')]
  const first = items[0]
  const ca = first !== undefined && first.tag === TAG.boolean
  if (ca && !readBoolean(first)) throw node.fail('cA FALSE is encoded although it is the default')
  if (ca) items.shift()
  const pathLength = items.shift()
  if (items.length > 0) throw node.fail('BasicConstraints has too many members')
  return { ca, pathLength: pathLength && readSmallInteger(pathLength, 'pathLenConstraint') }
})

/** Bit numbers of RFC 5280 4.2.1.3. */
export const KEY_USAGE = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  crlSign: 6,
  encipherOnly: 7,
  decipherOnly: 8,
} as const

/** The bits that are set. */
export const keyUsageOf = extensionReader(EXTENSION_OID.keyUsage, (node): ReadonlySet<number> => {
  const bits = new Set<number>()
  for (const [index, byte] of readBitString(node, 'KeyUsage').bytes.entries()) {
    for (let bit = 0; bit < 8; bit++) if (byte & (0x80 >> bit)) bits.add(index * 8 + bit)
  }
  return bits
})

/** The purposes, as dotted OIDs (RFC 5280 4.2.1.12). */
export const extendedKeyUsageOf = extensionReader(EXTENSION_OID.extKeyUsage, (node): readonly string[] =>
  readSequence(node, 'ExtKeyUsageSyntax').map((item) => readOid(item, 'KeyPurposeId')),
)

/** The policies, as dotted OIDs (RFC 5280 4.2.1.4), qualifiers left out. */
export const certificatePoliciesOf = extensionReader(EXTENSION_OID.certificatePolicies, (node): readonly string[] =>
  readSequence(node, 'certificatePolicies').map((item) => readOid(item.at(0, 'policyIdentifier'))),
)

/** RFC 5280 4.2.1.2. */
export const subjectKeyIdOf = extensionReader(EXTENSION_OID.subjectKeyIdentifier, (node) => readOctetString(node))

/** The member keyIdentifier (RFC 5280 4.2.1.1); one without it is malformed to those who ask for it. */
export const authorityKeyIdOf = extensionReader(EXTENSION_OID.authorityKeyIdentifier, (node): Uint8Array => {
  const identifier = readSequence(node, 'AuthorityKeyIdentifier').find(({ tag }) => tag === 0x80)
  if (identifier === undefined) throw node.fail('keyIdentifier is missing')
  return identifier.content
})
