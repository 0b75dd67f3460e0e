import { EvidenceError } from './evidence-error.ts'
import type { FamilyVerifier } from './verify-attestation.ts'

export const luna: FamilyVerifier = {
  hsmType: 'LUNA',
  recognises: () => false,
  verify: () => {
    throw new EvidenceError('Could not read LUNA evidence: its verifier is missing.', 'Install a complete version.')
  },
}
