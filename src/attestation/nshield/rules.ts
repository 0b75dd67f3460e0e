import { type Rule, rule } from '../contract/check-list.ts'

const VERIFYING = 'Entrust nShield key attestation, "Verifying an attestation bundle"'

/** The steps of level 2 (policy as well as origin), by Entrust's names. */
// biome-ignore format: a table, a row a line
export const NSHIELD_RULES = {
  encoding: rule('attestation.encoding', 'Entrust nShield key attestation, "Construction of the attestation bundle"; nCore API marshalling'),
  warrant: rule('attestation.warrant', `${VERIFYING}, WV1`),
  moduleState: rule('attestation.module-state', `${VERIFYING}, MSCV1`),
  serial: rule('attestation.serial', `${VERIFYING}, MSCV2`),
  securityOfficer: rule('attestation.security-officer', `${VERIFYING}, MSCV3-4`),
  moduleKey: rule('attestation.module-key', `${VERIFYING}, MSCV5`),
  worldBinding: rule('attestation.world-binding', `${VERIFYING}, WBCV1-4`),
  recoveryBinding: rule('attestation.recovery-binding', `${VERIFYING}, WBCV5`),
  keyGeneration: rule('attestation.key-generation', `${VERIFYING}, KGCV1`),
  keyHash: rule('attestation.key-hash', `${VERIFYING}, KGCV2`),
  accessControl: rule('attestation.access-control', `${VERIFYING}, ACL validation`),
  fieldUpgrade: rule('policy.field-upgrade-warrant', 'Entrust warrant format: field upgrade warrants depend on legacy DSA-1024 signatures'),
  permissions: rule('policy.permissions', 'Entrust "nfkmattest verify": permissions; a signing key needs nothing but sign'),
} as const satisfies Record<string, Rule>
