import type { DeviceKey } from '../../devices/device.ts'
import { EnrollError } from '../errors.ts'
import type { Claim, Wish } from '../ledger/claim.ts'
import { orderClaim } from '../ledger/fact.ts'
import { type Ledger, lastFact } from '../ledger/ledger.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { mayHaveOrder, type RunRecord } from './run-record.ts'

/** What an order claims in the ledger: each key of it, or the very form where it has no key of ours. Rehearsals count apart. */
export const claimNames = ({
  claim,
  otherClaims = [],
  test,
}: {
  readonly claim: string
  readonly otherClaims?: readonly string[]
  readonly test: boolean
}): readonly string[] => [...new Set([claim, ...otherClaims])].map((name) => orderClaim(name, test))

/** What stands for an order that has no key of ours: a token, a licence. */
export const formClaim = (digest: string): string => `${FORM}${digest}`
const FORM = 'form-'
const isFormClaim = (name: string): boolean => name.startsWith(FORM)

/** The names that a run holds: from its intent to order until it is known that there is no order. */
export function heldClaims(record: RunRecord): readonly { readonly name: string; readonly intent: string }[] {
  return [...renewalClaims(record), ...orderClaims(record)]
}

/** A key is renewed by one run: from its plan until it is given up. */
function renewalClaims({
  renews,
  renewalIntent: intent,
  state,
  rejection,
  test,
}: RunRecord): ReturnType<typeof heldClaims> {
  if (renews === undefined || intent === undefined || state === 'abandoned' || rejection !== undefined) return []
  return [{ name: renewalClaim(renews.spkiSha256, test), intent }]
}

/** What the renewal of a key claims. */
export const renewalClaim = (spkiSha256: string, test: boolean): string => orderClaim(`renewal-${spkiSha256}`, test)

function orderClaims(record: RunRecord): ReturnType<typeof heldClaims> {
  const { submission, intent, state } = record
  if (submission === undefined || intent === undefined || !keepsClaims(record)) return []
  const names = claimNames(submission)
  // Who gives up an order for a form may order the same again; a key that was ordered for is never free.
  return names.filter((name) => state !== 'abandoned' || !isFormClaim(name)).map((name) => ({ name, intent }))
}

/** A run from a form cannot order again itself after the CA rejected the applicant: the next one may have the key. */
const keepsClaims = (record: RunRecord): boolean =>
  record.rejection === undefined ? mayHaveOrder(record) : record.device

interface Claimant {
  readonly id: string
  readonly record: RunRecord
  readonly ledger: Ledger
}

/** Frees what a run that was given up does not need to hold. */
export async function releaseForms({ id, record, ledger }: Claimant): Promise<void> {
  if (record.submission === undefined) return
  for (const name of claimNames(record.submission).filter(isFormClaim)) await ledger.release(name, id)
}

/** Frees the key that a run was to renew: for when it is given up, or its order was rejected. */
export async function releaseRenewal({ id, record, ledger }: Claimant): Promise<void> {
  if (record.renews !== undefined) await ledger.release(renewalClaim(record.renews.spkiSha256, record.test), id)
}

/** Throws EnrollError `order.duplicate` where another run holds one of the names: asked before the intent is journalled. */
export async function refuseTaken(ledger: Ledger, names: readonly string[], run: string | undefined): Promise<void> {
  for (const name of names) {
    const claim = await ledger.claimOf(name)
    if (claim !== undefined && claim.run !== run) throw duplicate(claim)
  }
}

/** Throws EnrollError `order.key-gone` where the ledger knows that one of the keys (SPKI SHA-256, hex) is not on its device any more. */
export async function refuseGone(ledger: Ledger, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const last = await lastFact(ledger, 'key', key)
    if (last?.status === 'deleted') throw keyGone(`the key of the request was deleted from its device (${last.time})`)
    if (last?.status === 'replaced')
      throw keyGone(`another key has taken the place of the key of the request on its device (${last.time})`)
  }
}

/** Who holds the order claim on a key that is deleted, or was: no run. */
const DELETION = 'key-deletion'

/**
 * Deletes or overwrites a key (SPKI SHA-256, hex) for which nobody can begin to order any more, from before `remove` on. What that throws
 * is thrown; then the key is free again only if it is what `find` finds on the device.
 */
export async function deleteUnclaimed<T>(
  ledger: Ledger,
  spkiSha256: string,
  remove: () => Promise<T>,
  find: () => Promise<Pick<DeviceKey, 'publicKey'> | undefined>,
): Promise<T> {
  const name = orderClaim(spkiSha256, false)
  await ledger.claim(name, DELETION, '')
  try {
    return await remove()
  } catch (error) {
    const found = await find().catch(() => undefined)
    if (found !== undefined && sha256Hex(found.publicKey) === spkiSha256) await ledger.release(name, DELETION)
    throw error
  }
}

const keyGone = (why: string): EnrollError =>
  new EnrollError('order.key-gone', `Could not order: ${why}.`, {
    remedy: 'Generate a new key, and order with a request of it.',
  })

/** What came of taking the names. `forgotten`: this run took one before, and its journal does not know what for. */
export type Taking =
  | { readonly kind: 'taken' }
  | { readonly kind: 'held'; readonly error: EnrollError }
  | { readonly kind: 'forgotten' }

/**
 * What it came to that a run asked for names: it holds all of them, or none. `claims`: what `Ledger.take` has answered. `knows`: does the
 * run's journal have the entry of that hash? What it meant then is over, or it would not be here.
 */
export async function settleClaims(
  ledger: Ledger,
  claims: readonly Claim[],
  { run, intent }: Pick<Claim, 'run' | 'intent'>,
  knows: (intent: string) => boolean,
): Promise<Taking> {
  const held: Claim[] = []
  for (const claim of claims) {
    const isOver = claim.run === run && claim.intent !== intent && knows(claim.intent)
    if (isOver) await ledger.release(claim.name, run)
    held.push(isOver ? await ledger.claim(claim.name, run, intent) : claim)
  }
  const others = held.find((claim) => claim.run !== run)
  if (others === undefined) return { kind: held.every((claim) => claim.intent === intent) ? 'taken' : 'forgotten' }
  await giveBack(
    ledger,
    claims.map(({ name }) => ({ name, run, intent })),
    held,
  )
  return { kind: 'held', error: duplicate(others) }
}

/** Frees what was granted of the wishes, and nothing that was held before. `claims`: in their order. */
export async function giveBack(ledger: Ledger, wishes: readonly Wish[], claims: readonly Claim[]): Promise<void> {
  for (const [index, { name, run, fence, intent }] of claims.entries())
    if (run === wishes[index]?.run && intent === wishes[index].intent) await ledger.release(name, run, fence)
}

/** Frees what the run's order held: for when it is known that there is none. */
export async function releaseClaims({ id, record, ledger }: Claimant): Promise<void> {
  if (record.submission === undefined) return
  for (const name of claimNames(record.submission)) await ledger.release(name, id)
}

function duplicate({ name, run, time }: Claim): EnrollError {
  if (run === DELETION) return keyGone(`the key of the request was deleted from its device, or was to be (${time})`)
  const look = `See \`hsm-enroll runs show ${run}\``
  return isFormClaim(name)
    ? new EnrollError('order.duplicate', `Could not order: the run ${run} already ordered with this very form.`, {
        remedy: `${look}. To order the same again, abandon that run first: \`hsm-enroll runs abandon ${run} --despite-order\`.`,
      })
    : new EnrollError('order.duplicate', `Could not order: the run ${run} already ordered with this key.`, {
        remedy: `${look}; an order for another certificate needs another key.`,
      })
}
