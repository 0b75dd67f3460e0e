import { type Rule, rule } from '../contract/check-list.ts'

const VALIDATOR = 'github.com/ThalesGroup/luna-pkc-validator (Thales) and its RSA and EC samples'

// biome-ignore format: a table, a row a line
export const LUNA_RULES = {
  format: rule('attestation.format', 'X.690 (DER); Luna writes critical FALSE out'),
  form: rule('attestation.form', `${VALIDATOR}; Sectigo guide for Luna: the Chrysalis-ITS form`),
  roles: rule('attestation.roles', `${VALIDATOR}: extended key usage by place`),
  constraints: rule('attestation.constraints', 'RFC 5280 4.2.1.3 and 4.2.1.9; Thales samples'),
  chain: rule('attestation.chain', 'RFC 5280 6.1 (names, signatures); thalesdocs, confirming the HSM: MIC, HOC, DAC, PKC'),
  root: rule('attestation.root', 'Thales, "Verifying the HSM’s Authenticity": pinned root keys'),
  validity: rule('attestation.validity', 'RFC 5280 4.1.2.5'),
  serial: rule('attestation.serial', `${VALIDATOR}: extension 1.3.6.1.4.1.12383.2.1`),
} as const satisfies Record<string, Rule>
