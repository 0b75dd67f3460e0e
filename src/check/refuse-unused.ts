import type { BesidePackage, FamilyVerifier } from '../attestation/contract/verify-attestation.ts'
import { EnrollError } from '../errors.ts'

/** Options that mean something to the evidence of some families only: one without effect would mislead. */
const BESIDE = {
  'key-name': { uses: 'keyName', why: 'does not contain the name of its key', instead: 'use --csr or --public-key' },
  'cert-chains': {
    uses: 'certChains',
    why: 'contains its own certificates',
    instead: 'pass certificates that belong in it as additional files of --attestation',
  },
} as const satisfies Record<string, { readonly uses: BesidePackage; readonly why: string; readonly instead: string }>

/** Throws EnrollError `usage.key-name` or `usage.cert-chains` if the option was given and the family's evidence has no use for it. */
export function refuseUnused(
  { hsmType, uses }: Pick<FamilyVerifier, 'hsmType' | 'uses'>,
  name: keyof typeof BESIDE,
  given: unknown,
): void {
  const { uses: what, why, instead } = BESIDE[name]
  if (given === undefined || uses.includes(what)) return
  throw new EnrollError(`usage.${name}`, `Could not check with --${name}: ${hsmType} evidence ${why}.`, {
    remedy: `Leave --${name} out, and ${instead}.`,
  })
}
