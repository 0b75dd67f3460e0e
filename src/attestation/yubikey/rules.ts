import { type Rule, rule } from '../contract/check-list.ts'

const PAGE = 'Yubico, developers.yubico.com/PIV/Introduction/PIV_attestation.html'

/** What must hold for YubiKey evidence, in the order in which it is looked at. */
// biome-ignore format: a table, a row a line
export const YUBIKEY_RULES = {
  format: rule('attestation.format', 'RFC 5280 4.1; X.690 (DER)'),
  package: rule('attestation.package', 'Sectigo guide for YUBIKEY: attestation certificate, then the certificate of slot F9'),
  leaf: rule('attestation.leaf', PAGE),
  f9: rule('attestation.f9', PAGE),
  extensions: rule('attestation.extensions', 'RFC 5280 4.2: reject unknown critical'),
  firmware: rule('attestation.firmware', PAGE),
  serial: rule('attestation.serial', PAGE),
  policies: rule('attestation.policies', PAGE),
  formFactor: rule('attestation.form-factor', PAGE),
  leafSignature: rule('attestation.leaf-signature', `RFC 5280 6.1.3 (name, signature); ${PAGE}`),
  chain: rule('attestation.chain', 'RFC 5280 6.1.3; Yubico, developers.yubico.com/PKI'),
  dates: rule('attestation.dates', 'RFC 5280 6.1.3'),
} as const satisfies Readonly<Record<string, Rule>>
