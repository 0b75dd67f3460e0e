import type { RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { OrderForm } from '../sectigo/certificate-authority.ts'
import { FormView } from '../sectigo/parameters/form-view.ts'
import { hundredths } from './broker-settings.ts'
import type { JudgedRequest } from './judge-request.ts'

type Priced = Pick<JudgedRequest, 'product' | 'days' | 'test'>

const subjectOf = ({ product, days }: Partial<Priced>): string => `${product} ${days}`

/** What the price of a form is known by. */
export function priceSubject(form: OrderForm): string {
  const view = new FormView(form)
  return subjectOf({ product: view.get('product')?.slice(0, 200), days: view.get('days')?.slice(0, 200) })
}

/**
 * What an order is expected to cost, in hundredths: what the CA charged `last` for the same product and days, else what the broker's file
 * assumes; undefined where neither is known. A rehearsal costs nothing.
 */
export const expectedPrice = (
  { test }: Priced,
  last: RecordedFact<'price'> | undefined,
  assumed: number | undefined,
): number | undefined => (test ? 0 : (last?.hundredths ?? assumed))

/** Keeps what the CA charged, where it is not what it charged `last`. */
export async function learnPrice(
  ledger: Ledger,
  order: Priced,
  last: RecordedFact<'price'> | undefined,
  amount: string | undefined,
  run: string,
): Promise<void> {
  if (order.test || amount === undefined || !/^\d{1,9}(?:[.,]\d{1,2})?$/.test(amount)) return
  const paid = hundredths(amount.replace(',', '.'))
  if (last?.hundredths === paid) return
  await ledger.record({ kind: 'price', subject: subjectOf(order), run, hundredths: paid })
}
