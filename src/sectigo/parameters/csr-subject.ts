import { readDer, readSequence } from '../../asn1/der.ts'
import { type Name, parseName } from '../../asn1/name.ts'
import { readPem } from '../../asn1/pem.ts'
import { parseCertificationRequest } from '../../csr/certification-request.ts'
import { EnrollError } from '../../errors.ts'

/**
 * The subject of a CSR in PEM or bare base64 (RFC 2986 4.1), or undefined where it cannot be read: whether the CSR is
 * sound is judged elsewhere; here only the presence of address fields matters.
 */
export function readCsrSubject(text: string | undefined): Name | undefined {
  return readOrNothing(text, (der) => {
    const info = readSequence(readDer(der), 'CertificationRequest')[0]
    return info === undefined ? undefined : parseName(info.at(1, 'subject').bytes)
  })
}

/** dNSName [2] and iPAddress [7] (RFC 5280 4.2.1.6). */
const DOMAIN_TAGS = [0x82, 0x87]

/** Does its subjectAltName hold a domain name or an IP address? Undefined where the CSR cannot be read. */
export const csrNamesDomains = (text: string | undefined): boolean | undefined =>
  readOrNothing(text, (der) => {
    const names = parseCertificationRequest(der).extensions.get('2.5.29.17')
    return names !== undefined && readDer(names.value).children.some(({ tag }) => DOMAIN_TAGS.includes(tag))
  })

function readOrNothing<T>(text: string | undefined, read: (der: Uint8Array) => T): T | undefined {
  if (text === undefined) return undefined
  try {
    const der = text.includes('-----BEGIN') ? readPem(text)[0]?.der : Buffer.from(text, 'base64')
    return der === undefined ? undefined : read(der)
  } catch (error) {
    if (error instanceof EnrollError) return undefined
    throw error
  }
}
