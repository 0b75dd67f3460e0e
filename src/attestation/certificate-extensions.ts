import type { Certificate } from '../asn1/certificate.ts'
import { readDer, readOctetString, readOid, readSequence } from '../asn1/der.ts'
import { DerError } from '../asn1/der-error.ts'

/** keyIdentifier of AuthorityKeyIdentifier (RFC 5280 4.2.1.1); undefined where absent or malformed. */
export const authorityKeyIdOf = (certificate: Certificate): Uint8Array | undefined =>
  read(
    certificate,
    '2.5.29.35',
    (value) => readSequence(readDer(value), 'AuthorityKeyIdentifier').find(({ tag }) => tag === 0x80)?.content,
  )

/** SubjectKeyIdentifier (RFC 5280 4.2.1.2). */
export const subjectKeyIdOf = (certificate: Certificate): Uint8Array | undefined =>
  read(certificate, '2.5.29.14', (value) => readOctetString(readDer(value)))

/** The policy OIDs (RFC 5280 4.2.1.4), qualifiers left out. */
export const certificatePoliciesOf = (certificate: Certificate): readonly string[] | undefined =>
  read(certificate, '2.5.29.32', (value) =>
    readSequence(readDer(value), 'certificatePolicies').map((item) => readOid(item.at(0, 'policyIdentifier'))),
  )

function read<T>(certificate: Certificate, oid: string, parse: (value: Uint8Array) => T): T | undefined {
  const extension = certificate.extensions.get(oid)
  if (extension === undefined) return undefined
  try {
    return parse(extension.value)
  } catch (error) {
    if (error instanceof DerError) return undefined
    throw error
  }
}
