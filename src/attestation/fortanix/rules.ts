import { type Rule, rule } from '../contract/check-list.ts'

const EXAMPLE = 'Fortanix, "Using Fortanix DSM for issuing key attestation statements" and its Java example'

// biome-ignore format: a table, a row a line
export const FORTANIX_RULES = {
  format: rule('attestation.format', 'X.690 (DER); RFC 5280 4.1'),
  chain: rule('attestation.chain', `${EXAMPLE}: statement, authority, CA, root`),
  authority: rule('attestation.authority', `${EXAMPLE}: policy, key usage, enrolment policy of the authority`),
  signingTime: rule('attestation.signing-time', `${EXAMPLE}; an authority lives a month, so the statement's notBefore is the time`),
  statement: rule('attestation.statement', `${EXAMPLE}: key usage of the statement; RFC 5280 4.2`),
  generated: rule('attestation.generated-in-dsm', 'Fortanix extension 1.3.6.1.4.1.49690.2.4.1.1'),
  neverExportable: rule('attestation.never-exportable', 'Fortanix extension 1.3.6.1.4.1.49690.2.4.1.2'),
  keyUuid: rule('attestation.key-uuid', 'Fortanix subject attribute 1.3.6.1.4.1.49690.1.2.2'),
  /** Not the evidence's fault, but what a CA that judges by today's date will stumble over. */
  authorityAge: rule('policy.authority-age', `${EXAMPLE}: an authority lives a month; by which date a CA judges is not published`),
} as const satisfies Record<string, Rule>
