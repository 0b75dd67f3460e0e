import { jsonMember } from '../json-member.ts'
import type { HostRequest } from '../ledger/fact.ts'
import { type BrokerAddress, callBroker } from './broker-call.ts'
import { faultIn } from './broker-fault.ts'
import type { BrokeredOrder } from './messages.ts'
import { readBrokeredOrder, readPending } from './read-messages.ts'

/** A request that waits for a second person. `claim`: the key, as the broker names it. */
export type PendingRequest = HostRequest & { readonly claim: string; readonly time: string }

/** What waits for a second person, oldest first. Throws EnrollError `broker.refused`, `broker.unreachable`. */
export async function pendingRequests(
  address: BrokerAddress,
  signal?: AbortSignal,
): Promise<readonly PendingRequest[]> {
  const reply = await callBroker(address, { method: 'GET', path: '/v1/requests', signal })
  if (reply.kind === 'failed' || reply.status !== 200) throw faultIn(reply)
  return readPending(jsonMember(reply.body, 'requests'))
}

/** Says yes or no to a request as it was listed. Throws EnrollError `broker.not-second`, `broker.decided`, and as above. */
export async function decideRequest(
  address: BrokerAddress,
  { claim, formSha256 }: Pick<PendingRequest, 'claim' | 'formSha256'>,
  wish: { readonly decision: 'approve' | 'reject'; readonly reason?: string },
  signal?: AbortSignal,
): Promise<BrokeredOrder> {
  const path = `/v1/requests/${claim.slice(0, 64)}/decision${claim.endsWith('.test') ? '?test=true' : ''}`
  const reply = await callBroker(address, { method: 'POST', path, body: { ...wish, formSha256 }, signal })
  if (reply.kind === 'failed' || reply.status !== 200) throw faultIn(reply)
  return readBrokeredOrder(reply.body)
}
