import type { HostRequest } from '../ledger/fact.ts'
import type { JudgedRequest } from './judge-request.ts'
import { type KnownOrder, markOf, mayOrderAgain, stateOf } from './order-state.ts'

/** What the ledger is to have of a request. `expected`: hundredths. `known`: what it has of an order for the same key. */
export function hostRequest(
  host: string,
  { request, verdict, ...judged }: JudgedRequest,
  expected: number | undefined,
  known: KnownOrder | undefined,
): HostRequest {
  // An order that came to nothing is not the order of this request.
  const after = known?.order !== undefined && mayOrderAgain(stateOf(known)) ? markOf(known.order) : known?.request.after
  const { attestedKey, device, hsmType } = verdict
  return {
    status: 'received',
    host,
    test: judged.test,
    attempt: request.attempt,
    ...(after === undefined ? {} : { after }),
    hostRun: request.run,
    requestedBy: request.requestedBy,
    formSha256: judged.formSha256,
    ...(judged.product === undefined ? {} : { product: judged.product }),
    ...(judged.days === undefined ? {} : { days: judged.days }),
    subjectName: judged.subjectName,
    ...(expected === undefined ? {} : { expectedAmount: (expected / 100).toFixed(2) }),
    device: {
      hsmType,
      model: device.model ?? device.vendor,
      ...(device.serial === undefined ? {} : { serial: device.serial }),
      ...(device.firmware === undefined ? {} : { firmware: device.firmware }),
      ...(attestedKey === undefined ? {} : { keyType: attestedKey.type }),
    },
  }
}
