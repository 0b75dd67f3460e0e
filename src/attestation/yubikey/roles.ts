import type { Certificate } from '../../asn1/certificate.ts'
import type { CheckList } from '../contract/check-list.ts'
import { hasF9Name, slotOf } from './extensions.ts'
import { YUBIKEY_RULES as RULE } from './rules.ts'

export interface YubikeyRoles {
  readonly leaf: Certificate
  readonly f9: Certificate | undefined
  /** Whatever follows F9. */
  readonly above: readonly Certificate[]
}

/** The leaf must come first and F9 second; a swapped pair is named, and read the right way round so that the rest makes sense. */
export function assignYubikeyRoles(first: Certificate, rest: readonly Certificate[], checks: CheckList): YubikeyRoles {
  const [second, ...above] = rest
  if (second === undefined) {
    checks.fail(
      RULE.package,
      'only one certificate is here; that of slot F9 is missing',
      'Add the certificate of slot F9 after the attestation: `yubico-piv-tool -a read-certificate -s f9` or `ykman piv certificates export f9 f9.pem`.',
    )
    return { leaf: first, f9: undefined, above }
  }
  if (slotOf(first) === undefined && slotOf(second) !== undefined && hasF9Name(first)) {
    checks.fail(
      RULE.package,
      'the two certificates are in the wrong order: F9 comes first',
      'Put the attestation certificate first and that of slot F9 second; nothing need be exported again.',
    )
    return { leaf: second, f9: first, above }
  }
  checks.pass(RULE.package, 'attestation certificate first, F9 second')
  return { leaf: first, f9: second, above }
}
