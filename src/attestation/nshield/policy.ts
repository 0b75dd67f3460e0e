import type { CheckList } from '../contract/check-list.ts'
import type { VerificationContext } from '../contract/verify-attestation.ts'
import type { NshieldEvidence } from './evidence.ts'
import { NSHIELD_RULES as RULE } from './rules.ts'

/** What only this family knows. */
export function checkNshieldPolicy(
  { warrant, acl }: NshieldEvidence,
  options: VerificationContext['options'],
  checks: CheckList,
): void {
  if (warrant.module.fieldUpgrade) {
    const outcome = options?.fieldUpgradeWarrants === 'refuse' ? 'fail' : 'warn'
    checks[outcome](
      RULE.fieldUpgrade,
      'The warrant was issued by a field upgrade, which relies on a legacy DSA-1024 signature.',
      'Ask Entrust for a factory warrant. `policy.fieldUpgradeWarrants` decides whether this one is refused.',
    )
  } else checks.pass(RULE.fieldUpgrade, 'The warrant was issued in the factory.')

  const extra = acl.permissions.filter((permission) => permission !== 'sign')
  if (extra.length > 0) {
    checks.warn(
      RULE.permissions,
      `The key may also be used to ${extra.join(' and ')}.`,
      'Generate signing keys for signing only (CKA_DECRYPT and CKA_UNWRAP false).',
    )
  } else checks.pass(RULE.permissions, 'The key has no permission other than signing.')
}
