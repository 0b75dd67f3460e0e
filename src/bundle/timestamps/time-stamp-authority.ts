/** Is the signer of a time stamp an authority that the verifier trusts? As of the time of the stamp. */
import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { sameBytes } from '../../asn1/octets.ts'
import { namesIssuer, signedBy, validAt } from '../../attestation/certificates/certificate-chain.ts'
import {
  EXTENSION_OID,
  extendedKeyUsageOf,
  KEY_USAGE,
  keyUsageOf,
} from '../../attestation/certificates/certificate-extensions.ts'
import { misfitOf } from '../../attestation/certificates/issuer-fit.ts'
import { isoDay } from '../../iso-day.ts'
import { BundleFault } from '../bundle-fault.ts'

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'
const MAX_PATH = 8

/** The certificate's purpose (RFC 3161 2.3): time stamping, alone and critical; a key for signatures. Throws BundleFault. */
export function requireTimeStamping(certificate: Certificate): void {
  const purposes = extendedKeyUsageOf(certificate)
  if (purposes === undefined || purposes === 'malformed' || purposes.length !== 1 || purposes[0] !== TIME_STAMPING)
    throw new BundleFault('the certificate of the authority is not for time stamping alone')
  if (certificate.extensions.get(EXTENSION_OID.extKeyUsage)?.critical !== true)
    throw new BundleFault('the purpose in the certificate of the authority is not critical')
  const usage = keyUsageOf(certificate)
  const signs: readonly number[] = [KEY_USAGE.digitalSignature, KEY_USAGE.nonRepudiation]
  if (
    usage === 'malformed' ||
    (usage !== undefined && (usage.size === 0 || [...usage].some((bit) => !signs.includes(bit))))
  )
    throw new BundleFault('the key of the authority is not for signatures alone')
}

/**
 * Walks from the authority's certificate to one of `anchors`, as of `time` (milliseconds since 1970). `pool` may hold anything.
 *
 * @returns The path, the anchor last.
 * @throws BundleFault with what is missing or does not hold.
 */
export function verifyAuthority(
  authority: Certificate,
  pool: readonly Certificate[],
  anchors: readonly Certificate[],
  time: number,
): readonly Certificate[] {
  const path = [authority]
  for (let current = authority; ; ) {
    requireFit(current, path.length - 1, time)
    if (anchors.some((anchor) => sameBytes(anchor.der, current.der))) return path
    if (path.length >= MAX_PATH) throw new BundleFault('the chain of the authority is too long')
    const issuer = [...anchors, ...pool].find(
      (candidate) =>
        !path.includes(candidate) && namesIssuer(current, candidate.subject) && signedBy(current, candidate.spki),
    )
    if (issuer === undefined) throw new BundleFault(`nothing that is trusted issued ${printName(current.subject)}`)
    path.push(issuer)
    current = issuer
  }
}

/** `below`: how many certificates of the path the one in question has issued, directly or not. */
function requireFit(certificate: Certificate, below: number, time: number): void {
  const name = printName(certificate.subject)
  if (!validAt(certificate, time)) throw new BundleFault(`${name} was not valid on ${isoDay(time)}, when it stamped`)
  const misfit = misfitOf(certificate, below)
  if (misfit !== undefined) throw new BundleFault(`${name} ${misfit}`)
}
