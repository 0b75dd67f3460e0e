import { DerError } from '../../asn1/der-error.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import { type CertificationRequest, parseCertificationRequest } from '../../csr/certification-request.ts'
import type { Evidence } from './evidence.ts'
import { unwrapAsFamily } from './layers/unwrap-as-family.ts'

const REMEDY = 'Pass the attestation here, and the request with --csr.'

/** The attestation in a request, with the request that it was in to bind to (DER). Throws EvidenceError if the request holds none. */
export function evidenceInRequest(der: Uint8Array): Evidence {
  const found = unwrapAsFamily({ kind: 'request', extensions: readRequest(der).extensions })
  if (found === undefined) {
    throw new EvidenceError('Could not find an attestation: this is a certificate request that carries none.', REMEDY)
  }
  return { package: found.package, request: der, notes: found.note === undefined ? [] : [found.note] }
}

function readRequest(der: Uint8Array): CertificationRequest {
  try {
    return parseCertificationRequest(der)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw new EvidenceError(`Could not read the certificate request: ${error.message}`, REMEDY, error)
  }
}
