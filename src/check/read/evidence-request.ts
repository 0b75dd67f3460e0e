import { DerError, ifReadable } from '../../asn1/der-error.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import { type CertificationRequest, parseCertificationRequest } from '../../csr/certification-request.ts'

export const isRequest = (der: Uint8Array): boolean => ifReadable(() => parseCertificationRequest(der)) !== undefined

/** A request in the place of an attestation. Throws EvidenceError. */
export function readRequest(der: Uint8Array): CertificationRequest {
  try {
    return parseCertificationRequest(der)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw new EvidenceError(
      `Could not read the certificate request: ${error.message}`,
      'Give the attestation here, and the request with --csr.',
      error,
    )
  }
}
