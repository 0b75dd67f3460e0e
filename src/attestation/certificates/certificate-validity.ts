import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { isoDay } from '../../iso-day.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import type { CheckList, Rule } from '../contract/check-list.ts'
import { anchorHolds } from './anchor-keys.ts'
import { validAt } from './certificate-chain.ts'

/** Every certificate, and every anchor that was reached, at `now`. `remedy`: what to do about a certificate that ended. */
export function checkValidity(
  rule: Rule,
  certificates: readonly Certificate[],
  anchors: readonly TrustAnchor[],
  now: number,
  remedy: string,
  checks: CheckList,
): void {
  const outside = certificates.find((certificate) => !validAt(certificate, now))
  const anchor = anchors.find((candidate) => !anchorHolds(candidate, now))
  if (outside !== undefined) {
    const ended = now > outside.notAfter
    checks.fail(
      rule,
      `The certificate ${printName(outside.subject)} ${ended ? `ended on ${isoDay(outside.notAfter)}` : `is not valid before ${isoDay(outside.notBefore)}`}.`,
      ended ? remedy : 'Check the clock of this computer.',
    )
  } else if (anchor !== undefined) {
    checks.fail(
      rule,
      `The trust anchor ${anchor.name} is valid only from ${anchor.notBefore} to ${anchor.notAfter}.`,
      'Update hsm-enroll, or pass the renewed root with `--trust-anchors`.',
    )
  } else checks.pass(rule, 'All certificates are valid today.')
}
