import { DeviceError } from '../device.ts'
import { LostReplyError } from '../http/lost-reply-error.ts'
import type { KmsClient } from './kms-client.ts'
import { idOf, locationOf } from './resource-name.ts'
import type { MarvellGoogleSettings } from './settings.ts'

export async function keyRingExists(client: KmsClient, ring: string): Promise<boolean> {
  const request = { call: 'GetKeyRing', method: 'GET', resource: ring, repeatable: true } as const
  const reply = await client.call(request)
  if (reply.status === 404) return false
  if (!reply.ok) throw client.error(request, 'look for the key ring', reply)
  return true
}

/** Makes the ring where the profile allows it; one that is there already is as good as a new one. */
export async function ensureKeyRing(client: KmsClient, settings: MarvellGoogleSettings): Promise<void> {
  const { ring } = settings.place
  if (!settings.createKeyRing) {
    throw new DeviceError('key.not-found', `There is no key ring ${ring}, or the account is not allowed to see it.`, {
      remedy: `Create it (gcloud kms keyrings create ${idOf(ring)} --location ${idOf(locationOf(ring))}) or set createKeyRing: true.`,
    })
  }
  const request = {
    call: 'CreateKeyRing',
    method: 'POST',
    resource: `${locationOf(ring)}/keyRings`,
    query: { keyRingId: idOf(ring) },
    body: {},
    // A second creation of the same ring is refused (ALREADY_EXISTS) and changes nothing.
    repeatable: true,
  } as const
  try {
    const reply = await client.call(request)
    if (!reply.ok && reply.status !== 409) throw client.error(request, 'create the key ring', reply)
  } catch (error) {
    if (!(error instanceof LostReplyError && (await keyRingExists(client, ring)))) throw error
  }
}
