import { DeviceError, type KeySpec } from '../device.ts'
import { JsonFields, protocolError } from '../http/json-fields.ts'
import type { KmsClient } from './kms-client.ts'

export interface CryptoKey {
  readonly name: string
  readonly purpose: string
  readonly importOnly: boolean
  readonly algorithm?: string
  readonly protectionLevel?: string
  readonly labels: Readonly<Record<string, string>>
}

/** Label of a key that a run made: the run's id. Label keys and values: `[a-z0-9_-]{0,63}`. */
export const RUN_LABEL = 'hsm-enroll-id'
export const runId = ({ id }: Pick<KeySpec, 'id'>): string => Buffer.from(id).toString('hex')

export function readCryptoKey(json: unknown, name: string): CryptoKey {
  const fields = new JsonFields(json, 'the key')
  if (fields.text('name') !== name) throw protocolError('the response is about another key than the one requested')
  const template = fields.optionalObject('versionTemplate')
  const labels = json instanceof Object && 'labels' in json ? json.labels : undefined
  return {
    name,
    purpose: fields.text('purpose'),
    importOnly: fields.optionalFlag('importOnly') === true,
    algorithm: template?.optionalText('algorithm'),
    protectionLevel: template?.optionalText('protectionLevel'),
    labels: Object.fromEntries(Object.entries(labels ?? {}).map(([key, value]) => [key, String(value)])),
  }
}

/** Undefined where there is no such key (or no such ring). */
export async function getCryptoKey(client: KmsClient, name: string): Promise<CryptoKey | undefined> {
  const request = { call: 'GetCryptoKey', method: 'GET', resource: name, repeatable: true } as const
  const reply = await client.call(request)
  if (reply.status === 404) return undefined
  if (!reply.ok) throw client.error(request, 'look for the key', reply)
  return readCryptoKey(reply.json(), name)
}

/** Throws DeviceError where the key cannot hold attested signing keys of this kind. */
export function refuseUnsuitableKey(key: CryptoKey, algorithm: string): void {
  const level = key.protectionLevel
  const why =
    key.purpose !== 'ASYMMETRIC_SIGN'
      ? `its purpose is ${key.purpose.slice(0, 40)}`
      : key.importOnly
        ? 'it accepts imported versions only'
        : level !== 'HSM' && level !== 'HSM_SINGLE_TENANT'
          ? `its protection level is ${level?.slice(0, 40)}`
          : key.algorithm !== algorithm
            ? `its algorithm is ${key.algorithm?.slice(0, 60)} and not ${algorithm}`
            : undefined
  if (why === undefined) return
  throw new DeviceError('key.wrong-type', `The key ${key.name} cannot be used: ${why}.`, {
    remedy: 'Specify the key ring only, so that the run creates its own key.',
  })
}
