import { EvidenceError } from './evidence-error.ts'
import type { FamilyVerifier } from './verify-attestation.ts'

export const fortanix: FamilyVerifier = {
  hsmType: 'FORTANIX',
  recognises: () => false,
  verify: () => {
    throw new EvidenceError('Could not read FORTANIX evidence: its verifier is missing.', 'Install a complete version.')
  },
}
