import type { Rule } from './check-list.ts'

const EXAMPLE = 'Fortanix, "Using Fortanix DSM for issuing key attestation statements" and its Java example'
const rule = (what: string, source: string): Rule => ({ id: `attestation.${what}`, group: 'attestation', source })

export const FORTANIX_RULES = {
  format: rule('format', 'X.690 (DER); RFC 5280 4.1'),
  chain: rule('chain', `${EXAMPLE}: statement, authority, CA, root`),
  authority: rule('authority', `${EXAMPLE}: policy, key usage, enrolment policy of the authority`),
  signingTime: rule('signing-time', `${EXAMPLE}; an authority lives a month, so the statement's notBefore is the time`),
  statement: rule('statement', `${EXAMPLE}: key usage of the statement; RFC 5280 4.2`),
  generated: rule('generated-in-dsm', 'Fortanix extension 1.3.6.1.4.1.49690.2.4.1.1'),
  neverExportable: rule('never-exportable', 'Fortanix extension 1.3.6.1.4.1.49690.2.4.1.2'),
  keyUuid: rule('key-uuid', 'Fortanix subject attribute 1.3.6.1.4.1.49690.1.2.2'),
} as const satisfies Record<string, Rule>

/** Not the evidence's fault, but what a CA that judges by today's date will stumble over. */
export const FORTANIX_AUTHORITY_AGE: Rule = {
  id: 'policy.authority-age',
  group: 'policy',
  source: 'Likely causes of a refused attestation: an authority certificate older than a month',
}
