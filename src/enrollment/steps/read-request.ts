import { readCertificationRequest } from '../../check/read/request-input.ts'
import type { Run } from '../run.ts'

/** The run's request, DER, as the journal recorded it. */
export async function readRequest(run: Run): Promise<Uint8Array> {
  const { request } = run.record
  if (request === undefined) throw new Error('the run has no request')
  return readCertificationRequest(await run.folder.readArtefact(request)).der
}
