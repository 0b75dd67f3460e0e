import { resolveUnknown, type UnknownOrderVerdict } from '../sectigo/resolve-unknown.ts'
import type { RunRecord } from './run-record.ts'

/** What the readings of the balance say of a run whose outcome is unknown. */
export function weighUnknown({
  submission,
  balanceAfter,
  otherOrders,
}: Pick<RunRecord, 'submission' | 'balanceAfter' | 'otherOrders'>): UnknownOrderVerdict {
  return resolveUnknown({
    test: submission?.test ?? false,
    toAuthorize: submission?.toAuthorize ?? false,
    ...(submission?.balanceBefore === undefined ? {} : { before: submission.balanceBefore }),
    ...(balanceAfter === undefined ? {} : { after: balanceAfter }),
    ...(otherOrders === undefined ? {} : { others: otherOrders }),
  })
}
