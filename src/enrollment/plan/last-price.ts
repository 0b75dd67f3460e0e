import type { Configuration } from '../../config/configuration.ts'
import { orderForm } from '../../config/profile.ts'
import { readRun } from '../list-runs.ts'
import { indexedRuns } from '../run-index.ts'

/** What an order like this one was charged when it was placed last. */
export interface LastPrice {
  /** As the CA wrote it, in the currency of the account. */
  readonly amount: string
  readonly run: string
}

/** Journals that are read for it, the newest first: an older price says little. */
const LOOKED_AT = 20

/** The last price of the same product for as many days at the same CA, as the runs of this state directory know it; undefined without one. */
export async function lastPrice(configuration: Configuration, stateDirectory: string): Promise<LastPrice | undefined> {
  const { product, days } = orderForm(configuration)
  const endpoint = configuration.text('sectigo.endpoint')
  const paid: { readonly id: string; readonly startedAt: string }[] = []
  for await (const { id, digest } of indexedRuns(stateDirectory))
    if (digest?.orderNumber !== undefined && digest.device && !digest.test)
      paid.push({ id, startedAt: digest.startedAt })
  paid.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
  for (const { id } of paid.slice(0, LOOKED_AT)) {
    const { record } = await readRun(stateDirectory, id)
    if (record?.amount === undefined || record.paymentRequired === true) continue
    const { settings, amount } = record
    const same =
      String(settings['order.product']) === product &&
      settings['order.days'] === days &&
      settings['sectigo.endpoint'] === endpoint
    if (same) return { amount, run: id }
  }
  return undefined
}
