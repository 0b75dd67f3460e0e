import type { Certificate } from '../asn1/certificate.ts'
import { readBitString, readDer, readOid, readSequence } from '../asn1/der.ts'
import { DerError } from '../asn1/der-error.ts'

export const OID_EXTENDED_KEY_USAGE = '2.5.29.37'
const OID_KEY_USAGE = '2.5.29.15'

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

/** The bits that are set; undefined where the certificate has no such extension. */
export const keyUsageOf = (certificate: Certificate): ReadonlySet<number> | 'malformed' | undefined =>
  read(certificate, OID_KEY_USAGE, (value) => {
    const { bytes } = readBitString(readDer(value), 'KeyUsage')
    const bits = new Set<number>()
    for (const [index, byte] of bytes.entries()) {
      for (let bit = 0; bit < 8; bit++) if (byte & (0x80 >> bit)) bits.add(index * 8 + bit)
    }
    return bits
  })

/** The purposes, as dotted OIDs; undefined where the certificate has no such extension. */
export const extendedKeyUsageOf = (certificate: Certificate): readonly string[] | 'malformed' | undefined =>
  read(certificate, OID_EXTENDED_KEY_USAGE, (value) =>
    readSequence(readDer(value), 'ExtKeyUsageSyntax').map((item) => readOid(item, 'KeyPurposeId')),
  )

function read<T>(certificate: Certificate, oid: string, parse: (value: Uint8Array) => T): T | 'malformed' | undefined {
  const extension = certificate.extensions.get(oid)
  if (extension === undefined) return undefined
  try {
    return parse(extension.value)
  } catch (error) {
    if (error instanceof DerError) return 'malformed'
    throw error
  }
}
