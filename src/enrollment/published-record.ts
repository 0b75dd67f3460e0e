import type { RunRecord } from './run-record.ts'

/** What scripts and auditors read of a run: the record without what only serves to go on with it. */
export type PublishedRecord = Omit<
  RunRecord,
  | 'keyRequested'
  | 'submission'
  | 'acmeOrder'
  | 'intent'
  | 'renewalIntent'
  | 'profileMarks'
  | 'beside'
  | 'requestOutdated'
  | 'resolution'
> & {
  readonly submission?: Omit<NonNullable<RunRecord['submission']>, 'type' | 'claim' | 'otherClaims' | 'acme'>
}

export function publishedRecord({
  keyRequested: _,
  acmeOrder: _acmeOrder,
  intent: _intent,
  renewalIntent: _renewalIntent,
  profileMarks: _marks,
  beside: _beside,
  requestOutdated: _outdated,
  resolution: _resolution,
  submission,
  ...record
}: RunRecord): PublishedRecord {
  if (submission === undefined) return record
  const { type: __, claim: ___, otherClaims: ____, acme: _acme, ...sent } = submission
  return { ...record, submission: sent }
}
