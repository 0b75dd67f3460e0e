import { HSM_TYPES, type HsmType } from '../hsm-type.ts'
import { EvidenceError } from './evidence-error.ts'
import { VERIFIERS } from './verifiers.ts'

/** Every family whose format this package could have. */
export const possibleFamilies = (package_: Uint8Array): readonly HsmType[] =>
  HSM_TYPES.filter((hsmType) => VERIFIERS[hsmType].recognises(package_))

/** The family of a package. Throws EvidenceError where no format, or more than one, fits. */
export function recogniseFamily(package_: Uint8Array): HsmType {
  const [family, ...others] = possibleFamilies(package_)
  if (family !== undefined && others.length === 0) return family
  throw new EvidenceError(
    family === undefined
      ? 'Could not recognise the attestation: it has none of the six known formats.'
      : `Could not decide whose attestation this is: ${[family, ...others].join(' or ')}.`,
    `Name the family with --hsm-type (${HSM_TYPES.join(', ')}), and check that the file is the attestation itself.`,
  )
}
