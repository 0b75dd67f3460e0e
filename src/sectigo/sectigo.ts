import { autoApplyOrder } from './auto-apply-order.ts'
import type { CertificateAuthority, FormFault, OrderForm } from './certificate-authority.ts'
import { COLLECT_ENDPOINT, collectCertificate } from './collection/collect.ts'
import { memoryPollSchedule, nextCall, POLL_FLOOR, type PollSchedule, statusFloor } from './collection/poll-schedule.ts'
import { getAccountBalance } from './get-account-balance.ts'
import { followOrder } from './get-detailed-order-status.ts'
import { type ClientOptions, createClient } from './http/client.ts'
import { endpointUrl, isLoopback, readBaseUrl } from './http/endpoint-url.ts'
import { ORDER_IDENTITY_PARAMETERS } from './parameters/auto-apply-order-document-signing.ts'
import { orderTable } from './parameters/order-table.ts'
import { validateForm } from './parameters/validate-form.ts'

export interface SectigoOptions extends ClientOptions {
  /** The account accepts foreignOrderNumber and checkFONsUnique, which the Document Signing page does not list. */
  readonly foreignOrderNumber?: boolean
  readonly collection?: {
    /** Default `download/CollectSSL` under the base address. */
    readonly endpoint?: string
    /** Keeps the three-hour floor over restarts; lives in memory where absent. */
    readonly schedule?: PollSchedule
    /** Milliseconds between two calls for one order; three hours where absent. Less counts on loopback only. */
    readonly floor?: number
  }
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** Sectigo as the enrolment run sees it. Throws EnrollError (exit 2) where an address cannot be used. */
export function createSectigo(options: SectigoOptions): CertificateAuthority {
  const client = createClient(options)
  const { endpoint = COLLECT_ENDPOINT, schedule = memoryPollSchedule() } = options.collection ?? {}
  const floor = pollFloor(endpointUrl(client.base, endpoint), options.collection?.floor)
  const also = options.foreignOrderNumber === true ? ORDER_IDENTITY_PARAMETERS : []
  return {
    validateOrder: (form: OrderForm): readonly FormFault[] => validateForm(orderTable(form).table, form, { also }),
    applyOrder: (form, call) => autoApplyOrder(client, form, call?.signal),
    balance: (call) => getAccountBalance(client, call?.signal),
    orderProgress: (orderNumber, call) => followOrder(client, orderNumber, call?.signal),
    orderProgressIfDue: (orderNumber, call) =>
      schedule.exclusive(async () => {
        const name = `status of ${orderNumber}`
        const time = (options.now ?? Date.now)()
        if ((await nextCall(schedule, name, time, statusFloor(floor))) > time) return undefined
        await schedule.record(name, time)
        return followOrder(client, orderNumber, call?.signal)
      }, call?.signal),
    collect: (order, call) =>
      collectCertificate(client, order, {
        endpoint,
        schedule,
        floor,
        now: options.now ?? Date.now,
        signal: call?.signal,
      }),
  }
}

/** How long a push of an order is waited with after another, in milliseconds: as long as questions for its status are. */
export const pushPause = (base: string, wanted: number): number =>
  statusFloor(pollFloor(endpointUrl(readBaseUrl(base), ''), wanted))

/** Nobody's setting may ask the real CA more often than its documents allow. */
const pollFloor = (endpoint: URL, wanted = POLL_FLOOR): number =>
  isLoopback(endpoint) ? wanted : Math.max(wanted, POLL_FLOOR)
