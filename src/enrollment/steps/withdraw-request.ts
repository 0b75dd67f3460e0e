import { readCertificationRequest } from '../../check/read/request-input.ts'
import { requestFormFaults } from '../../csr/request-form.ts'
import type { Run } from '../run.ts'
import { hasReached } from '../run-event.ts'

/**
 * A request that cannot serve is not ordered with: strict parsers refuse it, as earlier versions wrote it; the profile asks for another
 * one by now; or the CA has refused it. The run goes back to its key, and the device signs another one. Only for a key that a device of
 * the run holds, and only before anything was sent, or where `orderAgain` follows a refusal that is certain. Returns whether it was.
 */
export async function withdrawUnfitRequest(run: Run, orderAgain: boolean): Promise<boolean> {
  const { request, state, device, refusal } = run.record
  if (!device || request === undefined) return false
  const refused = state === 'rejected' && orderAgain && refusal?.doubtful !== true
  if (hasReached(state, 'submitting') && !refused) return false
  const content = await run.folder.readArtefact(request)
  const reasons = [
    ...requestFormFaults(readCertificationRequest(content)),
    ...(run.record.requestOutdated ? ['the settings of the request were changed since'] : []),
    ...(refused && refusal !== undefined && CSR_REFUSALS.has(refusal.code)
      ? [`the CA refused it with ${refusal.code} ${refusal.message}`]
      : []),
  ]
  if (reasons.length === 0) return false
  await withdrawRequest(run, reasons)
  return true
}

/** What the CA says of the request itself (AutoApplyOrder, table of errors). A key that it refuses is not helped by another request. */
const CSR_REFUSALS: ReadonlySet<number> = new Set([-5, -6, -8, -9, -10, -11, -12, -18, -19, -35, -55])

/** Journals why the run's request is not used, and keeps it under another name. The key and its attestation stay as they are. */
async function withdrawRequest(run: Run, reasons: readonly string[]): Promise<void> {
  const { request } = run.record
  if (request === undefined) return
  const content = await run.folder.readArtefact(request)
  const kept = await run.folder.writeArtefact(`request-${request.sha256.slice(0, 8)}.csr.pem`, content)
  await run.log({ type: 'request-withdrawn', request: kept, reasons })
  run.services.observer.step({
    step: 'csr',
    status: 'refused',
    detail: `this run's request is not used: ${reasons.join('; ')}. The device signs a new one with the same key; the old one is kept as ${kept.file}`,
  })
}
