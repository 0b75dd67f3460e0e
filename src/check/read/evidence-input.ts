import { parseCertificate } from '../../asn1/certificate.ts'
import { ifReadable } from '../../asn1/der-error.ts'
import { namesIssuer } from '../../attestation/certificates/certificate-chain.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import { readCertificatePackage } from '../../attestation/package/certificate-package.ts'
import type { Evidence } from './evidence.ts'
import { unwrapEvidence } from './unwrap-evidence.ts'

/**
 * Reads one file, or several that belong together (an attestation and its F9 certificate; a `.dat` and its chain).
 * Throws EvidenceError (`evidence.unreadable`): empty, too large, cut off, not base64, of no known form.
 */
export function readEvidence(...files: readonly Uint8Array[]): Evidence {
  const [first, ...rest] = files.map(unwrapEvidence)
  if (first === undefined) throw new EvidenceError('Could not read the attestation: no file.', 'Name the file.')
  const notes = [first, ...rest].flatMap((evidence) => evidence.notes)
  if (rest.length === 0) return { ...first, notes }
  const certificates = rest.map((evidence) => certificatesOf(evidence.package))
  if (isPemPackage(first.package)) {
    const files = [first.package, ...certificates]
    const reversed = issuerComesFirst(files)
    const note = reversed ? 'put the files together, the attestation before its issuer' : 'put the files together'
    return { package: Buffer.concat(reversed ? files.reverse() : files), notes: [...notes, note] }
  }
  return {
    package: first.package,
    certChains: Buffer.concat([...(first.certChains === undefined ? [] : [first.certChains]), ...certificates]),
    notes,
  }
}

/**
 * Certificates that travel beside a package, brought into PEM from the forms that people have them in: base64, UTF-16, Google's zip or
 * JSON. What is none of these stays as it is, for the verifier to say that it cannot be read.
 */
export function readCertChains(file: Uint8Array): Uint8Array {
  try {
    const { package: package_, certChains } = unwrapEvidence(file)
    return certChains ?? certificatesOf(package_)
  } catch (error) {
    if (error instanceof EvidenceError) return file
    throw error
  }
}

const isPemPackage = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 11)).toString() === '-----BEGIN '

function certificatesOf(bytes: Uint8Array): Uint8Array {
  if (isPemPackage(bytes)) return bytes
  throw new EvidenceError(
    'Could not put the files together: the second one holds no certificates.',
    'Give the attestation first, then the certificates that belong to it.',
  )
}

/** Two files of one certificate each, of which the first issued the second: the order of files is ours to choose, that in a file is not. */
function issuerComesFirst(files: readonly Uint8Array[]): boolean {
  const ders = files.map(readCertificatePackage)
  if (ders.length !== 2 || ders.some(({ length }) => length !== 1)) return false
  const [first, second] = ders.flat().map((der) => ifReadable(() => parseCertificate(der)))
  if (first === undefined || second === undefined) return false
  return namesIssuer(second, first.subject) && !namesIssuer(first, second.subject)
}
