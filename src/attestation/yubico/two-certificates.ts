/** Evidence that is a leaf and a device certificate with, at most, the CA certificates above: Yubico's two families. */
import { type Certificate, parseCertificate } from '../../asn1/certificate.ts'
import { DerError, ifReadable } from '../../asn1/der-error.ts'
import { printName } from '../../asn1/name.ts'
import { isoDay } from '../../iso-day.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { type AnchorKey, anchorHolds } from '../certificates/anchor-keys.ts'
import { parseIssuerCertificate, validAt } from '../certificates/certificate-chain.ts'
import { extensionFault, issuerFault } from '../certificates/issuer-rule.ts'
import type { CheckList, Rule } from '../contract/check-list.ts'
import { EvidenceError } from '../contract/evidence-error.ts'
import { readCertificatePackage } from '../package/certificate-package.ts'
import { strangerAbove } from './extra-certificates.ts'

/** Every certificate, or none where one is malformed (the check then says which). Throws EvidenceError where there is nothing to read. */
export function parsePackage(
  package_: Uint8Array,
  rule: Rule,
  checks: CheckList,
  remedy: string,
): readonly Certificate[] {
  const certificates: Certificate[] = []
  const ders = readCertificatePackage(package_)
  for (let index = 0; index < ders.length; index++) {
    const der = ders[index]
    if (der === undefined) break
    try {
      certificates.push(index === 0 ? parseCertificate(der) : parseIssuerCertificate(der))
    } catch (error) {
      if (!(error instanceof DerError)) throw error
      checks.fail(rule, `certificate ${index + 1} is malformed. ${error.message}`, remedy)
      return []
    }
  }
  checks.pass(rule, `${certificates.length} in DER`)
  return certificates
}

/** Is one of the certificates such a one? Those that cannot be read are not; `verify` says why. */
export const anyHas = (package_: Uint8Array, holds: (certificate: Certificate) => boolean): boolean =>
  firstCertificates(package_).some(holds)

/** No genuine package has more: leaf, device, two intermediates, root. */
const LOOKED_AT = 6
/** Two families ask the same of one package, which nobody writes to. */
const looked = new WeakMap<Uint8Array, readonly Certificate[]>()

function firstCertificates(package_: Uint8Array): readonly Certificate[] {
  const known = looked.get(package_)
  if (known !== undefined) return known
  const certificates = readableCertificates(package_)
  looked.set(package_, certificates)
  return certificates
}

function readableCertificates(package_: Uint8Array): readonly Certificate[] {
  try {
    return readCertificatePackage(package_)
      .slice(0, LOOKED_AT)
      .flatMap((der) => ifReadable(() => parseCertificate(der)) ?? [])
  } catch (error) {
    if (error instanceof EvidenceError) return []
    throw error
  }
}

export function checkExtensions(rule: Rule, certificates: readonly Certificate[], checks: CheckList): void {
  for (const certificate of certificates) {
    const fault = extensionFault(certificate)
    if (fault === undefined) continue
    checks.fail(
      rule,
      `${printName(certificate.subject)} ${fault}`,
      'Update hsm-enroll; the device may be newer than this version.',
    )
    return
  }
  checks.pass(rule, 'no unknown critical extension')
}

export function checkDates(
  rule: Rule,
  certificates: readonly Certificate[],
  anchor: TrustAnchor | undefined,
  now: number,
  checks: CheckList,
): void {
  const late = certificates.find((certificate) => !validAt(certificate, now))
  if (late !== undefined) {
    const [from, until, today] = [late.notBefore, late.notAfter, now].map(isoDay)
    checks.fail(
      rule,
      `${printName(late.subject)} is valid from ${from} to ${until}, but today is ${today}`,
      'Check the clock of this computer: these certificates are valid for decades.',
    )
  } else if (anchor !== undefined && !anchorHolds(anchor, now)) {
    checks.fail(
      rule,
      `the anchor ${anchor.name} ended on ${anchor.notAfter}`,
      'Update hsm-enroll, or pass the renewed root with `--trust-anchors`.',
    )
  } else checks.pass(rule, 'every certificate is within its dates')
}

/** Certificates above the device's own that belong to nothing, or that nobody signed. */
export function checkStrangers(
  rule: Rule,
  device: Certificate,
  above: readonly Certificate[],
  anchors: readonly AnchorKey[],
  checks: CheckList,
): void {
  const stranger = above.length === 0 ? undefined : strangerAbove(device, above, anchors)
  if (stranger === undefined) return
  checks.fail(
    rule,
    `certificate ${above.indexOf(stranger) + 3} does not belong to the chain, or was altered`,
    'Remove it: send the attestation certificate, the device certificate and, if the CA asks for them, the CA certificates above.',
  )
}

/** Why one of those between the device's certificate and its anchor must not be there; undefined if all may. */
export function faultBetween(between: readonly Certificate[]): string | undefined {
  for (const [index, certificate] of between.entries()) {
    const fault = issuerFault(certificate, index + 1)
    if (fault !== undefined) return `${printName(certificate.subject)} ${fault}`
  }
  return undefined
}
