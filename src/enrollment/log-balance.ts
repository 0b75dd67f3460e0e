import type { Ledger } from '../ledger/ledger.ts'
import type { Balance } from '../sectigo/certificate-authority.ts'
import { otherOrders } from './other-orders.ts'
import type { Run } from './run.ts'

/**
 * Journals what the balance is now that an outcome is unknown, and what other runs of the ledger have ordered since this one read it before
 * its order. Evidence for later, not a condition: what cannot be read is left out.
 */
export async function logBalance(
  run: Run,
  unknown: { readonly reason: string; readonly reply?: string },
  read: () => Promise<Balance | undefined>,
): Promise<void> {
  const askedAt = await ledgerTime(run.ledger)
  const balanceAfter = await read()
  if (balanceAfter === undefined) return
  const { balanceReadBy } = run.record.submission ?? {}
  const readBy = balanceReadBy === undefined ? undefined : Date.parse(balanceReadBy)
  const others = askedAt === undefined ? undefined : await otherOrders(run, askedAt, readBy).catch(() => undefined)
  await run.log({ type: 'unknown', ...unknown, balanceAfter, ...(others === undefined ? {} : { others }) })
}

/** By the clock that dates its facts: milliseconds since 1970; undefined where it cannot be asked. */
export async function ledgerTime(ledger: Ledger): Promise<number | undefined> {
  return (await ledger.look({ facts: [], claims: [] }).catch(() => undefined))?.now
}
