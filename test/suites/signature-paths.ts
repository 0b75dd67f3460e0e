/** Every way in which a signature reaches a verdict in this project, as one function each. */
import type { AlgorithmIdentifier, Certificate } from '../../src/asn1/certificate.ts'
import { signedBy } from '../../src/attestation/certificates/certificate-chain.ts'
import { verifyRemembered } from '../../src/attestation/certificates/remembered-signature.ts'
import type { AlgorithmDeviations, SignatureScheme } from '../../src/attestation/certificates/signature-algorithm.ts'
import { verifySignature } from '../../src/attestation/certificates/verify-signature.ts'
import { verifyCertificationRequest } from '../../src/csr/certification-request.ts'
import type { Vector } from './wycheproof.ts'

type Signed = Pick<Vector, 'spki' | 'message' | 'signature'>

const EMPTY = new Uint8Array(0)

/** A certificate over the message; only what a signature check reads is filled in. */
export const certificateOver = ({ message, signature }: Signed, algorithm: AlgorithmIdentifier): Certificate => ({
  der: EMPTY,
  tbs: message,
  version: 3,
  serialNumber: EMPTY,
  signatureAlgorithm: algorithm,
  issuer: EMPTY,
  subject: EMPTY,
  notBefore: 0,
  notAfter: 0,
  spki: EMPTY,
  extensions: new Map(),
  signature,
})

/** As statements (Marvell-Google) and raw signatures are verified: the scheme comes from the format. */
export const asStatement = ({ spki, message, signature }: Signed, scheme: SignatureScheme): boolean =>
  verifySignature(scheme, spki, message, signature)

/** As nShield module states and warrants are: the outcome is kept. Asked twice, so that memory is judged too. */
export const asShared = ({ spki, message, signature }: Signed, scheme: SignatureScheme): boolean => {
  const first = verifyRemembered(scheme, spki, message, signature)
  if (verifyRemembered(scheme, spki, message, signature) !== first) throw new Error('the memory says something else')
  return first
}

/** As every family's certificates are: the AlgorithmIdentifier names the scheme. */
export const asCertificate = (
  vector: Signed,
  algorithm: AlgorithmIdentifier,
  deviations: AlgorithmDeviations = {},
): boolean => signedBy(certificateOver(vector, algorithm), vector.spki, deviations)

/** As issuer certificates in batches are: outcome kept by certificate. Asked twice. */
export const asSharedCertificate = (
  vector: Signed,
  algorithm: AlgorithmIdentifier,
  deviations: AlgorithmDeviations = {},
): boolean => {
  const certificate = certificateOver(vector, algorithm)
  const first = signedBy(certificate, vector.spki, { ...deviations, remember: true })
  if (signedBy(certificate, vector.spki, { ...deviations, remember: true }) !== first) {
    throw new Error('the memory says something else')
  }
  return first
}

/** As the proof of possession of a PKCS#10 request is. */
export const asRequest = ({ spki, message, signature }: Signed, algorithm: AlgorithmIdentifier): boolean =>
  verifyCertificationRequest({
    der: EMPTY,
    info: message,
    subject: EMPTY,
    spki,
    attributes: [],
    extensions: new Map(),
    signatureAlgorithm: algorithm,
    signature,
  })
