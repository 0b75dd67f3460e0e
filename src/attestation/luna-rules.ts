import type { Rule } from './check-list.ts'

const VALIDATOR = 'github.com/ThalesGroup/luna-pkc-validator (Thales) and its RSA and EC samples'
const rule = (what: string, source: string): Rule => ({ id: `attestation.${what}`, group: 'attestation', source })

export const LUNA_RULES = {
  format: rule('format', 'X.690 (DER); Luna writes critical FALSE out'),
  form: rule('form', `${VALIDATOR}; Sectigo guide for Luna: the Chrysalis-ITS form`),
  roles: rule('roles', `${VALIDATOR}: extended key usage by place`),
  constraints: rule('constraints', 'RFC 5280 4.2.1.3 and 4.2.1.9; Thales samples'),
  chain: rule('chain', 'RFC 5280 6.1 (names, signatures); thalesdocs, confirming the HSM: MIC, HOC, DAC, PKC'),
  root: rule('root', 'Thales, "Verifying the HSM’s Authenticity": pinned root keys'),
  validity: rule('validity', 'RFC 5280 4.1.2.5'),
  serial: rule('serial', `${VALIDATOR}: extension 1.3.6.1.4.1.12383.2.1`),
} as const satisfies Record<string, Rule>
