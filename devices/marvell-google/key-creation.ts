/**
 * Makes a key of the run's own: a CryptoKey with one version. Its name derives from the label and cannot be taken twice, so a
 * reply that got lost is made good by looking for the name; nothing is ever deleted or overwritten.
 */
import { DeviceError, type KeySpec } from '../device.ts'
import { LostReplyError } from '../http/lost-reply-error.ts'
import { lookAgain, maybeDone, replyOrLoss } from '../http/unrepeatable-call.ts'
import { NEW_KEY_ALGORITHMS } from './algorithms.ts'
import { type CryptoKey, getCryptoKey, RUN_LABEL, readCryptoKey, refuseUnsuitableKey, runId } from './crypto-key.ts'
import { type CryptoKeyVersion, isSpent } from './crypto-key-version.ts'
import { ensureKeyRing } from './key-ring.ts'
import type { KmsClient, KmsRequest } from './kms-client.ts'
import { cryptoKeyId } from './resource-name.ts'
import type { MarvellGoogleSettings } from './settings.ts'
import { addVersion, listVersions } from './version-creation.ts'

export const ownKeyName = (settings: MarvellGoogleSettings, label: string): string =>
  `${settings.place.ring}/cryptoKeys/${cryptoKeyId(label)}`

/** Full name of the new version; it may still be generating. */
export async function createOwnKey(client: KmsClient, settings: MarvellGoogleSettings, spec: KeySpec): Promise<string> {
  const name = ownKeyName(settings, spec.label)
  const present = await getCryptoKey(client, name)
  if (present !== undefined) return versionForFailed(client, present, spec)
  const made = await create(client, settings, spec, name)
  refuseUnsuitableKey(made, NEW_KEY_ALGORITHMS[spec.algorithm])
  return (await usableVersion(client, made))?.name ?? addVersion(client, made.name)
}

/** The version of a key that this run made before; undefined where there is none or it came to nothing. */
export async function findOwnVersion(
  client: KmsClient,
  name: string,
  id?: Uint8Array,
): Promise<CryptoKeyVersion | undefined> {
  const key = await getCryptoKey(client, name)
  if (key === undefined || (id !== undefined && key.labels[RUN_LABEL] !== runId({ id }))) return undefined
  return usableVersion(client, key)
}

/** A key of this run whose only versions failed gets another one. Any other key of this name is left alone. */
async function versionForFailed(client: KmsClient, key: CryptoKey, spec: KeySpec): Promise<string> {
  if (key.labels[RUN_LABEL] !== runId(spec) || (await usableVersion(client, key)) !== undefined) throw exists(key.name)
  refuseUnsuitableKey(key, NEW_KEY_ALGORITHMS[spec.algorithm])
  return addVersion(client, key.name)
}

async function usableVersion(client: KmsClient, key: CryptoKey): Promise<CryptoKeyVersion | undefined> {
  const usable = (await listVersions(client, key.name)).filter((version) => !isSpent(version))
  if (usable.length < 2) return usable[0]
  throw new DeviceError('device.ambiguous', `The key ${key.name} has ${usable.length} versions instead of one.`, {
    remedy: 'Find out who created the others, schedule them for destruction in Cloud KMS, then resume the run.',
  })
}

async function create(
  client: KmsClient,
  settings: MarvellGoogleSettings,
  spec: KeySpec,
  name: string,
): Promise<CryptoKey> {
  const request = creation(settings, spec)
  const what = `create the key ${name}`
  let reply = await replyOrLoss(client.call(request))
  if (!(reply instanceof LostReplyError) && reply.status === 404) {
    await ensureKeyRing(client, settings)
    reply = await replyOrLoss(client.call(request))
  }
  if (!(reply instanceof LostReplyError)) {
    if (reply.ok) return own(readCryptoKey(reply.json(), name), spec)
    if (!maybeDone(reply)) throw client.error(request, what, reply)
  }
  const key = await lookAgain(
    (ms) => client.http.wait(ms),
    () => getCryptoKey(client, name),
  )
  if (key !== undefined) return own(key, spec)
  throw reply instanceof LostReplyError ? reply : client.error(request, what, reply)
}

function creation(settings: MarvellGoogleSettings, spec: KeySpec): KmsRequest {
  const { place, protectionLevel, cryptoKeyBackend } = settings
  return {
    call: 'CreateCryptoKey',
    method: 'POST',
    resource: `${place.ring}/cryptoKeys`,
    query: { cryptoKeyId: cryptoKeyId(spec.label) },
    body: {
      purpose: 'ASYMMETRIC_SIGN',
      versionTemplate: { protectionLevel, algorithm: NEW_KEY_ALGORITHMS[spec.algorithm] },
      labels: { [RUN_LABEL]: runId(spec) },
      cryptoKeyBackend,
    },
    repeatable: false,
  }
}

function own(key: CryptoKey, spec: KeySpec): CryptoKey {
  if (key.labels[RUN_LABEL] === runId(spec)) return key
  throw exists(key.name)
}

function exists(name: string): DeviceError {
  return new DeviceError('key.exists', `The key ${name} already exists; hsm-enroll does not touch it.`, {
    remedy:
      'Choose another label, or resume the run that created it. The name of a key is never free again in Cloud KMS.',
  })
}
