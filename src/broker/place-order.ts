import { abandonRun } from '../enrollment/abandon-run.ts'
import { type BalanceReading, intendOrder, type OrderToPlace, orderOnce } from '../enrollment/order-once.ts'
import { withNewRun } from '../enrollment/run.ts'
import { EnrollError } from '../errors.ts'
import type { LinkedLocks } from '../files/linked-locks.ts'
import type { Fact, RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { CertificateAuthority } from '../sectigo/certificate-authority.ts'
import type { BrokerHost } from './broker-settings.ts'
import type { DeskSetting } from './desk-setting.ts'
import type { JudgedRequest } from './judge-request.ts'
import { learnPrice } from './price.ts'

/** What became of an order. */
export interface Placed {
  readonly run: string
  /** Has the CA accepted it? */
  readonly accepted: boolean
  /** What the ledger has of it; undefined where the outcome is in the journal alone. */
  readonly order: Fact<'order'> | undefined
}

export interface Placing extends DeskSetting {
  readonly ledger: Ledger
  readonly locks: LinkedLocks
  /** The ledger was just asked, and nobody has the key. */
  readonly isFree: boolean
  readonly ca: CertificateAuthority
  /** Asks the CA, or goes by what was read for another order. */
  readonly balanceBefore: () => Promise<BalanceReading>
  /** As `Ledger.take`, of what the run takes before it orders. */
  readonly take: Ledger['take']
}

/**
 * Places the order of a request in a run of the broker's own, by the way that all orders go: claim, journal, one POST, journal. Resolves
 * whatever the CA answered. Throws EnrollError `order.duplicate` where the key is claimed, `ca.unreachable` where nothing was sent, and what
 * `take` throws.
 */
export async function placeOrder(
  { services, configuration, ledger, locks, isFree, ca, balanceBefore, take }: Placing,
  { name }: BrokerHost,
  judged: JudgedRequest,
  lastPrice: RecordedFact<'price'> | undefined,
): Promise<Placed> {
  const { request, test, csr, spkiSha256, verdict } = judged
  const { form } = request
  const endpoint = configuration.required('sectigo.endpoint')
  const profile = `${name}/${request.run}`
  const order: OrderToPlace = {
    form,
    csr,
    endpoint,
    spkiSha256,
    evidence: {
      hsmType: verdict.hsmType,
      keyAttestation: form.keyAttestation ?? '',
      csrSpkiSha256: spkiSha256,
      verdict,
    },
    isFree,
    faults: [],
    balance: () => ca.balance(),
    balanceBefore,
    take,
    // No abort signal: once the form is on its way, the answer is waited for.
    send: () => ca.applyOrder(form),
  }
  const intent = await intendOrder(order, { services, ledger, test })
  const plan = { configuration, profile, test, device: false, locks, opening: intent.event }
  return withNewRun(plan, services, async (run) => {
    try {
      await orderOnce(run, order, intent)
    } catch (error) {
      // Nothing was sent and the host asks again, which begins another run.
      const isOver = error instanceof EnrollError && run.record.state === 'checked'
      if (isOver) await abandonRun(run, false, 'the broker, which sent nothing')
      throw error
    }
    await learnPrice(ledger, judged, lastPrice, run.record.amount, run.id)
    return { run: run.id, accepted: run.record.orderNumber !== undefined, order: run.saidOfOrder }
  })
}
