import { type Certificate, parseCertificate } from '../../asn1/certificate.ts'
import { ifReadable } from '../../asn1/der-error.ts'
import type { Evidence } from './evidence.ts'
import { unwrapAsFamily } from './layers/unwrap-as-family.ts'

/**
 * The attestation in a certificate that the key in the device signed itself (`yubico-piv-tool -a selfsign-certificate --attestation`), with that
 * key to bind to. Undefined if it holds none.
 */
export function evidenceInCertificate(der: Uint8Array): Evidence | undefined {
  const certificate: Certificate | undefined = ifReadable(() => parseCertificate(der))
  if (certificate === undefined) return undefined
  const found = unwrapAsFamily({ kind: 'certificate', extensions: certificate.extensions })
  if (found === undefined) return undefined
  return {
    package: found.package,
    publicKey: certificate.spki,
    notes: [
      ...(found.note === undefined ? [] : [found.note]),
      'compared with the key of the certificate that it is in',
    ],
  }
}
