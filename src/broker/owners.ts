import { EnrollError } from '../errors.ts'
import type { Wish } from '../ledger/claim.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** Who says what the ledger has of a host: the broker, for it. */
export const brokerRun = (host: string): string => `broker.${host}`

/** Of the claim by which an order belongs to one host. */
export const ownerClaim = (claim: string): string => `owner-${claim}`

/** The host that a key's order belongs to; undefined where none has asked yet. */
export async function ownerOf(ledger: Ledger, claim: string): Promise<string | undefined> {
  return (await ledger.claimOf(ownerClaim(claim)))?.run
}

/** The first host that shows good evidence of a key has it, for ever and at every broker. */
export const ownerWish = (claim: string, host: string, intent: string): Wish => ({
  name: ownerClaim(claim),
  run: host,
  intent,
})

/** Says nothing of whose it is. */
export const otherHost = (): EnrollError =>
  new EnrollError('broker.other-host', 'The broker refused the request: the key belongs to another host.', {
    remedy: 'Generate a key on this host. If the device was moved, order with the host that asked first.',
  })
