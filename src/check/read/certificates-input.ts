import { parseCertificate } from '../../asn1/certificate.ts'
import { EnrollError } from '../../errors.ts'
import { withoutDoubles } from './certificate-order.ts'
import { namesOf } from './contents.ts'
import { openFile } from './open-file.ts'
import { orRefuse } from './unreadable.ts'

const MAX_CERTIFICATES = 20

const noCertificates = (why: string, cause?: unknown): EnrollError =>
  new EnrollError('certificate.unreadable', `Could not find a certificate: ${why}.`, {
    remedy: 'Pass the file that Sectigo sent: PEM, DER, PKCS#7, ZIP, or the mail itself.',
    cause,
  })

export interface CertificatesInput {
  /** DER, in the order found, each once, each readable as X.509; never empty. */
  readonly certificates: readonly Uint8Array[]
  readonly notes: readonly string[]
}

/**
 * Every certificate in what a CA returns or mails, in the forms that people have it in. Throws EnrollError `certificate.unreadable`
 * where there is none, `asn1.der` where one is malformed, `input.private-key`.
 */
function readCertificateFile(file: Uint8Array): CertificatesInput {
  const contents = orRefuse(
    () => openFile(file),
    ({ what, cause }) => noCertificates(what, cause),
  )
  const found = contents.groups.flatMap(({ items }) =>
    items.flatMap((item) =>
      item.kind === 'certificate' ? [item.der] : item.kind === 'pkcs7' ? item.certificates : [],
    ),
  )
  const certificates = withoutDoubles(found)
  if (certificates.length === 0) throw noCertificates(`found ${namesOf(contents)}`)
  if (certificates.length > MAX_CERTIFICATES) throw noCertificates(`${certificates.length} certificates are too many`)
  for (const der of certificates) parseCertificate(der)
  return { certificates, notes: contents.notes }
}

/** The same without the notes. */
export const readCertificates = (file: Uint8Array): readonly Uint8Array[] => readCertificateFile(file).certificates
