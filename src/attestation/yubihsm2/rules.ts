import { type Rule, rule } from '../contract/check-list.ts'

const PAGE = 'Yubico, developers.yubico.com/YubiHSM2/Concepts/Attestation.html'

/** What must hold for YubiHSM 2 evidence, in the order in which it is looked at. */
// biome-ignore format: a table, a row a line
export const YUBIHSM2_RULES = {
  format: rule('attestation.format', 'RFC 5280 4.1; X.690 (DER)'),
  package: rule('attestation.package', 'no CA guide is public; as YUBIKEY: attestation certificate, then the device certificate'),
  leaf: rule('attestation.leaf', PAGE),
  device: rule('attestation.device', PAGE),
  extensions: rule('attestation.extensions', 'RFC 5280 4.2: reject unknown critical'),
  serial: rule('attestation.serial', PAGE),
  origin: rule('attestation.origin', PAGE),
  capabilities: rule('attestation.capabilities', 'Yubico, developers.yubico.com/YubiHSM2/Concepts/Capability.html'),
  leafSignature: rule('attestation.leaf-signature', `RFC 5280 6.1.3 (name, signature); ${PAGE}`),
  chain: rule('attestation.chain', `RFC 5280 6.1.3; ${PAGE}`),
  dates: rule('attestation.dates', 'RFC 5280 6.1.3'),
} as const satisfies Readonly<Record<string, Rule>>
