import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { anchorKey } from '../certificates/anchor-keys.ts'
import { KEY_USAGE, keyUsageOf } from '../certificates/certificate-extensions.ts'
import { issuerKeyFault } from '../certificates/issuer-key.ts'
import { extensionFault, issuerFault } from '../certificates/issuer-rule.ts'
import type { CheckList } from '../contract/check-list.ts'
import { MARVELL_RULES as RULE } from './rules.ts'

/** The partition's key, certified twice: by the maker through the card, and by the owner directly. */
export interface MarvellCertificates {
  readonly card: Certificate
  readonly partition: Certificate
  readonly ownerCard: Certificate
  readonly ownerPartition: Certificate
  readonly owner: TrustAnchor
}

/** Marvell's card certificates are version 1 or without extensions, and say nothing of being a CA. */
const CARD = { withoutConstraints: true } as const

/** The maker's card certificate issues the partition's; the owner's certificates issue nothing, and the partition's key signs statements. */
export function checkConstraints(
  { card, partition, ownerCard, ownerPartition, owner }: MarvellCertificates,
  fetchAgain: string,
  checks: CheckList,
): void {
  const faults = [
    { certificate: card, fault: issuerFault(card, 0, CARD) },
    { certificate: ownerCard, fault: extensionFault(ownerCard) },
    ...[partition, ownerPartition].map((certificate) => ({ certificate, fault: signerFault(certificate) })),
  ]
  const bad = faults.find(({ fault }) => fault !== undefined)
  const weak = issuerKeyFault(anchorKey(owner).spki)
  if (weak !== undefined) {
    checks.fail(
      RULE.constraints,
      `The trust anchor ${owner.name} must not vouch for others: its key ${weak}.`,
      'Ask whoever published this root for one with a stronger key.',
    )
  }
  checks.require(
    RULE.constraints,
    bad === undefined,
    'The card may certify its partition, and the partition sign; no critical extension is unknown.',
    `The certificate ${bad && printName(bad.certificate.subject)} ${bad?.fault}.`,
    `${fetchAgain} If they are refused again, update hsm-enroll: Google’s certificates may be newer than this version.`,
  )
}

function signerFault(certificate: Certificate): string | undefined {
  const fault = extensionFault(certificate)
  if (fault !== undefined) return fault
  const usage = keyUsageOf(certificate)
  if (usage !== undefined && usage !== 'malformed' && !usage.has(KEY_USAGE.digitalSignature)) {
    return 'is not for digital signatures'
  }
  const weak = issuerKeyFault(certificate.spki)
  return weak && `must not vouch for others: its key ${weak}`
}
