import { EvidenceError } from './evidence-error.ts'
import type { FamilyVerifier } from './verify-attestation.ts'

export const marvellGoogle: FamilyVerifier = {
  hsmType: 'MARVELL_GOOGLE',
  recognises: () => false,
  verify: () => {
    throw new EvidenceError('Could not read MARVELL_GOOGLE evidence: its verifier is missing.', 'Install a complete version.')
  },
}
