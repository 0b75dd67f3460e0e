import { DeviceError, type DeviceErrorCode } from '../device.ts'
import { JsonFields, protocolError } from '../http/json-fields.ts'
import { SIGNING_ALGORITHMS } from './algorithms.ts'
import type { KmsClient } from './kms-client.ts'

/** What is used of a CryptoKeyVersion. Source: google/cloud/kms/v1/resources.proto in its JSON form. */
export interface CryptoKeyVersion {
  readonly name: string
  readonly state: string
  readonly protectionLevel: string
  readonly algorithm: string
  readonly imported: boolean
  readonly external: boolean
  /** The version may leave, wrapped by a trusted key (single-tenant only, set for ever at creation). */
  readonly trustedWrapping: boolean
  readonly generationFailureReason?: string
  /** When a version that is scheduled for destruction will be destroyed; ISO 8601. */
  readonly destroyTime?: string
  readonly attestation?: JsonFields
}

/** Throws DeviceError `device.protocol`; also where the reply names another version than `name`, if one is given. */
export function readCryptoKeyVersion(json: unknown, name?: string): CryptoKeyVersion {
  const fields = new JsonFields(json, 'the key version')
  const version = {
    name: fields.text('name'),
    state: fields.text('state'),
    protectionLevel: fields.text('protectionLevel'),
    algorithm: fields.text('algorithm'),
    imported: fields.has('importJob') || fields.has('importTime') || fields.optionalFlag('reimportEligible') === true,
    external: fields.has('externalProtectionLevelOptions'),
    trustedWrapping: fields.optionalFlag('trustedWrappingEnabled') === true,
    generationFailureReason: fields.optionalText('generationFailureReason'),
    destroyTime: fields.optionalText('destroyTime'),
    attestation: fields.optionalObject('attestation'),
  }
  if (name !== undefined && version.name !== name)
    throw protocolError('it is about another key version than the one requested')
  return version
}

interface Refusal {
  readonly applies: (version: CryptoKeyVersion) => boolean
  readonly code: DeviceErrorCode
  readonly why: (version: CryptoKeyVersion) => string
  /** The value in the service's reply that it rests on. */
  readonly vendorCode: (version: CryptoKeyVersion) => string
  readonly remedy: string
}

const NEW_KEY = 'Let the run generate a new key; this cannot be changed afterwards.'
const ALGORITHMS = `Use one of ${Object.keys(SIGNING_ALGORITHMS).join(', ')}.`

const failure = ({ generationFailureReason = 'no reason given' }: CryptoKeyVersion): string =>
  generationFailureReason.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 120)

/** Why a version has no attestation that a CA would accept. The order is that of gravity. */
// biome-ignore format: a table, a row a line
const REFUSALS: readonly Refusal[] = [
  { applies: (it) => !/^HSM(_SINGLE_TENANT)?$/.test(it.protectionLevel), code: 'key.not-attestable', why: (it) => `its protection level is ${it.protectionLevel.slice(0, 40)} and not HSM`, vendorCode: (it) => it.protectionLevel, remedy: NEW_KEY },
  { applies: (it) => it.external, code: 'key.not-attestable', why: () => 'it is held by an external key manager', vendorCode: () => 'externalProtectionLevelOptions', remedy: NEW_KEY },
  { applies: (it) => it.imported, code: 'key.not-attestable', why: () => 'it was imported and not generated in the HSM', vendorCode: () => 'importJob', remedy: NEW_KEY },
  { applies: (it) => it.trustedWrapping, code: 'key.exportable', why: () => 'it can be exported, wrapped by a trusted key (trustedWrappingEnabled)', vendorCode: () => 'trustedWrappingEnabled', remedy: NEW_KEY },
  { applies: (it) => !Object.hasOwn(SIGNING_ALGORITHMS, it.algorithm), code: 'key.wrong-type', why: (it) => `its algorithm ${it.algorithm.slice(0, 60)} is not supported`, vendorCode: (it) => it.algorithm, remedy: ALGORITHMS },
  { applies: (it) => it.state === 'GENERATION_FAILED', code: 'device.refused', why: (it) => `the HSM could not generate it (${failure(it)})`, vendorCode: (it) => it.state, remedy: 'Resume the run: another version of the same key is generated.' },
  { applies: (it) => it.state !== 'ENABLED', code: 'device.refused', why: (it) => `its state is ${it.state.slice(0, 40)}`, vendorCode: (it) => it.state, remedy: 'Enable or restore the version in Cloud KMS, or generate a new key.' },
]

/** Throws DeviceError with the first reason why this version cannot be enrolled. */
export function refuseUnsuitable(version: CryptoKeyVersion): void {
  const refusal = REFUSALS.find(({ applies }) => applies(version))
  if (refusal === undefined) return
  throw new DeviceError(refusal.code, `The key version ${version.name} cannot be enrolled: ${refusal.why(version)}.`, {
    remedy: refusal.remedy,
    vendorCode: refusal.vendorCode(version).slice(0, 60),
  })
}

/** No private key came of it, or none is left. */
const SPENT_STATES: ReadonlySet<string> = new Set([
  'GENERATION_FAILED',
  'IMPORT_FAILED',
  'PENDING_IMPORT',
  'DESTROYED',
  'DESTROY_SCHEDULED',
])
export const isSpent = ({ state }: CryptoKeyVersion): boolean => SPENT_STATES.has(state)

export async function getVersion(client: KmsClient, name: string): Promise<CryptoKeyVersion> {
  const request = { call: 'GetCryptoKeyVersion', method: 'GET', resource: name, repeatable: true } as const
  return readCryptoKeyVersion(await client.read(request, 'read the key version'), name)
}

const POLL_MS = [500, 1000, 2000, 4000]

/** Waits while the HSM generates. Throws DeviceError `device.busy` when `waitMs` is over: the run can be resumed. */
export async function awaitGeneration(client: KmsClient, name: string, waitMs: number): Promise<CryptoKeyVersion> {
  const end = performance.now() + waitMs
  for (let look = 0; ; look++) {
    const version = await getVersion(client, name)
    if (version.state !== 'PENDING_GENERATION') return version
    const left = end - performance.now()
    if (left <= 0) {
      throw new DeviceError('device.busy', `The HSM is still generating ${name}.`, {
        remedy: 'Resume the run later; the key is found again by its name.',
        vendorCode: 'PENDING_GENERATION',
        transient: true,
      })
    }
    await client.http.wait(Math.min(left, POLL_MS[Math.min(look, POLL_MS.length - 1)] ?? 4000))
  }
}
