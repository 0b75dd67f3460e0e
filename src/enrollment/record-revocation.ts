import { readRun } from './list-runs.ts'
import { withRun } from './run.ts'
import { indexedRuns } from './run-index.ts'
import type { RunRecord } from './run-record.ts'
import type { EnrollmentServices } from './services.ts'

/** As `!autoRevokeCertificate` is told which certificate it is. */
export interface RevokedCertificate {
  readonly orderNumber?: string
  readonly certificateId?: string
  readonly serialNumber?: string
}

/**
 * Records in the run of a certificate that it was revoked: it is not shown as issued any more, and stands in no new order's way. Returns
 * the run; undefined where none in this state directory has it. Throws EnrollError `lock.held`, and what opening a run throws.
 */
export async function recordRevocation(
  revoked: RevokedCertificate,
  by: string,
  services: EnrollmentServices,
): Promise<string | undefined> {
  for await (const { id, digest } of indexedRuns(services.stateDirectory)) {
    if (digest?.orderNumber === undefined || digest.revokedAt !== undefined) continue
    if (revoked.orderNumber !== undefined && revoked.orderNumber !== digest.orderNumber) continue
    const { record } = await readRun(services.stateDirectory, id)
    if (record === undefined || !isOf(revoked, record)) continue
    await withRun(id, services, (run) => run.log({ type: 'order-revoked', by }))
    return id
  }
  return undefined
}

const isOf = ({ orderNumber, certificateId, serialNumber }: RevokedCertificate, record: RunRecord): boolean => {
  if (orderNumber !== undefined) return record.orderNumber === orderNumber
  if (certificateId !== undefined) return record.certificateId === certificateId
  return serialNumber !== undefined && plainHex(record.certificateSerial ?? '') === plainHex(serialNumber)
}

/** `00:AB:cd` and `abcd` are one number. */
const plainHex = (text: string): string =>
  text
    .replace(/[\s:]/g, '')
    .toLowerCase()
    .replace(/^0+(?=.)/, '')
