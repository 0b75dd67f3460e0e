import type { CheckList } from './check-list.ts'
import type { NshieldEvidence } from './nshield-evidence.ts'
import { NSHIELD_RULES as RULE } from './nshield-rules.ts'
import type { VerificationContext } from './verify-attestation.ts'

/**
 * What Entrust leaves to policy. Option: `fieldUpgradeWarrants` "warn" (default) or "refuse". What a recoverable key means is for
 * `policy.key.recoverable` to say, by the claim `recovery`.
 */
export function checkNshieldPolicy(
  { warrant, acl }: NshieldEvidence,
  options: VerificationContext['options'],
  checks: CheckList,
): void {
  if (warrant.module.fieldUpgrade) {
    const judge = options?.fieldUpgradeWarrants === 'refuse' ? checks.fail.bind(checks) : checks.warn.bind(checks)
    judge(
      RULE.fieldUpgrade,
      'The warrant was made by a field upgrade, which rests on a legacy DSA-1024 signature.',
      'Ask Entrust for a factory warrant, or accept field upgrade warrants by policy.',
    )
  } else checks.pass(RULE.fieldUpgrade, 'The warrant was made in the factory.')

  const extra = acl.permissions.filter((permission) => permission !== 'sign')
  if (!acl.permissions.includes('sign')) {
    checks.fail(RULE.permissions, 'The key may not sign.', 'Generate a new key for signing.')
  } else if (extra.length > 0) {
    checks.warn(
      RULE.permissions,
      `The key may also be used to ${extra.join(' and ')}.`,
      'Generate signing keys for signing only (CKA_DECRYPT and CKA_UNWRAP false).',
    )
  } else checks.pass(RULE.permissions, 'The key may sign and nothing else.')
}
