import type { Rule } from './check-list.ts'

const VERIFYING = 'Entrust nShield key attestation, "Verifying an attestation bundle"'
const attestation = (what: string, step: string): Rule => ({
  id: `attestation.${what}`,
  group: 'attestation',
  source: `${VERIFYING}, ${step}`,
})
const policy = (what: string, source: string): Rule => ({ id: `policy.${what}`, group: 'policy', source })

/** The steps of level 2 (policy as well as origin), by Entrust's names. */
export const NSHIELD_RULES = {
  encoding: {
    id: 'attestation.encoding',
    group: 'attestation',
    source: 'Entrust nShield key attestation, "Construction of the attestation bundle"; nCore API marshalling',
  },
  warrant: attestation('warrant', 'WV1'),
  moduleState: attestation('module-state', 'MSCV1'),
  serial: attestation('serial', 'MSCV2'),
  securityOfficer: attestation('security-officer', 'MSCV3-4'),
  moduleKey: attestation('module-key', 'MSCV5'),
  worldBinding: attestation('world-binding', 'WBCV1-4'),
  recoveryBinding: attestation('recovery-binding', 'WBCV5'),
  keyGeneration: attestation('key-generation', 'KGCV1'),
  keyHash: attestation('key-hash', 'KGCV2'),
  accessControl: attestation('access-control', 'ACL validation'),
  fieldUpgrade: policy(
    'field-upgrade-warrant',
    'Entrust warrant format: field upgrade warrants depend on legacy DSA-1024 signatures',
  ),
  permissions: policy('permissions', 'Entrust "nfkmattest verify": permissions; a signing key needs nothing but sign'),
} as const satisfies Record<string, Rule>
