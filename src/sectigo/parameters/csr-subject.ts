import { readDer, readSequence } from '../../asn1/der.ts'
import { type Name, parseName } from '../../asn1/name.ts'
import { readPem } from '../../asn1/pem.ts'
import { EnrollError } from '../../errors.ts'

/**
 * The subject of a CSR in PEM or bare base64 (RFC 2986 4.1), or undefined where it cannot be read: whether the CSR is
 * sound is judged elsewhere; here only the presence of address fields matters.
 */
export function readCsrSubject(text: string | undefined): Name | undefined {
  if (text === undefined) return undefined
  try {
    const der = text.includes('-----BEGIN') ? readPem(text)[0]?.der : Buffer.from(text, 'base64')
    if (der === undefined) return undefined
    const info = readSequence(readDer(der), 'CertificationRequest')[0]
    return info === undefined ? undefined : parseName(info.at(1, 'subject').bytes)
  } catch (error) {
    if (error instanceof EnrollError) return undefined
    throw error
  }
}
