import type { Certificate } from '../../asn1/certificate.ts'
import type { CheckList } from '../contract/check-list.ts'
import { objectIdInName, serialInName } from './extensions.ts'
import { YUBIHSM2_RULES as RULE } from './rules.ts'

export interface Yubihsm2Roles {
  readonly leaf: Certificate
  readonly device: Certificate | undefined
  /** Whatever follows the device certificate. */
  readonly above: readonly Certificate[]
}

/** The leaf must come first and the device certificate second, as with a YubiKey. */
export function assignYubihsm2Roles(
  first: Certificate,
  rest: readonly Certificate[],
  checks: CheckList,
): Yubihsm2Roles {
  const [second, ...above] = rest
  if (second === undefined) {
    checks.fail(
      RULE.package,
      'only one certificate is here; that of the device is missing',
      'Add the device certificate after the attestation: `yubihsm-shell -a get-opaque --object-id 0 --outformat PEM`.',
    )
    return { leaf: first, device: undefined, above }
  }
  if (serialInName(first) !== undefined && objectIdInName(second) !== undefined) {
    checks.fail(
      RULE.package,
      'the two certificates are in the wrong order: the device certificate comes first',
      'Put the attestation certificate first and the device certificate second; nothing need be exported again.',
    )
    return { leaf: second, device: first, above }
  }
  checks.pass(RULE.package, 'attestation certificate first, device certificate second')
  return { leaf: first, device: second, above }
}
