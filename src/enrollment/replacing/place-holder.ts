import { type OrderStatus, orderClaim, placeName, type RecordedFact } from '../../ledger/fact.ts'
import { type Ledger, lastFact } from '../../ledger/ledger.ts'
import { readableRecord } from '../profile-runs.ts'
import { isUnknown, type RunRecord } from '../run-record.ts'

/** The run that a key, or a place, belongs to by our knowledge. */
export interface PlaceHolder {
  readonly run: string
  /** Absent if its journal cannot be read, or is gone. */
  readonly record?: RunRecord
  /** Why its key may not be replaced; undefined if it may. */
  readonly stake?: string
}

/** What becomes of the key of a run if nobody takes its place. */
export const goOnWith = ({ run, record }: PlaceHolder): string =>
  record?.state === 'installed'
    ? `renew it with \`hsm-enroll renew ${run}\``
    : `go on with \`hsm-enroll runs resume ${run}\``

/**
 * Who asked for the key of this hash, or has ordered for it; without a hash, who asked for the last one in this place. Undefined where the
 * ledger knows of nobody.
 */
export async function holderOf(
  { ledger, stateDirectory, now }: { readonly ledger: Ledger; readonly stateDirectory: string; readonly now: number },
  {
    device,
    location,
    spkiSha256,
  }: { readonly device: string; readonly location: string; readonly spkiSha256?: string },
): Promise<PlaceHolder | undefined> {
  const holderBy = async (run: string): Promise<PlaceHolder> => {
    const record = await readableRecord(ledger, stateDirectory, run)
    const stake = record === undefined ? unreadStake(await ledger.saidBy(run)) : stakeOf(record, now)
    return { run, record, stake }
  }
  if (spkiSha256 === undefined) {
    const last = await lastAt(ledger, placeName(device, location))
    return last === undefined ? undefined : holderBy(last)
  }
  const key = await lastFact(ledger, 'key', spkiSha256)
  const maker = key === undefined ? undefined : await holderBy(key.run)
  if (maker?.stake !== undefined) return maker
  // A form may be ordered with for a key that no run has generated, or whose run was given up.
  const claim = await ledger.claimOf(orderClaim(spkiSha256, false))
  if (claim === undefined || claim.run === maker?.run) return maker
  const orderer = await holderBy(claim.run)
  return orderer.stake === undefined ? maker : orderer
}

/** A request that the device refused put nothing there, and what was deleted is nobody's. */
async function lastAt(ledger: Ledger, place: string): Promise<string | undefined> {
  const facts = await ledger.history('place', place)
  const refused = new Set(facts.filter(({ status }) => status === 'refused').map(({ run }) => run))
  const last = facts.findLast(
    ({ status, run }) => status === 'holds' || status === 'free' || (status === 'requested' && !refused.has(run)),
  )
  return last?.status === 'free' ? undefined : last?.run
}

/** What a run has in its key: an order that may exist or is paid, a certificate that is good, or a way that it has not gone yet. */
export function stakeOf(record: RunRecord, now: number): string | undefined {
  const { state, test, orderNumber, rejection, certificateNotAfter, retiredAt } = record
  if (state === 'abandoned' || rejection !== undefined || retiredAt !== undefined) return undefined
  if (isUnknown(record)) return 'the CA may have its order'
  const ended = certificateNotAfter !== undefined && Date.parse(certificateNotAfter) <= now
  if (ended) return undefined
  if (test) return state === 'issued' ? undefined : `it is a rehearsal that is not finished (${state})`
  if (orderNumber !== undefined) {
    const certificate =
      certificateNotAfter === undefined ? '' : `, with a certificate that is good until ${certificateNotAfter}`
    return `it has the order ${orderNumber}${certificate}`
  }
  return `it is not finished (${state})`
}

/** Of a run that cannot be read, what the ledger knows of its last order. */
function unreadStake(said: readonly RecordedFact[]): string | undefined {
  const last = said.findLast((fact) => fact.kind === 'order')
  if (last === undefined || OVER.includes(last.status)) return undefined
  return last.orderNumber === undefined ? 'the CA may have its order' : `it has the order ${last.orderNumber}`
}

const OVER: readonly OrderStatus[] = ['not-sent', 'not-placed', 'rejected', 'order-rejected', 'abandoned']
