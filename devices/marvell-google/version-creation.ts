/**
 * New versions of a key. A version has no name of one's own choosing, so what a run intends is written into the key's labels
 * before the version is made: the number of the newest version there was. After a lost reply, or in a resumed run, the version
 * above that number is the run's own.
 */
import { DeviceError, type KeySpec } from '../device.ts'
import { JsonFields, protocolError } from '../http/json-fields.ts'
import { LostReplyError } from '../http/lost-reply-error.ts'
import { lookAgain, maybeDone, replyOrLoss } from '../http/unrepeatable-call.ts'
import { NEW_KEY_ALGORITHMS } from './algorithms.ts'
import { type CryptoKey, getCryptoKey, readCryptoKey, refuseUnsuitableKey, runId } from './crypto-key.ts'
import { type CryptoKeyVersion, isSpent, readCryptoKeyVersion } from './crypto-key-version.ts'
import type { KmsClient } from './kms-client.ts'
import { parseVersionName } from './resource-name.ts'

const MAX_PAGES = 50

/**
 * All versions of the key, in the order of their numbers. An incomplete list would let a second key be made, so an empty one is
 * believed only when version 1 is not there either: versions are never deleted from it, even destroyed ones stay.
 */
export async function listVersions(client: KmsClient, key: string): Promise<readonly CryptoKeyVersion[]> {
  const versions: CryptoKeyVersion[] = []
  let pageToken = ''
  for (let page = 0; page < MAX_PAGES; page++) {
    const list = await readPage(client, key, pageToken)
    versions.push(...list.versions)
    pageToken = list.nextPageToken
    if (pageToken === '') break
  }
  if (pageToken !== '') throw protocolError(`the key has more than ${MAX_PAGES} pages of versions`)
  if (versions.some(({ name }) => parseVersionName(name)?.cryptoKey !== key))
    throw protocolError('it lists versions of another key')
  if (versions.length === 0 && (await hasFirstVersion(client, key)))
    throw protocolError('the list of versions is not complete')
  return versions.sort((a, b) => numberOf(a) - numberOf(b))
}

interface Page {
  readonly versions: readonly CryptoKeyVersion[]
  readonly nextPageToken: string
}

async function readPage(client: KmsClient, key: string, pageToken: string): Promise<Page> {
  const request = {
    call: 'ListCryptoKeyVersions',
    method: 'GET',
    resource: `${key}/cryptoKeyVersions`,
    query: { pageSize: '100', ...(pageToken === '' ? {} : { pageToken }) },
    repeatable: true,
  } as const
  const json = await client.read(request, 'list the versions of the key')
  const list = json instanceof Object && 'cryptoKeyVersions' in json ? json.cryptoKeyVersions : []
  return {
    versions: Array.isArray(list) ? list.map((item) => readCryptoKeyVersion(item)) : [],
    nextPageToken: new JsonFields(json, 'the list of versions').optionalText('nextPageToken') ?? '',
  }
}

async function hasFirstVersion(client: KmsClient, key: string): Promise<boolean> {
  const resource = `${key}/cryptoKeyVersions/1`
  const request = { call: 'GetCryptoKeyVersion', method: 'GET', resource, repeatable: true } as const
  const reply = await client.call(request)
  if (reply.status === 404) return false
  if (!reply.ok) throw client.error(request, 'look for the first version of the key', reply)
  return true
}

/** Makes one version; a lost reply is made good by listing. Returns its full name. */
export async function addVersion(client: KmsClient, key: string): Promise<string> {
  const before = newestNumber(await listVersions(client, key))
  const request = {
    call: 'CreateCryptoKeyVersion',
    method: 'POST',
    resource: `${key}/cryptoKeyVersions`,
    body: {},
    repeatable: false,
  } as const
  const reply = await replyOrLoss(client.call(request))
  if (!(reply instanceof LostReplyError)) {
    if (reply.ok) return newVersion(reply.json(), key, before)
    if (!maybeDone(reply)) throw client.error(request, 'create a version of the key', reply)
  }
  const found = await lookAgain(
    (ms) => client.http.wait(ms),
    async () => theOneAbove(await listVersions(client, key), before),
  )
  if (found !== undefined) return found.name
  throw reply instanceof LostReplyError ? reply : client.error(request, 'create a version of the key', reply)
}

/** The name in the reply of a creation, where it is a version of this key that was not there before. */
function newVersion(json: unknown, key: string, before: number): string {
  const version = readCryptoKeyVersion(json)
  if (parseVersionName(version.name)?.cryptoKey === key && numberOf(version) > before) return version.name
  throw protocolError('the response to creating a version is about another version')
}

/** A new version in a key that the profile names. Writes the intent first. */
export async function createVersionOf(client: KmsClient, name: string, spec: KeySpec): Promise<string> {
  const key = await existing(client, name)
  refuseUnsuitableKey(key, NEW_KEY_ALGORITHMS[spec.algorithm])
  if (intentOf(key, spec) === undefined) {
    const newest = newestNumber(await listVersions(client, name))
    await writeLabel(client, key, intentLabel(spec), `after-${newest}`)
  } else if ((await findVersionOf(client, name, spec)) !== undefined) {
    throw new DeviceError('key.exists', `This run already has a version in ${name}.`, { remedy: 'Resume the run.' })
  }
  const version = await addVersion(client, name)
  await writeLabel(
    client,
    await existing(client, name),
    intentLabel(spec),
    `version-${parseVersionName(version)?.version}`,
  )
  return version
}

/** The version that this run made in a key that the profile names. */
export async function findVersionOf(
  client: KmsClient,
  name: string,
  spec: Pick<KeySpec, 'id'>,
): Promise<CryptoKeyVersion | undefined> {
  const intent = intentOf(await existing(client, name), spec)
  if (intent === undefined) return undefined
  const versions = await listVersions(client, name)
  if (intent.kind === 'version')
    return versions.find((version) => numberOf(version) === intent.number && !isSpent(version))
  return theOneAbove(versions, intent.number)
}

async function existing(client: KmsClient, name: string): Promise<CryptoKey> {
  const key = await getCryptoKey(client, name)
  if (key !== undefined) return key
  throw new DeviceError('key.not-found', `There is no key ${name}, or the account is not allowed to see it.`, {
    remedy: 'Check the name, or specify the key ring only, so that the run creates a key.',
  })
}

async function writeLabel(client: KmsClient, key: CryptoKey, label: string, value: string): Promise<void> {
  const request = {
    call: 'UpdateCryptoKey',
    method: 'PATCH',
    resource: key.name,
    query: { updateMask: 'labels' },
    body: { labels: { ...key.labels, [label]: value } },
    repeatable: true,
  } as const
  readCryptoKey(await client.read(request, 'record the run in the labels of the key'), key.name)
}

const intentLabel = (spec: Pick<KeySpec, 'id'>): string => `hsm-enroll-${runId(spec)}`

function intentOf(
  key: CryptoKey,
  spec: Pick<KeySpec, 'id'>,
): { kind: 'after' | 'version'; number: number } | undefined {
  const [, kind, number] = /^(after|version)-(\d{1,9})$/.exec(key.labels[intentLabel(spec)] ?? '') ?? []
  return kind === undefined ? undefined : { kind: kind === 'after' ? 'after' : 'version', number: Number(number) }
}

function theOneAbove(versions: readonly CryptoKeyVersion[], number: number): CryptoKeyVersion | undefined {
  const above = versions.filter((version) => numberOf(version) > number && !isSpent(version))
  if (above.length < 2) return above[0]
  throw new DeviceError(
    'device.ambiguous',
    `Several versions were created at once: ${above.map((it) => numberOf(it)).join(', ')}.`,
    {
      remedy:
        'Find out which one belongs to this run, write its number into the label of the key (version-N), then resume the run.',
    },
  )
}

const numberOf = ({ name }: CryptoKeyVersion): number => parseVersionName(name)?.version ?? 0
const newestNumber = (versions: readonly CryptoKeyVersion[]): number => Math.max(0, ...versions.map(numberOf))
