import { EnrollError } from '../../errors.ts'
import { heldClaims, renewalClaim } from '../order-claims.ts'
import { knownRun } from '../profile-runs.ts'
import type { Run } from '../run.ts'
import { listRunIds } from '../run-folder.ts'

/**
 * Takes the renewal of a key for a run that is to renew one, before its device is asked for anything: a key is renewed by one run,
 * whatever profile it goes by. A claim of a run that was given up, or removed before it made anything, is taken over. Throws
 * EnrollError `renewal.under-way`, and `journal.damaged` where it cannot be known.
 */
export async function claimRenewal(run: Run): Promise<void> {
  const { record, ledger, services } = run
  if (record.renews === undefined || record.renewalIntent === undefined) return
  const name = renewalClaim(record.renews.spkiSha256, record.test)
  for (let round = 0; round < 3; round++) {
    const claim = await ledger.claim(name, run.id, record.renewalIntent)
    if (claim.run === run.id) return
    if (await holds(run, claim.run, name)) throw underWay(record.renews.run, claim.run)
    services.observer.step({
      step: 'renewal',
      status: 'done',
      detail: `the run ${claim.run} does not renew the key any more`,
    })
    await ledger.release(name, claim.run)
  }
  throw underWay(record.renews.run, 'another process')
}

async function holds({ ledger, services: { stateDirectory } }: Run, id: string, name: string): Promise<boolean> {
  if (!(await listRunIds(stateDirectory)).includes(id)) return (await ledger.saidBy(id)).some(isUnfinished)
  const { record } = await knownRun(ledger, stateDirectory, id)
  return heldClaims(record).some((claim) => claim.name === name)
}

/** Of a run whose folder is gone: it may have a key or an order all the same. */
const isUnfinished = (fact: { readonly kind: string; readonly status?: string }): boolean =>
  (fact.kind === 'key' && fact.status === 'alive') ||
  (fact.kind === 'order' && (fact.status === 'intended' || fact.status === 'unknown' || fact.status === 'ordered'))

const underWay = (renewed: string, by: string): EnrollError =>
  new EnrollError('renewal.under-way', `Could not renew: the key of the run ${renewed} is being renewed by ${by}.`, {
    remedy: `Continue that one; \`hsm-enroll runs show ${by}\` reports its state.`,
  })
