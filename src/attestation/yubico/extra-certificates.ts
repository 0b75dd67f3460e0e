import type { Certificate } from '../../asn1/certificate.ts'
import { sameBytes } from '../../asn1/octets.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import type { AnchorKey } from '../certificates/anchor-keys.ts'
import { namesIssuer, selfIssued, signedBy } from '../certificates/certificate-chain.ts'

/** Yubico's longest: application intermediate, intermediate, root. */
const MAX_ABOVE = 4

/**
 * Certificates that a package carries above the device's own add nothing to trust, but every byte of them must still be what
 * somebody signed. Returns the first that does not belong: twice there, the issuer of none of the others, or neither published
 * by the vendor, nor signed by another one, by an anchor, or by itself as the anchor it is. Their order does not matter.
 */
export function strangerAbove(
  from: Certificate,
  above: readonly Certificate[],
  anchors: readonly AnchorKey[],
): Certificate | undefined {
  if (above.length > MAX_ABOVE) return above[MAX_ABOVE]
  return above.find((certificate, index) => {
    const others = [from, ...above].filter((other) => other !== certificate)
    const issuesOne = others.some(
      (other) => namesIssuer(other, certificate.subject) && signedBy(other, certificate.spki, LENIENT),
    )
    return above.indexOf(certificate) !== index || !issuesOne || !isVouchedFor(certificate, above, anchors)
  })
}

const LENIENT = { rsaParametersAbsent: true, remember: true } as const

function isVouchedFor(certificate: Certificate, above: readonly Certificate[], anchors: readonly AnchorKey[]): boolean {
  const fingerprint = sha256Hex(certificate.der)
  if (anchors.some(({ anchor }) => anchor.certificateSha256.includes(fingerprint))) return true
  const signers = [...above.filter((other) => other !== certificate), ...anchors].filter(
    ({ subject }) => subject === undefined || namesIssuer(certificate, subject),
  )
  if (signers.some(({ spki }) => signedBy(certificate, spki, LENIENT))) return true
  const isPinned = anchors.some(({ spki }) => sameBytes(spki, certificate.spki))
  return isPinned && selfIssued(certificate) && signedBy(certificate, certificate.spki, LENIENT)
}
