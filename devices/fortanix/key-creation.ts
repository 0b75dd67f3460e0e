import { DeviceError, type KeySpec } from '../device.ts'
import { isJsonObject } from '../http/json-fields.ts'
import { LostReplyError } from '../http/lost-reply-error.ts'
import { lookAgain, maybeDone, replyOrLoss } from '../http/unrepeatable-call.ts'
import { KEY_OPERATIONS, KEY_PARAMETERS } from './algorithms.ts'
import type { Approvals } from './approval.ts'
import type { DsmClient, DsmRequest } from './dsm-client.ts'
import { asksForApproval, dsmError } from './dsm-error.ts'
import { RUN_ID_METADATA, readSobject, type Sobject } from './sobject.ts'
import { lookUp, type SobjectDescriptor } from './sobject-lookup.ts'

/**
 * Makes the key once. Names are unique within an account, so a reply that got lost is made good by looking for the name: the
 * creation is never sent a second time. Throws DeviceError `key.exists` where the name belongs to another key.
 */
export async function createKey(
  client: DsmClient,
  approvals: Approvals,
  spec: KeySpec,
  group: string | undefined,
): Promise<Sobject> {
  const { redaction } = client.http
  const name: SobjectDescriptor = { name: spec.label }
  if ((await lookUp(client, name)) !== undefined) throw exists(spec.label)
  const request = creation(spec, group)
  const reply = await replyOrLoss(client.call(request))
  if (!(reply instanceof LostReplyError)) {
    if (reply.ok) return readBack(client, readSobject(reply.json()), spec)
    if (asksForApproval(reply, redaction)) return createApproved(client, approvals, request, spec)
    if (!maybeDone(reply)) throw dsmError('CreateSobject', what(spec), reply, redaction)
  }
  const found = await findMade(client, spec)
  if (found !== undefined) return found
  throw reply instanceof LostReplyError ? reply : dsmError('CreateSobject', what(spec), reply, redaction)
}

const what = (spec: KeySpec): string => `create the key "${spec.label}"`

async function createApproved(
  client: DsmClient,
  approvals: Approvals,
  request: DsmRequest,
  spec: KeySpec,
): Promise<Sobject> {
  const result = await approvals.carryOut(request, `creating the key "${spec.label}"`)
  if (result.status < 300 && isJsonObject(result.body)) return readBack(client, readSobject(result.body), spec)
  const found = await findMade(client, spec)
  if (found !== undefined) return found
  const said = client.http.redaction.clean(typeof result.body === 'string' ? result.body : '')
  throw new DeviceError(
    'device.refused',
    `The approved creation of "${spec.label}" failed: HTTP ${result.status} "${said}".`,
    {
      remedy: "Compare the request with the group's policies in DSM, then resume the run.",
      vendorCode: `HTTP ${result.status}`,
    },
  )
}

function creation(spec: KeySpec, group: string | undefined): DsmRequest {
  return {
    method: 'POST',
    path: '/crypto/v1/keys',
    body: {
      name: spec.label,
      group_id: group,
      ...KEY_PARAMETERS[spec.algorithm],
      key_ops: KEY_OPERATIONS,
      enabled: true,
      transient: false,
      custom_metadata: { [RUN_ID_METADATA]: runId(spec) },
    },
    repeatable: false,
  }
}

/** A reply that names another key is not believed; one without pub_key is completed. */
async function readBack(client: DsmClient, made: Sobject, spec: KeySpec): Promise<Sobject> {
  const sobject = made.publicKey === undefined ? await lookUp(client, { kid: made.kid }) : made
  if (sobject === undefined || sobject.name !== spec.label || sobject.runId !== runId(spec)) {
    throw new DeviceError('device.protocol', 'DSM answered the creation of a key with another key.', {
      remedy: `Look for the key "${spec.label}" in DSM, then resume the run.`,
    })
  }
  return sobject
}

/** The key of this name, where the id in its metadata says that this run made it. */
async function findMade(client: DsmClient, spec: KeySpec): Promise<Sobject | undefined> {
  const found = await lookAgain(
    (ms) => client.http.wait(ms),
    () => lookUp(client, { name: spec.label }),
  )
  if (found === undefined || found.runId === runId(spec)) return found
  throw exists(spec.label)
}

export const runId = ({ id }: Pick<KeySpec, 'id'>): string => Buffer.from(id).toString('hex')

function exists(label: string): DeviceError {
  return new DeviceError(
    'key.exists',
    `DSM already has a security object named "${label}"; hsm-enroll does not touch it.`,
    {
      remedy: 'Choose another label, or resume the run that created it.',
    },
  )
}
