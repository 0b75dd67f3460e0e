import { writePem } from '../../asn1/pem.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import { itemsOf } from './contents.ts'
import { openFile } from './open-file.ts'
import { Unreadable } from './unreadable.ts'

/**
 * Certificates that travel beside a package, brought into PEM from the forms that people have them in.
 *
 * @returns PEM text; what holds none as it is, for the verifier to say that it cannot be read.
 * @throws EnrollError `input.private-key`.
 * @example
 * ```ts
 * const { package: package_ } = readEvidence(readFileSync('attestation.dat'))
 * const certChains = readCertChains(readFileSync('chains.pem'))
 * checkAttestation({ package: package_, certChains, trustAnchors: builtInTrustAnchors(), now: Date.now() })
 * ```
 */
export function readCertChains(file: Uint8Array): Uint8Array {
  try {
    const contents = openFile(file)
    const own = itemsOf(contents, 'package').flatMap(({ certChains }) => (certChains === undefined ? [] : [certChains]))
    const ders = [
      ...itemsOf(contents, 'certificate').map(({ der }) => der),
      ...itemsOf(contents, 'pkcs7').flatMap(({ certificates }) => certificates),
    ]
    const chains = Buffer.concat([...own, ...ders.map((der) => Buffer.from(writePem('CERTIFICATE', der)))])
    return chains.length === 0 ? file : chains
  } catch (error) {
    if (error instanceof Unreadable || error instanceof EvidenceError) return file
    throw error
  }
}
