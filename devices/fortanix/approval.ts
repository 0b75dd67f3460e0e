/**
 * Operations behind a quorum policy. DSM does not carry such a call out: it has to be put as an approval request, people
 * approve it, and the result is fetched afterwards. There is no idempotency key, so a request of ours is recognised by its
 * description before another one is made.
 * Source: fortanix/sdkms-client-go approval_requests_generated.go.
 */
import { createHash } from 'node:crypto'
import { DeviceError, type OpenOptions } from '../device.ts'
import { isJsonObject, JsonFields, protocolError } from '../http/json-fields.ts'
import type { Redaction } from '../http/redaction.ts'
import type { DsmClient, DsmRequest } from './dsm-client.ts'
import { dsmError } from './dsm-error.ts'
import { UUID } from './settings.ts'

/** How often an open request is looked at while the run waits. */
const POLL_MS = 10_000

export interface ApprovalResult {
  /** HTTP status of the deferred operation. */
  readonly status: number
  readonly body: unknown
}

interface ApprovalRequest {
  readonly id: string
  readonly status: string
  readonly description: string
  /** What the one who denied it said. */
  readonly denialReason: string
}

export class Approvals {
  readonly #client: DsmClient
  readonly #waitMs: number
  readonly #onProgress: OpenOptions['onProgress']

  constructor(client: DsmClient, waitMs: number, onProgress: OpenOptions['onProgress']) {
    this.#client = client
    this.#waitMs = waitMs
    this.#onProgress = onProgress
  }

  /**
   * The result of `request` once it is approved. `what` completes "Approval for …"; `again` is what a person does then.
   * Throws DeviceError `device.approval-pending` (resume later: the same request is found again) or `device.refused`.
   */
  async carryOut(request: DsmRequest, what: string, again = 'resume the run'): Promise<ApprovalResult> {
    let approval = (await this.#find(request)) ?? (await this.#create(request, what))
    const end = performance.now() + this.#waitMs
    while (approval.status === 'PENDING') {
      const left = end - performance.now()
      if (left <= 0) throw pending(approval.id, what, again)
      this.#onProgress?.({ kind: 'approval', message: `Waiting for approval ${approval.id} (${what})` })
      await this.#client.http.wait(Math.min(POLL_MS, left))
      approval = await this.#get(approval.id)
    }
    if (approval.status !== 'APPROVED') throw denied(approval, what, again, this.#redaction)
    return this.#result(approval.id, what)
  }

  async #find(request: DsmRequest): Promise<ApprovalRequest | undefined> {
    const { entityId } = this.#client.session
    const query = entityId === undefined ? '' : `?requester=${encodeURIComponent(entityId)}`
    const path = `/sys/v1/approval_requests${query}`
    const reply = await this.#client.call({ method: 'GET', path, repeatable: true })
    if (!reply.ok) throw dsmError('ListApprovalRequests', 'list the approval requests', reply, this.#redaction)
    const list = reply.json()
    const ours = (Array.isArray(list) ? list : [])
      .filter((item) => isJsonObject(item) && item.description === describe(request))
      .map(readApprovalRequest)
    // An old denial must not bar the way for ever: an open or approved request counts before it, and none after it.
    return ours.find(({ status }) => status === 'APPROVED') ?? ours.find(({ status }) => status === 'PENDING')
  }

  async #create(request: DsmRequest, what: string): Promise<ApprovalRequest> {
    const body = {
      method: request.method,
      operation: request.path,
      body: request.body,
      description: describe(request),
    }
    const path = '/sys/v1/approval_requests'
    const reply = await this.#client.call({ method: 'POST', path, body, repeatable: false })
    if (!reply.ok) throw dsmError('CreateApprovalRequest', `ask for approval (${what})`, reply, this.#redaction)
    return readApprovalRequest(reply.json())
  }

  async #get(id: string): Promise<ApprovalRequest> {
    const path = `/sys/v1/approval_requests/${encodeURIComponent(id)}`
    const reply = await this.#client.call({ method: 'GET', path, repeatable: true })
    if (!reply.ok) throw dsmError('GetApprovalRequest', `look at approval request ${id}`, reply, this.#redaction)
    return readApprovalRequest(reply.json())
  }

  async #result(id: string, what: string): Promise<ApprovalResult> {
    const path = `/sys/v1/approval_requests/${encodeURIComponent(id)}/result`
    const reply = await this.#client.call({ method: 'POST', path, repeatable: true })
    if (!reply.ok)
      throw dsmError('GetApprovalRequestResult', `fetch the approved result (${what})`, reply, this.#redaction)
    const json = reply.json()
    const status = new JsonFields(json, 'the approved result').optionalNumber('status') ?? 0
    return { status, body: isJsonObject(json) ? json.body : undefined }
  }

  get #redaction() {
    return this.#client.http.redaction
  }
}

/** The same operation with the same body always has the same description. */
function describe({ method, path, body }: DsmRequest): string {
  const digest = createHash('sha256')
    .update(JSON.stringify(body ?? null))
    .digest('hex')
  return `hsm-enroll: ${method} ${path}, SHA-256 of the body ${digest}`
}

function readApprovalRequest(json: unknown): ApprovalRequest {
  const fields = new JsonFields(json, 'the approval request')
  const id = fields.text('request_id')
  if (!UUID.test(id)) throw protocolError('request_id of the approval request is not a UUID')
  return {
    id,
    status: fields.text('status'),
    description: fields.optionalText('description') ?? '',
    denialReason: fields.optionalText('denial_reason') ?? '',
  }
}

function pending(id: string, what: string, again: string): DeviceError {
  return new DeviceError('device.approval-pending', `Approval request ${id} is pending (${what}).`, {
    remedy: `Have it approved in DSM under Tasks, then ${again}: that continues with this request and does not create another.`,
    vendorCode: 'PENDING',
    transient: false,
  })
}

function denied(
  { id, status, denialReason }: ApprovalRequest,
  what: string,
  again: string,
  redaction: Redaction,
): DeviceError {
  const reason = denialReason === '' ? '' : ` "${redaction.clean(denialReason)}"`
  const word = redaction.clean(status).slice(0, 40)
  return new DeviceError('device.refused', `Approval request ${id} was not granted (${what}): ${word}${reason}.`, {
    remedy: `Ask the approvers, then ${again}: that creates a new request.`,
    vendorCode: word,
  })
}
