import type { CheckList } from './check-list.ts'
import type { NshieldEvidence } from './nshield-evidence.ts'
import { NSHIELD_RULES as RULE } from './nshield-rules.ts'
import type { VerificationContext } from './verify-attestation.ts'

/**
 * What Entrust leaves to policy. Options: `fieldUpgradeWarrants` "warn" (default) or "refuse"; `recoverableKeys` "refuse"
 * (default: CAs ask for keys that cannot be brought back elsewhere) or "warn".
 */
export function checkNshieldPolicy(
  { warrant, acl }: NshieldEvidence,
  options: VerificationContext['options'],
  checks: CheckList,
): void {
  const fail = (refuse: boolean) => (refuse ? checks.fail.bind(checks) : checks.warn.bind(checks))
  if (warrant.module.fieldUpgrade) {
    fail(options?.fieldUpgradeWarrants === 'refuse')(
      RULE.fieldUpgrade,
      'The warrant was made by a field upgrade, which rests on a legacy DSA-1024 signature.',
      'Ask Entrust for a factory warrant, or accept field upgrade warrants by policy.',
    )
  } else checks.pass(RULE.fieldUpgrade, 'The warrant was made in the factory.')

  if (acl.recovery) {
    fail(options?.recoverableKeys !== 'warn')(
      RULE.recovery,
      'The key is recoverable: holders of the Administrator Card Set can bring it back without its own protection, and may export it.',
      'Generate a new key with recovery off (generatekey recovery=no).',
    )
  } else checks.pass(RULE.recovery, 'The key cannot be recovered by the Administrator Card Set.')

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
