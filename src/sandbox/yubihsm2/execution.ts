/** What a command handler works with. */
import type { KeyObject } from 'node:crypto'
import { ByteReader } from '../../../devices/yubihsm2/byte-reader.ts'
import type { CapabilityName } from '../../../devices/yubihsm2/capability.ts'
import type { CommandName } from '../../../devices/yubihsm2/command.ts'
import { LABEL_LENGTH, OBJECT_TYPES, type ObjectTypeName } from '../../../devices/yubihsm2/object-type.ts'
import { requireCapability, requireDelegated } from './access.ts'
import type { AuditLog } from './audit-log.ts'
import { CommandFailure, refuse } from './command-failure.ts'
import type { DeviceOptions } from './device-options.ts'
import type { YubiHsm2EvidenceIssuer } from './evidence/issuer.ts'
import type { ObjectFields, ObjectStore, StoredObject } from './object-store.ts'
import type { Personality } from './personality.ts'

export interface DeviceState {
  readonly personality: Personality
  readonly store: ObjectStore
  readonly log: AuditLog
  readonly options: DeviceOptions
  readonly issuer: YubiHsm2EvidenceIssuer
  /** The device's half of asymmetric authentication. */
  readonly staticKey: KeyObject
  /** Back to the factory: objects, log, options; sessions end after the reply. */
  reset(): void
}

/** One command inside a session. */
export interface Execution {
  readonly state: DeviceState
  readonly authKey: StoredObject
  /** Object ids for the audit log. */
  readonly touched: { target: number; second: number }
}

export type Handler = (request: ByteReader, execution: Execution) => Uint8Array | Promise<Uint8Array>
export type Handlers = Readonly<Partial<Record<CommandName, Handler>>>

export const EMPTY = new Uint8Array(0)

export const reader = (data: Uint8Array): ByteReader => new ByteReader(data, () => refuse('wrongLength'))

/** Runs a computation over what the host sent; what node:crypto does not take is invalid data. */
export function orInvalid<T>(compute: () => T): T {
  try {
    return compute()
  } catch (error) {
    throw error instanceof CommandFailure ? error : refuse('invalidData')
  }
}

/** The fields that every put and generate begins with. */
export type NewObjectHead = Pick<ObjectFields, 'id' | 'label' | 'domains' | 'capabilities' | 'algorithm'>

export const readHead = (request: ByteReader): NewObjectHead => ({
  id: request.u16(),
  label: Buffer.from(request.bytes(LABEL_LENGTH)),
  domains: request.u16(),
  capabilities: request.u64(),
  algorithm: request.u8(),
})

/** Checks before anything is generated or read: capability, delegation, domains, algorithm, free id. */
export function admit(
  { state, authKey, touched }: Execution,
  head: NewObjectHead,
  type: ObjectTypeName,
  capability: CapabilityName,
  delegated = 0n,
): void {
  touched.target = head.id
  requireCapability(authKey, capability)
  requireDelegated(authKey, head.capabilities | delegated, head.domains)
  state.options.requireAlgorithm(head.algorithm)
  if (head.id !== 0 && state.store.find(OBJECT_TYPES[type], head.id) !== undefined) throw refuse('objectExists')
}

/** Stores it; the reply is its id. */
export function store(
  { state, touched }: Execution,
  head: NewObjectHead,
  type: ObjectTypeName,
  rest: Pick<ObjectFields, 'bytes' | 'origin' | 'key'> & { readonly delegated?: bigint },
): Buffer {
  const object = state.store.add({ delegated: 0n, ...head, type: OBJECT_TYPES[type], ...rest })
  touched.target = object.id
  const reply = Buffer.alloc(2)
  reply.writeUInt16BE(object.id)
  return reply
}
