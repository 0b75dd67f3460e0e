import { DerError, ifReadable } from '../../asn1/der-error.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import { embeddedYubikeyAttestation } from '../../attestation/yubikey/embedded.ts'
import { type CertificationRequest, parseCertificationRequest } from '../../csr/certification-request.ts'

const REMEDY = 'Give the attestation here, and the request with --csr.'

export const isRequest = (der: Uint8Array): boolean => ifReadable(() => parseCertificationRequest(der)) !== undefined

/**
 * The attestation that yubico-piv-tool writes into a request where it is told to, with the request it stood in (DER). Throws
 * EvidenceError where the request holds none.
 */
export function evidenceInRequest(der: Uint8Array): { readonly package: Uint8Array; readonly request: Uint8Array } {
  const embedded = embeddedYubikeyAttestation(readRequest(der).extensions)
  if (embedded !== undefined && 'package' in embedded) return { package: embedded.package, request: der }
  const why = embedded === undefined ? ' that carries none' : `, and ${embedded.fault}`
  throw new EvidenceError(`Could not find an attestation: this is a certificate request${why}.`, REMEDY)
}

function readRequest(der: Uint8Array): CertificationRequest {
  try {
    return parseCertificationRequest(der)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw new EvidenceError(`Could not read the certificate request: ${error.message}`, REMEDY, error)
  }
}
