import { randomUUID } from 'node:crypto'
import type { Answer } from '../http/http-double.ts'
import { ACCOUNT, dsmTime } from './security-objects.ts'

type Status = 'PENDING' | 'APPROVED' | 'DENIED' | 'FAILED'

interface Entry {
  readonly shown: Record<string, unknown>
  readonly operation: string
  readonly method: string
  readonly body: Record<string, unknown>
  result?: Answer
}

/** Approval requests of the double. `approve` and `deny` are what people do in the real service. */
export class ApprovalQueue {
  readonly #entries = new Map<string, Entry>()

  get ids(): readonly string[] {
    return [...this.#entries.keys()]
  }

  create(request: Readonly<Record<string, unknown>>, requester: string): Record<string, unknown> {
    const id = randomUUID()
    const body = typeof request.body === 'object' && request.body !== null ? { ...request.body } : {}
    const shown = {
      ...request,
      request_id: id,
      acct_id: ACCOUNT,
      status: 'PENDING',
      created_at: dsmTime(new Date()),
      expiry: dsmTime(new Date(Date.now() + 30 * 24 * 3600_000)),
      requester: { app: requester },
      approvers: [],
      result_viewed: false,
      method: request.method ?? 'POST',
    }
    this.#entries.set(id, { shown, operation: String(request.operation), method: String(shown.method), body })
    return shown
  }

  list(): readonly Record<string, unknown>[] {
    return [...this.#entries.values()].map(({ shown }) => shown)
  }

  find(id: string): Record<string, unknown> | undefined {
    return this.#entries.get(id)?.shown
  }

  approve(id: string): void {
    this.#settle(id, 'APPROVED')
  }

  deny(id: string, reason?: string): void {
    this.#settle(id, 'DENIED', reason)
  }

  /** Carries an approved operation out, once; later calls get the same result. */
  async result(
    id: string,
    carryOut: (method: string, operation: string, body: Record<string, unknown>) => Promise<Answer>,
  ): Promise<Answer> {
    const entry = this.#entries.get(id)
    if (entry === undefined) return { status: 404, body: 'no such approval request' }
    if (entry.shown.status !== 'APPROVED') return { status: 400, body: 'the request is not approved' }
    entry.result ??= await carryOut(entry.method, entry.operation, entry.body)
    entry.shown.result_viewed = true
    return { status: 200, body: { status: entry.result.status, body: entry.result.body ?? null } }
  }

  #settle(id: string, status: Status, reason?: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) throw new Error(`no approval request ${id}`)
    entry.shown.status = status
    if (reason !== undefined) entry.shown.denial_reason = reason
  }
}
