import type { Rule } from './check-list.ts'

const PAGE = 'Yubico, developers.yubico.com/PIV/Introduction/PIV_attestation.html'

/** What must hold for YubiKey evidence, in the order in which it is looked at. */
export const YUBIKEY_RULES = {
  format: { id: 'attestation.format', group: 'attestation', source: 'RFC 5280 4.1; X.690 (DER)' },
  package: {
    id: 'attestation.package',
    group: 'attestation',
    source: 'Sectigo guide for YUBIKEY: attestation certificate, then the certificate of slot F9',
  },
  leaf: { id: 'attestation.leaf', group: 'attestation', source: PAGE },
  f9: { id: 'attestation.f9', group: 'attestation', source: PAGE },
  extensions: { id: 'attestation.extensions', group: 'attestation', source: 'RFC 5280 4.2: reject unknown critical' },
  firmware: { id: 'attestation.firmware', group: 'attestation', source: PAGE },
  serial: { id: 'attestation.serial', group: 'attestation', source: PAGE },
  policies: { id: 'attestation.policies', group: 'attestation', source: PAGE },
  formFactor: { id: 'attestation.form-factor', group: 'attestation', source: PAGE },
  leafSignature: {
    id: 'attestation.leaf-signature',
    group: 'attestation',
    source: `RFC 5280 6.1.3 (name, signature); ${PAGE}`,
  },
  chain: {
    id: 'attestation.chain',
    group: 'attestation',
    source: 'RFC 5280 6.1.3; Yubico, developers.yubico.com/PKI',
  },
  dates: { id: 'attestation.dates', group: 'attestation', source: 'RFC 5280 6.1.3' },
} as const satisfies Readonly<Record<string, Rule>>

export const YUBIKEY_REQUIRED: readonly Rule[] = Object.values(YUBIKEY_RULES)
