import type { FamilyVerifier } from '../../attestation/contract/verify-attestation.ts'
import { EnrollError } from '../../errors.ts'
import { type HsmType, isHsmType } from '../../hsm-type.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { Refused } from './refusal.ts'

export type Verifiers = Readonly<Partial<Record<HsmType, Pick<FamilyVerifier, 'verify'>>>>

export interface AttestationRules {
  readonly trustAnchors: readonly TrustAnchor[]
  /** The program's own verifiers where absent. */
  readonly verifiers?: Verifiers
  /** Certificates that Google hands out beside the statement. */
  readonly certChains?: Uint8Array
}

const denied = (context: string): Refused =>
  new Refused(
    -129,
    `Error in key attestation verification '${context.replace(/'/g, '"').slice(0, 200)}'`,
    'keyAttestation',
  )

/** Verifies the package up to the rehearsal's anchors and holds its key against the CSR's. Throws Refused (-129). */
export async function verifyKeyAttestation(
  hsmType: string,
  keyAttestation: string,
  spki: Uint8Array,
  rules: AttestationRules,
): Promise<void> {
  if (!isHsmType(hsmType)) throw denied(`${hsmType} is not supported`)
  const verifiers: Verifiers = rules.verifiers ?? (await import('../../attestation/verifiers.ts')).VERIFIERS
  const verifier = verifiers[hsmType]
  if (verifier === undefined) throw denied(`${hsmType} is not supported`)
  const verdict = readOrDeny(() =>
    verifier.verify(Buffer.from(keyAttestation, 'base64'), {
      trustAnchors: rules.trustAnchors.filter((anchor) => anchor.hsmTypes.includes(hsmType)),
      // Real time, whatever clock the rehearsal runs on: the device's certificates were made in it.
      now: Date.now(),
      certChains: rules.certChains,
    }),
  )
  if (!verdict.genuine) {
    throw denied(verdict.checks.find((check) => check.status === 'fail')?.detail ?? 'the evidence is not genuine')
  }
  // "Generated in a non-exportable format": genuine evidence may say that it was not.
  if (verdict.claims.extractable === true) throw denied('the key can leave the device')
  if (verdict.claims.local === false) throw denied('the key was not made on the device')
  if (verdict.spki === undefined || Buffer.compare(verdict.spki, spki) !== 0) {
    throw denied('the attested key is not the key of the CSR')
  }
}

function readOrDeny<T>(verify: () => T): T {
  try {
    return verify()
  } catch (error) {
    if (error instanceof EnrollError) throw denied(error.message)
    throw error
  }
}
