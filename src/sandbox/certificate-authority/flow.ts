import { issueOrder } from './issue-order.ts'
import type { Order } from './order-book.ts'
import type { Rehearsal } from './rehearsal.ts'

/** What Sectigo's staff, the applicant or the CA do to an order, in the order in which they can happen. */
export const FLOW_ACTIONS = [
  'validate-organization',
  'start-callback',
  'callback',
  'send-agreement',
  'agreement',
  'issue',
  'reject',
  'revoke',
  'replace',
  'fail',
] as const
export type FlowAction = (typeof FLOW_ACTIONS)[number]

export interface FlowStep {
  /** Milliseconds after the order was placed (or authorized, where it had to be). */
  readonly after: number
  readonly action: FlowAction
  readonly reason?: string
}

/** Everything is in order and the certificate is there at once. */
export const INSTANT: readonly FlowStep[] = ['validate-organization', 'callback', 'agreement', 'issue'].map(
  (action) => ({ after: 0, action: action as FlowAction }),
)

/** Does one thing to one order. Returns false where it is too late or too early for it: then nothing changes. */
export function perform(order: Order, action: FlowAction, reason: string | undefined, rehearsal: Rehearsal): boolean {
  const open = order.state === 'pending'
  switch (action) {
    case 'validate-organization':
      return open && step(order, 'organizationValidation', 1)
    case 'start-callback':
      return open && step(order, 'callback', 2)
    case 'callback':
      return open && step(order, 'callback', 1)
    case 'send-agreement':
      return open && step(order, 'agreement', 2)
    case 'agreement':
      return open && step(order, 'agreement', 1)
    case 'issue':
      if (!open || Object.values(order.steps).some((state) => state === 0 || state === 2)) return false
      issueOrder(order, rehearsal)
      return true
    case 'reject':
      return open && end(order, 'rejected', reason ?? 'rejected by the rehearsal')
    case 'fail':
      return open && end(order, 'failed', reason ?? 'failed in the rehearsal')
    case 'revoke':
      return order.state === 'issued' && end(order, 'revoked', reason ?? 'revoked by the rehearsal')
    case 'replace':
      return order.state === 'issued' && end(order, 'replaced', reason ?? 'replaced')
  }
}

function step(order: Order, name: 'organizationValidation' | 'callback' | 'agreement', state: 1 | 2): true {
  order.steps[name] = state
  return true
}

function end(order: Order, state: Order['state'], reason: string): true {
  order.state = state
  order.reason = reason
  return true
}

/** Runs a flow over every order as time goes by. Nothing happens between calls of `advance`. */
export class FlowRunner {
  readonly #steps: readonly FlowStep[]
  readonly #progress = new Map<Order, Progress>()
  readonly #changed: (order: Order, action: FlowAction) => void

  constructor(steps: readonly FlowStep[], changed: (order: Order, action: FlowAction) => void) {
    this.#steps = steps
    this.#changed = changed
  }

  begin(order: Order, now: number): void {
    if (!this.#progress.has(order)) this.#progress.set(order, { from: now, next: 0, early: [] })
  }

  advance(rehearsal: Rehearsal): void {
    const now = rehearsal.now()
    for (const [order, progress] of this.#progress) {
      for (;;) {
        const due = this.#steps[progress.next]
        if (due === undefined || progress.from + due.after > now) break
        progress.next += 1
        progress.early.push(due)
        this.#settle(order, progress, rehearsal)
      }
    }
  }

  /** What can happen, happens, and what that makes possible; what comes too late never does. */
  #settle(order: Order, progress: Progress, rehearsal: Rehearsal): void {
    const done = progress.early.find(({ action, reason }) => perform(order, action, reason, rehearsal))
    if (done !== undefined) this.#changed(order, done.action)
    const waits = ({ action }: FlowStep): boolean => order.state === 'pending' && MAY_BE_EARLY.includes(action)
    progress.early = progress.early.filter((step) => step !== done && (done !== undefined || waits(step)))
    if (done !== undefined) this.#settle(order, progress, rehearsal)
  }
}

interface Progress {
  readonly from: number
  next: number
  /** Steps whose time has come, and that still wait for others. */
  early: FlowStep[]
}

const MAY_BE_EARLY: readonly FlowAction[] = ['issue', 'revoke', 'replace']
