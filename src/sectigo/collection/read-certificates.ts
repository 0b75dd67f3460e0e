import { isZip, readZipEntries } from '../../archive/zip-entries.ts'
import { parseCertificate } from '../../asn1/certificate.ts'
import { DerError } from '../../asn1/der-error.ts'
import { readPem } from '../../asn1/pem.ts'
import { pkcs7Certificates } from '../../asn1/pkcs7.ts'
import { EnrollError } from '../../errors.ts'

const MAX_INPUT = 1 << 20
const MAX_CERTIFICATES = 20

const noCertificates = (why: string): EnrollError =>
  new EnrollError('certificate.unreadable', `Could not find a certificate: ${why}.`, {
    remedy: 'Give the file that Sectigo sent: PEM, DER, PKCS#7 or ZIP.',
  })

/**
 * Every certificate in what Sectigo returns or mails: PEM, DER, PKCS#7 (PEM, DER or bare base64), or a ZIP of these. DER
 * out, in the order found, each once, each readable as X.509. Throws EnrollError; never returns an empty list.
 */
export function readCertificates(input: Uint8Array): readonly Uint8Array[] {
  if (input.length > MAX_INPUT) throw noCertificates(`${input.length} bytes are more than ${MAX_INPUT}`)
  const found = isZip(input) ? readZipEntries(input).flatMap(({ content }) => fromZipEntry(content)) : fromBytes(input)
  const unique = new Map(found.map((der) => [Buffer.from(der).toString('base64'), der]))
  if (unique.size === 0) throw noCertificates('the input holds none')
  if (unique.size > MAX_CERTIFICATES) throw noCertificates(`${unique.size} certificates are too many`)
  for (const der of unique.values()) parseCertificate(der)
  return [...unique.values()]
}

/** A ZIP may hold a read-me beside the certificates. */
function fromZipEntry(bytes: Uint8Array): readonly Uint8Array[] {
  try {
    return fromBytes(bytes)
  } catch (error) {
    if (error instanceof EnrollError) return []
    throw error
  }
}

function fromBytes(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes[0] === 0x30) return fromDer(bytes)
  const text = Buffer.from(bytes).toString('latin1')
  if (text.includes('-----BEGIN ')) {
    return readPem(text).flatMap(({ label, der }) => {
      if (label === 'CERTIFICATE' || label === 'X509 CERTIFICATE' || label === 'TRUSTED CERTIFICATE') return [der]
      return label === 'PKCS7' || label === 'CERTIFICATE CHAIN' || label === 'CMS' ? fromDer(der) : []
    })
  }
  const base64 = text.replace(/\s/g, '')
  if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64))
    throw noCertificates('the input is neither PEM, DER nor base64')
  return fromDer(Buffer.from(base64, 'base64'))
}

/** A certificate or a PKCS#7: told apart by what reads. */
function fromDer(der: Uint8Array): readonly Uint8Array[] {
  try {
    parseCertificate(der)
    return [der]
  } catch (error) {
    if (!(error instanceof DerError)) throw error
  }
  return pkcs7Certificates(der)
}
