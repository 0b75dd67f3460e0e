import type { RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { OrderForm } from '../sectigo/certificate-authority.ts'
import { FormView } from '../sectigo/parameters/form-view.ts'
import { hundredths } from './broker-settings.ts'

/** What an order costs by. */
interface Ware {
  readonly product?: string
  readonly days?: string
}
type Priced = Ware & { readonly test: boolean }

const subjectOf = ({ product, days }: Ware): string => `${product} ${days}`

/** What the price of a form is known by. */
export const priceSubject = (form: OrderForm): string => subjectOf(wareOf(form))

/** As the CA reads them: " 1214" costs what 1214 costs. */
export function wareOf(form: OrderForm): Ware {
  const view = new FormView(form)
  const [products, days] = [
    view.products.toSorted().join(','),
    view
      .get('days')
      ?.trim()
      .replace(/^0+(?=\d)/, ''),
  ]
  return {
    ...(products === '' ? {} : { product: products.slice(0, 200) }),
    ...(days === undefined ? {} : { days: days.slice(0, 200) }),
  }
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
