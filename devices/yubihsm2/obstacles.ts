/** What would stop an enrolment on this device, found before anything is generated. */
import { type Capability, KEY_ALGORITHMS } from '../device.ts'
import { blocker, type Obstacle, obstacles, warning } from '../obstacle.ts'
import { ENROLMENT_KEYS } from './algorithm.ts'
import { type CapabilityName, hasCapability } from './capability.ts'
import type { DeviceInfo } from './commands/device-info.ts'
import type { ObjectInfo } from './commands/get-object-info.ts'
import type { StorageInfo } from './commands/get-storage-info.ts'
import { LOG_REMEDY } from './error-code.ts'
import { formatObjectId } from './object-type.ts'

/** What is known of the device; undefined where the authentication key may not ask. */
export interface DeviceFacts {
  readonly connector: URL
  readonly info: DeviceInfo
  readonly authKey?: ObjectInfo
  readonly storage?: StorageInfo
  readonly forcedAudit?: boolean
  /** Numbers of the algorithms that are switched off. */
  readonly disabledAlgorithms?: readonly number[]
  /** Asymmetric authentication without a pinned device key. */
  readonly unpinned?: boolean
}

interface NeededCapability extends Pick<Obstacle, 'severity' | 'stops'> {
  readonly capability: CapabilityName
  readonly purpose: string
}

/** What the authentication key needs, and for what. */
// biome-ignore format: a table, a row a line
export const NEEDED: readonly NeededCapability[] = [
  { capability: 'generate-asymmetric-key', severity: 'blocker', purpose: 'a key pair cannot be generated' },
  { capability: 'sign-attestation-certificate', severity: 'blocker', stops: 'attestation', purpose: 'the key cannot be attested' },
  { capability: 'get-opaque', severity: 'blocker', stops: 'attestation', purpose: 'the device certificate cannot be read' },
  { capability: 'put-opaque', severity: 'warning', purpose: 'the issued certificate cannot be stored on the device' },
]

/** The label that the factory gives to authentication key 1, whose password everybody knows. */
const FACTORY_LABEL = 'DEFAULT AUTHKEY CHANGE THIS ASAP'
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

export const findObstacles = (facts: DeviceFacts): readonly Obstacle[] => [
  ...connectionObstacles(facts),
  ...logObstacles(facts),
  ...authKeyObstacles(facts),
  ...storageObstacles(facts),
]

/** A key takes a record and a few pages; its certificate takes a record of its own, and is a message of at most 3 KiB. */
const NEEDED_ROOM = { records: 2, bytes: 4096 } as const

/** A key whose certificate finds no room on the device has been paid for all the same. */
function storageObstacles({ storage }: DeviceFacts): readonly Obstacle[] {
  if (storage === undefined) return []
  const { freeRecords, freePages, pageSize } = storage
  const full = freeRecords === 0 || freePages === 0
  const low = freeRecords < NEEDED_ROOM.records || freePages * pageSize < NEEDED_ROOM.bytes
  return obstacles(
    full &&
      blocker(
        'yubihsm2.storage-full',
        'The device holds as many objects as it can.',
        'Delete objects that you no longer need (`hsm-enroll keys list`, yubihsm-shell: list objects).',
      ),
    !full &&
      low &&
      blocker(
        'yubihsm2.storage-low',
        `The device has no room for a key and its certificate: ${freeRecords} free objects, ${freePages * pageSize} free bytes.`,
        'Delete objects that you no longer need (`hsm-enroll keys list`, yubihsm-shell: list objects).',
      ),
  )
}

export function connectionObstacles({
  connector,
  unpinned,
}: Pick<DeviceFacts, 'connector' | 'unpinned'>): readonly Obstacle[] {
  return obstacles(
    connector.protocol === 'http:' &&
      !LOOPBACK.test(connector.hostname) &&
      warning(
        'yubihsm2.plain-http',
        `The connector ${connector.origin} is reached over plain HTTP: the session encrypts the commands, but others can see who uses the device when, and can interfere.`,
        'Put the connector behind TLS, or reach it through a tunnel.',
      ),
    unpinned &&
      warning(
        'yubihsm2.device-key-not-pinned',
        'Asymmetric authentication trusts whatever public key the device presents.',
        'Set devicePublicKey to the value in details, after you have compared it on the device itself.',
      ),
  )
}

function logObstacles({ info, forcedAudit }: DeviceFacts): readonly Obstacle[] {
  if (info.logUsed < info.logSize || forcedAudit === false) return []
  const full = `The audit log is full (${info.logUsed} of ${info.logSize})`
  return [
    forcedAudit === true
      ? blocker(
          'yubihsm2.audit-log-full',
          `${full} and audit is forced: the device refuses every logged command.`,
          LOG_REMEDY,
        )
      : warning(
          'yubihsm2.audit-log-full',
          `${full}; the authentication key may not query whether audit is forced.`,
          LOG_REMEDY,
        ),
  ]
}

function authKeyObstacles({ authKey }: DeviceFacts): readonly Obstacle[] {
  if (authKey === undefined) return []
  const id = formatObjectId(authKey.id)
  const missing = NEEDED.filter(({ capability }) => !hasCapability(authKey.capabilities, capability)).map(
    ({ capability, purpose, ...reach }): Obstacle => ({
      ...reach,
      code: `yubihsm2.capability.${capability}`,
      message: `Authentication key ${id} lacks the capability ${capability}: ${purpose}.`,
      remedy: `Use another authentication key, or create one with ${capability} (yubihsm-shell: put authkey).`,
    }),
  )
  const factory =
    authKey.label === FACTORY_LABEL &&
    warning(
      'yubihsm2.factory-auth-key',
      `Authentication key ${id} is the factory key, which may do everything.`,
      'Create an authentication key for this purpose and delete the factory key.',
    )
  return obstacles(...missing, factory)
}

/** Which key types this device and this authentication key can make and use, and why not. */
export function findCapabilities({ info, authKey, disabledAlgorithms = [] }: DeviceFacts): readonly Capability[] {
  return KEY_ALGORITHMS.map((name): Capability => {
    const { algorithm, sign } = ENROLMENT_KEYS[name]
    const reason = !info.algorithms.includes(algorithm)
      ? 'the firmware does not support it'
      : disabledAlgorithms.includes(algorithm)
        ? 'it is disabled on this device'
        : authKey === undefined
          ? undefined
          : !hasCapability(authKey.capabilities, sign)
            ? `authentication key ${formatObjectId(authKey.id)} lacks the capability ${sign}`
            : !hasCapability(authKey.delegatedCapabilities, sign)
              ? `authentication key ${formatObjectId(authKey.id)} lacks the delegated capability ${sign}`
              : undefined
    return { algorithm: name, supported: reason === undefined, reason }
  })
}
