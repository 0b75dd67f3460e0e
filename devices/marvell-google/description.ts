import { type DeviceDescription, DeviceError } from '../device.ts'
import type { HttpReply } from '../http/http-reply.ts'
import { isJsonObject } from '../http/json-fields.ts'
import { blocker, type Obstacle } from '../obstacle.ts'
import { CAPABILITIES } from './algorithms.ts'
import { keyRingExists } from './key-ring.ts'
import type { KmsClient } from './kms-client.ts'
import { readStatus } from './kms-error.ts'
import { locationOf } from './resource-name.ts'
import type { MarvellGoogleSettings } from './settings.ts'

/** What a run needs on the key ring, one by one. Source: Google, "Permissions and roles" of Cloud KMS. */
const NEEDED_PERMISSIONS: Readonly<Record<string, string>> = {
  'cloudkms.cryptoKeys.get': 'find a key again by its name',
  'cloudkms.cryptoKeys.create': 'create the key',
  'cloudkms.cryptoKeyVersions.list': 'find the version of the key',
  'cloudkms.cryptoKeyVersions.get': 'read its state and its attestation',
  'cloudkms.cryptoKeyVersions.viewPublicKey': 'read the public key',
  'cloudkms.cryptoKeyVersions.useToSign': 'sign the request',
}
/** In place of cryptoKeys.create where the profile names a key that exists. */
const NEEDED_FOR_VERSIONS: Readonly<Record<string, string>> = {
  'cloudkms.cryptoKeyVersions.create': 'create a version of the key',
  'cloudkms.cryptoKeys.update': 'record in its labels which version belongs to which run',
}

/** What stands in the way, as far as the account may see it. A refused login is an obstacle here and not an error. */
export async function describeKms(client: KmsClient, settings: MarvellGoogleSettings): Promise<DeviceDescription> {
  return {
    hsmType: 'MARVELL_GOOGLE',
    vendor: 'Google',
    model: 'Cloud HSM (Marvell LiquidSecurity)',
    // What a card is, its attestation says; what was validated, the service does not.
    fips: 'unknown',
    uri: settings.uri,
    capabilities: CAPABILITIES,
    obstacles: await findObstacles(client, settings),
    details: {
      endpoint: settings.endpoint,
      'key ring': settings.place.ring,
      'protection level': settings.protectionLevel,
      'package form': settings.packageForm,
    },
  }
}

async function findObstacles(client: KmsClient, settings: MarvellGoogleSettings): Promise<readonly Obstacle[]> {
  try {
    return [...(await findLocationObstacles(client, settings)), ...(await findRingObstacles(client, settings))]
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code === 'device.aborted') throw error
    return [blocker(error.code, error.message, error.remedy)]
  }
}

/** A refusal that every other call would meet, too: of the credential, or of the project as a whole. */
const refusesAll = (reply: HttpReply, { http }: KmsClient): boolean =>
  reply.status === 401 || (reply.status === 403 && readStatus(reply, http.redaction).reason !== undefined)

/** Skipped where the account may not read locations: nothing in a run needs that. */
async function findLocationObstacles(
  client: KmsClient,
  { place }: MarvellGoogleSettings,
): Promise<readonly Obstacle[]> {
  const resource = locationOf(place.ring)
  const request = { call: 'GetLocation', method: 'GET', resource, repeatable: true } as const
  const reply = await client.call(request)
  if (refusesAll(reply, client)) throw client.error(request, 'read the location', reply)
  const json = reply.ok ? reply.jsonOrNothing() : undefined
  const metadata = isJsonObject(json) && isJsonObject(json.metadata) ? json.metadata : undefined
  if (metadata === undefined || metadata.hsmAvailable === true) return []
  const remedy = 'Choose a location with HSM: gcloud kms locations list.'
  return [blocker('device.unsupported', `There is no Cloud HSM in ${resource}.`, remedy)]
}

async function findRingObstacles(client: KmsClient, settings: MarvellGoogleSettings): Promise<readonly Obstacle[]> {
  const { ring, cryptoKey } = settings.place
  const needed = neededFor(settings)
  const missing = await findMissingPermissions(client, cryptoKey ?? ring, Object.keys(needed))
  // Of a place that is not there the service says that the account may do nothing in it (Google, testIamPermissions).
  const mayNothing = missing === undefined || missing.length === Object.keys(needed).length
  const absent = mayNothing && (cryptoKey !== undefined || !(await seesKeyRing(client, ring)))
  if (absent && cryptoKey === undefined && settings.createKeyRing) return []
  if (absent) {
    const what = cryptoKey === undefined ? `key ring ${ring}` : `key ${cryptoKey}`
    const message = `There is no ${what}, or the account is not allowed to see it.`
    return [blocker('key.not-found', message, 'Create it, or set createKeyRing: true for a key ring.')]
  }
  return (missing ?? []).map((permission) => {
    const message = `The account lacks ${permission} on ${cryptoKey ?? ring} (needed to ${needed[permission]}).`
    return blocker('device.refused', message, `Grant a role that includes ${permission}.`)
  })
}

/** Who may not even look at a ring cannot tell whether it is there. */
async function seesKeyRing(client: KmsClient, ring: string): Promise<boolean> {
  try {
    return await keyRingExists(client, ring)
  } catch (error) {
    if (error instanceof DeviceError && error.vendorCode === 'HTTP 403 PERMISSION_DENIED') return false
    throw error
  }
}

function neededFor({ place }: MarvellGoogleSettings): Readonly<Record<string, string>> {
  if (place.cryptoKey === undefined) return NEEDED_PERMISSIONS
  const { 'cloudkms.cryptoKeys.create': _create, ...others } = NEEDED_PERMISSIONS
  return { ...others, ...NEEDED_FOR_VERSIONS }
}

/** Asks the service which of the permissions the account holds; undefined where it does not say. */
async function findMissingPermissions(
  client: KmsClient,
  resource: string,
  names: readonly string[],
): Promise<readonly string[] | undefined> {
  const request = {
    call: 'TestIamPermissions',
    method: 'POST',
    resource: `${resource}:testIamPermissions`,
    body: { permissions: names },
    repeatable: true,
  } as const
  const reply = await client.call(request)
  if (refusesAll(reply, client)) throw client.error(request, 'ask for the permissions', reply)
  if (reply.status === 404 || reply.status === 403) return undefined
  if (!reply.ok) throw client.error(request, 'ask for the permissions', reply)
  const json = reply.json()
  const held = isJsonObject(json) && Array.isArray(json.permissions) ? json.permissions : []
  return names.filter((name) => !held.includes(name))
}
