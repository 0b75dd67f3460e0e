/** The asymmetric keys that the app may see: listed, and deleted by their UUID. */
import { DeviceError, type ListedKey } from '../device.ts'
import { isJsonObject, protocolError } from '../http/json-fields.ts'
import type { Approvals } from './approval.ts'
import { certificateObjectOf } from './certificate-object.ts'
import type { DsmClient, DsmRequest } from './dsm-client.ts'
import { asksForApproval, dsmError } from './dsm-error.ts'
import { readPublicKey } from './fortanix-key.ts'
import { readSobject, type Sobject } from './sobject.ts'
import { lookUp } from './sobject-lookup.ts'

/** Key types that are enrolled; whatever else DSM holds is none of ours. */
const OBJECT_TYPES = ['RSA', 'EC'] as const
/** What DSM answers at most by default (ListSobjectsParams of sdkms-client-go). */
const PAGE = 1000
const MAX_PAGES = 100

/** In the group of the profile, or in every group of the app. */
export async function listKeys(client: DsmClient, group: string | undefined): Promise<readonly ListedKey[]> {
  const keys: ListedKey[] = []
  for (const type of OBJECT_TYPES)
    for (const sobject of await listSobjects(client, type, group)) if (!sobject.publicOnly) keys.push(listed(sobject))
  return keys
}

async function listSobjects(client: DsmClient, type: string, group: string | undefined): Promise<readonly Sobject[]> {
  const found = new Map<string, Sobject>()
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = new URLSearchParams({
      ...(group === undefined ? {} : { group_id: group }),
      obj_type: type,
      limit: String(PAGE),
      offset: String(page * PAGE),
      show_pub_key: 'true',
    })
    const reply = await client.call({ method: 'GET', path: `/crypto/v1/keys?${query}`, repeatable: true })
    if (!reply.ok) throw dsmError('ListSobjects', 'list the keys', reply, client.http.redaction)
    const items = itemsOf(reply.json())
    for (const item of items) {
      const sobject = readSobject(item)
      if (sobject.objectType !== type) throw protocolError('DSM listed objects of another type than the one requested')
      found.set(sobject.kid, sobject)
    }
    if (items.length < PAGE) return [...found.values()]
  }
  throw protocolError(`there are more than ${MAX_PAGES * PAGE} keys`)
}

/** A bare list, or one under "items" where the reply carries metadata, too. */
function itemsOf(json: unknown): readonly unknown[] {
  const items = isJsonObject(json) ? json.items : json
  if (Array.isArray(items)) return items
  throw protocolError('the list of keys is not a list')
}

function listed({ kid, name, publicKey }: Sobject): ListedKey {
  const named = { location: kid, label: name }
  if (publicKey === undefined) return { ...named, unread: 'DSM does not show its public key' }
  try {
    return { ...named, publicKey: readPublicKey(publicKey) }
  } catch (error) {
    if (error instanceof DeviceError) return { ...named, unread: error.message }
    throw error
  }
}

/**
 * The certificate that is stored for the key goes first: what is interrupted between the two is repeated by its key. A group behind a
 * quorum policy has both approved. Throws DeviceError `key.not-found`, `device.unsupported`, `device.approval-pending`.
 */
export async function deleteKey(
  client: DsmClient,
  approvals: Approvals,
  location: string,
  publicKey: Uint8Array | undefined,
): Promise<void> {
  const sobject = await lookUp(client, { kid: location.toLowerCase() })
  if (sobject === undefined) throw notFound(location, 'there is no such key')
  if (!OBJECT_TYPES.some((type) => type === sobject.objectType)) throw notFound(location, 'it is not a key pair')
  if (sobject.elsewhere) {
    throw new DeviceError('device.unsupported', `Could not delete the key ${location}: it is held by another KMS.`, {
      remedy: 'Delete it there, then remove the object in DSM.',
    })
  }
  const { publicKey: shown } = listed(sobject)
  if (publicKey !== undefined && (shown === undefined || !Buffer.from(shown).equals(publicKey)))
    throw notFound(location, 'another key is in its place')
  const certificate = shown === undefined ? undefined : await certificateObjectOf(client, sobject.name, shown)
  if (certificate !== undefined) await destroy(client, approvals, certificate, 'the certificate of the key')
  await destroy(client, approvals, sobject, 'the key')
}

async function destroy(client: DsmClient, approvals: Approvals, { kid }: Sobject, what: string): Promise<void> {
  const { redaction } = client.http
  const request: DsmRequest = { method: 'DELETE', path: `/crypto/v1/keys/${encodeURIComponent(kid)}`, repeatable: true }
  const reply = await client.call(request)
  if (reply.ok || reply.status === 404) return
  if (!asksForApproval(reply, redaction)) throw dsmError('DeleteSobject', `delete ${what}`, reply, redaction)
  const { status, body } = await approvals.carryOut(request, `deleting ${what}`, 'delete the key')
  if ((status >= 200 && status < 300) || status === 404) return
  const said = redaction.clean(typeof body === 'string' ? body : '')
  throw new DeviceError('device.refused', `The approved deletion of ${what} failed: HTTP ${status} "${said}".`, {
    remedy: "Check the group's policies in DSM, then delete the key again.",
    vendorCode: `HTTP ${status}`,
  })
}

const notFound = (location: string, why: string): DeviceError =>
  new DeviceError('key.not-found', `Could not delete the key ${location.slice(0, 60)} in DSM: ${why}.`, {
    remedy: 'Specify it as `hsm-enroll keys list` prints it.',
  })
