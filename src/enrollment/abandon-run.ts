import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { EnrollError } from '../errors.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { withProcessLock } from '../files/process-lock.ts'
import type { OrderStatus, RecordedFact } from '../ledger/fact.ts'
import { openLedger } from './open-ledger.ts'
import { releaseForms, releaseRenewal } from './order-claims.ts'
import { isLost } from './profile-runs.ts'
import { type Run, withRun } from './run.ts'
import { RunFolder } from './run-folder.ts'
import { isUnknown, mayHaveOrder, type RunRecord } from './run-record.ts'
import type { EnrollmentServices } from './services.ts'

/** What giving a run up gives up, a line each; empty for one that made nothing. */
export function givenUp({
  keyLocation,
  test,
  orderNumber,
  certificateNotAfter,
  ...record
}: RunRecord): readonly string[] {
  const kind = test ? 'test order' : 'order'
  return [
    ...(keyLocation === undefined ? [] : [`the key ${keyLocation}, which stays on the device until it is deleted`]),
    ...(isUnknown(record)
      ? [`the ${kind} that the CA may have; a paid one stays paid`]
      : orderNumber === undefined
        ? []
        : [`the ${kind} ${orderNumber}; a paid one stays paid`]),
    ...(certificateNotAfter === undefined ? [] : [`the certificate that is valid until ${certificateNotAfter}`]),
  ]
}

/**
 * Gives a run up: it is not resumed any more, and its key may be replaced. An order for its key stays impossible. Throws EnrollError
 * `run.has-order` for an order that exists, or may, unless `despiteOrder` says that it is meant.
 */
export async function abandonRun(run: Run, despiteOrder: boolean, operator: string): Promise<void> {
  const { id, record } = run
  if (record.state === 'abandoned') return
  const ordered = !record.test && mayHaveOrder(record)
  if (ordered && !despiteOrder) {
    throw new EnrollError(
      'run.has-order',
      `Could not abandon the run ${id}: ${isUnknown(record) ? 'the CA may have its order' : `the CA has its order ${record.orderNumber}`}.`,
      {
        remedy: isUnknown(record)
          ? `Find out, then record the outcome with \`hsm-enroll runs resolve ${id}\`; --despite-order also gives up the order.`
          : `Continue with \`hsm-enroll runs resume ${id}\`; --despite-order also gives up the order and its certificate.`,
      },
    )
  }
  await run.log({ type: 'abandoned', by: operator, despiteOrder: ordered })
  await releaseForms(run)
  await releaseRenewal(run)
}

/**
 * The same for a run whose journal cannot even be repaired: the ledger says what it made. Its folder goes to `abandoned`, beside the runs.
 * Returns the new place. Throws EnrollError `run.has-order`.
 */
export async function abandonUnreadable(
  id: string,
  despiteOrder: boolean,
  services: EnrollmentServices,
): Promise<string> {
  const folder = await RunFolder.find(services.stateDirectory, id)
  const ledger = await openLedger(services)
  return withProcessLock(folder.lockFile, `the run ${folder.id}`, async () => {
    const said = await ledger.saidBy(folder.id)
    const orders = lastOf(said.filter((fact) => fact.kind === 'order')).filter(({ status }) => !OVER.includes(status))
    if (orders.some(({ test }) => !test) && !despiteOrder) {
      const numbers = orders.flatMap(({ orderNumber }) => orderNumber ?? [])
      const which = numbers.length === 0 ? 'an order of it' : `its order ${numbers.join(', ')}`
      throw new EnrollError('run.has-order', `Could not abandon the run ${folder.id}: the CA has ${which}, or may.`, {
        remedy: 'Check the order list of the CA; --despite-order also gives up the order and its certificate.',
      })
    }
    if (!despiteOrder && (await isLost(folder, said))) {
      const why = 'neither its journal nor the ledger knows whether it ordered'
      throw new EnrollError('run.has-order', `Could not abandon the run ${folder.id}: ${why}.`, {
        remedy: 'Check the order list of the CA; --despite-order also gives up an order that it may have.',
      })
    }
    for (const fact of [...orders, ...lastOf(said.filter((each) => each.kind === 'key'))])
      await ledger.record({ ...fact, status: 'abandoned', entry: undefined })
    const aside = join(services.stateDirectory, 'abandoned')
    await makeDirectory(aside)
    await rename(folder.path, join(aside, folder.id))
    return join(aside, folder.id)
  })
}

/** Gives up the run whose key another one replaces, on the word of a person who named it. */
export async function abandonForReplacement(
  id: string,
  { id: by, services }: Pick<Run, 'id' | 'services'>,
): Promise<void> {
  try {
    await withRun(id, services, (run) => abandonRun(run, true, `run ${by}, which replaces its key`))
  } catch (error) {
    if (!(error instanceof EnrollError) || error.code !== 'journal.damaged') throw error
    await abandonUnreadable(id, true, services)
  }
}

const OVER: readonly OrderStatus[] = ['not-sent', 'not-placed', 'rejected', 'order-rejected', 'abandoned']

/** The last of each subject. */
const lastOf = <F extends RecordedFact>(facts: readonly F[]): readonly F[] => [
  ...new Map(facts.map((fact) => [fact.subject, fact])).values(),
]
