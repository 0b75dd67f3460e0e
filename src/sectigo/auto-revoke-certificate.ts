import { type ChangeOutcome, changeOutcome } from './change-outcome.ts'
import { AUTO_REVOKE_CERTIFICATE_ERRORS } from './errors/auto-revoke-certificate.ts'
import type { SectigoClient } from './http/client.ts'
import { AUTO_REVOKE_CERTIFICATE } from './parameters/auto-revoke-certificate.ts'
import { requireValid } from './parameters/require-valid.ts'

/** To be said before anything is sent. */
export const REVOKE_WARNING =
  'A revocation cannot be undone. Before the certificate is issued, it rejects (cancels) the order instead.'

export type RevokeRequest = (
  | { readonly orderNumber: string }
  | { readonly certificateId: string }
  /** Hexadecimal, at most 34 digits. */
  | { readonly serialNumber: string }
) & {
  /** A key of `REVOCATION_CODES`. */
  readonly codeReason?: string
  /** Free text, at most 1,024 characters. */
  readonly reason?: string
}

/** `!autoRevokeCertificate`, which resellers may use for Document Signing. One POST, exactly once. */
export async function autoRevokeCertificate(
  client: SectigoClient,
  request: RevokeRequest,
  signal?: AbortSignal,
): Promise<ChangeOutcome> {
  const form = {
    ...('orderNumber' in request ? { orderNumber: request.orderNumber } : {}),
    ...('certificateId' in request ? { certificateID: request.certificateId } : {}),
    ...('serialNumber' in request ? { serialNumber: request.serialNumber } : {}),
    ...(request.codeReason === undefined ? {} : { codeReason: request.codeReason }),
    ...(request.reason === undefined ? {} : { revocationReason: request.reason }),
  }
  requireValid(AUTO_REVOKE_CERTIFICATE, form)
  const answer = await client.post({ endpoint: '!autoRevokeCertificate', form, signal })
  return changeOutcome(answer, AUTO_REVOKE_CERTIFICATE_ERRORS)
}
