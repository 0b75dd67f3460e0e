import type { UnwrappedPackage, WrappedFile } from '../../../attestation/contract/verify-attestation.ts'
import { VERIFIERS } from '../../../attestation/verifiers.ts'

/** A file of one family's own making; no two have one in common. */
export function unwrapAsFamily(file: WrappedFile): UnwrappedPackage | undefined {
  for (const { unwrap } of Object.values(VERIFIERS)) {
    const unwrapped = unwrap?.(file)
    if (unwrapped !== undefined) return unwrapped
  }
  return undefined
}
