import { readCertificationRequest } from '../../check/read/request-input.ts'
import { requestFormFaults } from '../../csr/request-form.ts'
import type { Run } from '../run.ts'
import { hasReached } from '../run-event.ts'

/**
 * A request that strict parsers refuse, as earlier versions wrote it, is not ordered with: the run goes back to its key, and the
 * device signs another one. Only before anything was sent, and only for a key that a device of the run holds.
 */
export async function withdrawFaultyRequest(run: Run): Promise<void> {
  const { request, state, device } = run.record
  if (!device || request === undefined || hasReached(state, 'submitting')) return
  const content = await run.folder.readArtefact(request)
  const faults = requestFormFaults(readCertificationRequest(content))
  if (faults.length > 0) await withdrawRequest(run, faults)
}

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
