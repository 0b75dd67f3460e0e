import { jsonMember } from '../json-member.ts'
import { type BrokerAddress, callBroker } from './broker-call.ts'
import { faultIn, understood } from './broker-fault.ts'
import type { BrokeredOrder } from './messages.ts'
import { type ListedRequest, readBrokeredOrder, readPending } from './read-messages.ts'

/** What waits for a second person, oldest first. Throws EnrollError `broker.refused`, `broker.unreachable`. */
export async function pendingRequests(address: BrokerAddress, signal?: AbortSignal): Promise<readonly ListedRequest[]> {
  const reply = await callBroker(address, { method: 'GET', path: '/v1/requests', signal })
  if (reply.kind === 'failed' || reply.status !== 200) throw faultIn(reply)
  return understood(() => readPending(jsonMember(reply.body, 'requests')))
}

/** Says yes or no to a request as it was listed. Throws EnrollError `broker.not-second`, `broker.decided`, and as above. */
export async function decideRequest(
  address: BrokerAddress,
  { claim, formSha256 }: Pick<ListedRequest, 'claim' | 'formSha256'>,
  wish: { readonly decision: 'approve' | 'reject'; readonly reason?: string },
  signal?: AbortSignal,
): Promise<BrokeredOrder> {
  const path = `/v1/requests/${claim.slice(0, 64)}/decision${claim.endsWith('.test') ? '?test=true' : ''}`
  const reply = await callBroker(address, { method: 'POST', path, body: { ...wish, formSha256 }, signal })
  if (reply.kind === 'failed' || reply.status !== 200) throw faultIn(reply)
  return understood(() => readBrokeredOrder(reply.body))
}
