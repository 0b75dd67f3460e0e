import type { Rule } from './check-list.ts'

const PAGE = 'Yubico, developers.yubico.com/YubiHSM2/Concepts/Attestation.html'

/** What must hold for YubiHSM 2 evidence, in the order in which it is looked at. */
export const YUBIHSM2_RULES = {
  format: { id: 'attestation.format', group: 'attestation', source: 'RFC 5280 4.1; X.690 (DER)' },
  package: {
    id: 'attestation.package',
    group: 'attestation',
    source: 'no CA guide is public; as YUBIKEY: attestation certificate, then the device certificate',
  },
  leaf: { id: 'attestation.leaf', group: 'attestation', source: PAGE },
  device: { id: 'attestation.device', group: 'attestation', source: PAGE },
  extensions: { id: 'attestation.extensions', group: 'attestation', source: 'RFC 5280 4.2: reject unknown critical' },
  serial: { id: 'attestation.serial', group: 'attestation', source: PAGE },
  origin: { id: 'attestation.origin', group: 'attestation', source: PAGE },
  capabilities: {
    id: 'attestation.capabilities',
    group: 'attestation',
    source: 'Yubico, developers.yubico.com/YubiHSM2/Concepts/Capability.html',
  },
  leafSignature: {
    id: 'attestation.leaf-signature',
    group: 'attestation',
    source: `RFC 5280 6.1.3 (name, signature); ${PAGE}`,
  },
  chain: { id: 'attestation.chain', group: 'attestation', source: `RFC 5280 6.1.3; ${PAGE}` },
  dates: { id: 'attestation.dates', group: 'attestation', source: 'RFC 5280 6.1.3' },
} as const satisfies Readonly<Record<string, Rule>>

export const YUBIHSM2_REQUIRED: readonly Rule[] = Object.values(YUBIHSM2_RULES)
