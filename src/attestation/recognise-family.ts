import { parseCertificate } from '../asn1/certificate.ts'
import { DerError } from '../asn1/der-error.ts'
import { printName } from '../asn1/name.ts'
import { HSM_TYPES, type HsmType } from '../hsm-type.ts'
import { otherEvidence } from './certificates/other-evidence.ts'
import { EvidenceError } from './contract/evidence-error.ts'
import { readCertificatePackage } from './package/certificate-package.ts'
import { VERIFIERS } from './verifiers.ts'

/** Every family whose format this package could have. */
export const possibleFamilies = (package_: Uint8Array): readonly HsmType[] =>
  HSM_TYPES.filter((hsmType) => VERIFIERS[hsmType].recognises(package_))

/** The family of a package. Throws EvidenceError where no format, or more than one, fits. */
export function recogniseFamily(package_: Uint8Array): HsmType {
  const [family, ...others] = possibleFamilies(package_)
  if (family !== undefined && others.length === 0) return family
  throw new EvidenceError(
    family === undefined
      ? `Could not recognise the attestation: it has none of the known formats${found(package_)}.`
      : `Could not determine the family of the attestation: it could be ${[family, ...others].join(' or ')}.`,
    `Specify the family with --hsm-type (${HSM_TYPES.join(', ')}), and check that the file is the attestation itself.`,
  )
}

const HYPHEN = 0x2d

/**
 * What stands there instead, where it is PEM: whose certificate, or that it is malformed, says more than "unknown". Throws
 * EvidenceError where there is none, or too many.
 */
function found(package_: Uint8Array): string {
  if (package_[0] !== HYPHEN) return ''
  try {
    const [first] = readCertificatePackage(package_)
    const other = first && otherEvidence(first)
    if (other !== undefined) return `: it is ${other.what}`
    return first === undefined
      ? ''
      : `; it starts with the certificate of ${printName(parseCertificate(first).subject)}`
  } catch (error) {
    if (error instanceof DerError) return `; its first certificate is malformed. ${error.message.replace(/\.$/, '')}`
    throw error
  }
}
