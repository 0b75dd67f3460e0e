import { type Ledger, lastFact } from '../ledger/ledger.ts'
import { hundredths } from './broker-settings.ts'
import type { JudgedRequest } from './judge-request.ts'

type Priced = Pick<JudgedRequest, 'product' | 'days' | 'test'>

const subjectOf = ({ product, days }: Priced): string => `${product} ${days}`

/**
 * What an order is expected to cost, in hundredths: what the CA charged last for the same product and days, else what the broker's file
 * assumes; undefined where neither is known. A rehearsal costs nothing.
 */
export async function expectedPrice(
  ledger: Ledger,
  order: Priced,
  assumed: number | undefined,
): Promise<number | undefined> {
  if (order.test) return 0
  return (await lastFact(ledger, 'price', subjectOf(order)))?.hundredths ?? assumed
}

/** Keeps what the CA charged, where it is not what it charged last. */
export async function learnPrice(
  ledger: Ledger,
  order: Priced,
  amount: string | undefined,
  run: string,
): Promise<void> {
  if (order.test || amount === undefined || !/^\d{1,9}(?:[.,]\d{1,2})?$/.test(amount)) return
  const paid = hundredths(amount.replace(',', '.'))
  if ((await lastFact(ledger, 'price', subjectOf(order)))?.hundredths === paid) return
  await ledger.record({ kind: 'price', subject: subjectOf(order), run, hundredths: paid })
}
