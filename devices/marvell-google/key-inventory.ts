/** The signing key versions of a key ring, or of the one key that the profile names: listed, and scheduled for destruction. */
import { DeviceError, type ListedKey, type OpenOptions } from '../device.ts'
import { JsonFields, protocolError } from '../http/json-fields.ts'
import { LostReplyError } from '../http/lost-reply-error.ts'
import { lookAgain, maybeDone, replyOrLoss } from '../http/unrepeatable-call.ts'
import { type CryptoKeyVersion, getVersion, isSpent, readCryptoKeyVersion } from './crypto-key-version.ts'
import type { KmsClient } from './kms-client.ts'
import { getPublicKey } from './public-key.ts'
import { type KeyRingName, parseKeyRingName, parseVersionName } from './resource-name.ts'
import { listVersions } from './version-creation.ts'

const MAX_PAGES = 50

/** Versions without a private key (failed, destroyed) are left out; one that awaits its destruction is listed, for it can be restored. */
export async function listKeys(client: KmsClient, place: KeyRingName): Promise<readonly ListedKey[]> {
  const keys: ListedKey[] = []
  const names = place.cryptoKey === undefined ? await listSigningKeys(client, place.ring) : [place.cryptoKey]
  for (const name of names)
    for (const version of await listVersions(client, name))
      if (!isSpent(version) || version.state === 'DESTROY_SCHEDULED') keys.push(await listed(client, version))
  return keys
}

/** Names of the keys of purpose ASYMMETRIC_SIGN. */
async function listSigningKeys(client: KmsClient, ring: string): Promise<readonly string[]> {
  const names: string[] = []
  let pageToken = ''
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = { pageSize: '1000', ...(pageToken === '' ? {} : { pageToken }) }
    const resource = `${ring}/cryptoKeys`
    const request = { call: 'ListCryptoKeys', method: 'GET', resource, query, repeatable: true } as const
    const json = await client.read(request, 'list the keys of the ring')
    const items = json instanceof Object && 'cryptoKeys' in json ? json.cryptoKeys : []
    if (!Array.isArray(items)) throw protocolError('the list of keys is not a list')
    for (const item of items) {
      const key = new JsonFields(item, 'the key')
      if (key.text('purpose') === 'ASYMMETRIC_SIGN') names.push(ownName(key.text('name'), ring))
    }
    pageToken = new JsonFields(json, 'the list of keys').optionalText('nextPageToken') ?? ''
    if (pageToken === '') return names
  }
  throw protocolError(`the key ring has more than ${MAX_PAGES} pages of keys`)
}

function ownName(name: string, ring: string): string {
  const parsed = parseKeyRingName(name)
  if (parsed?.ring === ring && parsed.cryptoKey !== undefined) return name
  throw protocolError('it lists keys of another key ring')
}

async function listed(client: KmsClient, version: CryptoKeyVersion): Promise<ListedKey> {
  const { name: location, state, destroyTime } = version
  if (state === 'DESTROY_SCHEDULED') return { location, unread: `it is destroyed ${when(destroyTime)} unless restored` }
  if (state !== 'ENABLED') return { location, unread: `its state is ${state.slice(0, 40)}` }
  try {
    return { location, publicKey: await getPublicKey(client, version) }
  } catch (error) {
    // What the service refuses for one key (another kind of key, a permission on it) says nothing of the others.
    if (error instanceof DeviceError && (error.code === 'device.protocol' || error.code === 'device.refused'))
      return { location, unread: error.message }
    throw error
  }
}

const when = (destroyTime: string | undefined): string =>
  destroyTime === undefined || Number.isNaN(Date.parse(destroyTime))
    ? 'soon'
    : `on ${new Date(destroyTime).toISOString()}`

/**
 * Schedules a version for destruction. Cloud KMS destroys it after the period that its key has (30 days by default); until then it does
 * not sign, and can be restored. Throws DeviceError `key.not-found`.
 */
export async function deleteKey(
  client: KmsClient,
  place: KeyRingName,
  { location, publicKey }: { readonly location: string; readonly publicKey?: Uint8Array },
  onProgress: OpenOptions['onProgress'],
): Promise<void> {
  const key = parseVersionName(location)?.cryptoKey
  if (key === undefined || parseKeyRingName(key)?.ring !== place.ring || (place.cryptoKey ?? key) !== key)
    throw notFound(location, `it is not a key version in ${place.cryptoKey ?? place.ring}`)
  const version = await getVersion(client, location)
  if (isSpent(version)) throw notFound(location, `its state is already ${version.state}`)
  if (publicKey !== undefined && !Buffer.from(await getPublicKey(client, version)).equals(publicKey))
    throw notFound(location, 'another key has its name')
  const { destroyTime } = await destroy(client, location)
  onProgress?.({
    kind: 'deleting',
    message: `Cloud KMS destroys ${location} ${when(destroyTime)}; restore it until then.`,
  })
}

/** A lost reply is made good by looking: a second destruction of the same version is refused. */
async function destroy(client: KmsClient, name: string): Promise<CryptoKeyVersion> {
  const request = {
    call: 'DestroyCryptoKeyVersion',
    method: 'POST',
    resource: `${name}:destroy`,
    body: {},
    repeatable: false,
  } as const
  const reply = await replyOrLoss(client.call(request))
  if (!(reply instanceof LostReplyError)) {
    if (reply.ok) return gone(readCryptoKeyVersion(reply.json(), name))
    if (!maybeDone(reply)) throw client.error(request, 'schedule the key version for destruction', reply)
  }
  const found = await lookAgain(
    (ms) => client.http.wait(ms),
    async () => {
      const version = await getVersion(client, name)
      return isSpent(version) ? version : undefined
    },
  )
  if (found !== undefined) return found
  throw reply instanceof LostReplyError
    ? reply
    : client.error(request, 'schedule the key version for destruction', reply)
}

function gone(version: CryptoKeyVersion): CryptoKeyVersion {
  if (isSpent(version)) return version
  throw protocolError(`the key version is ${version.state.slice(0, 40)} after its destruction`)
}

const notFound = (location: string, why: string): DeviceError =>
  new DeviceError('key.not-found', `Could not delete the key version ${location.slice(0, 300)}: ${why}.`, {
    remedy: 'Specify it as `hsm-enroll keys list` prints it.',
  })
