/** Who may do what: capabilities of the authentication key, capabilities of the object, shared domains. */
import { ALL_CAPABILITIES, type CapabilityName, hasCapability } from '../../../devices/yubihsm2/capability.ts'
import { OBJECT_TYPES, type ObjectTypeName } from '../../../devices/yubihsm2/object-type.ts'
import { refuse } from './command-failure.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'

/** Throws CommandFailure where the authentication key lacks the capability. */
export function requireCapability(authKey: StoredObject, capability: CapabilityName): void {
  if (!hasCapability(authKey.capabilities, capability)) throw refuse('insufficientPermissions')
}

/** An object that shares a domain with the authentication key; the rest is invisible. */
export function visibleObject(store: ObjectStore, authKey: StoredObject, type: number, id: number): StoredObject {
  const object = store.find(type, id)
  if (object === undefined || (object.domains & authKey.domains) === 0) throw refuse('objectNotFound')
  return object
}

/** An object to be used: the authentication key and the object must both hold the capability. */
export function usableObject(
  store: ObjectStore,
  authKey: StoredObject,
  type: ObjectTypeName,
  id: number,
  capability: CapabilityName,
): StoredObject {
  requireCapability(authKey, capability)
  const object = visibleObject(store, authKey, OBJECT_TYPES[type], id)
  if (!hasCapability(object.capabilities, capability)) throw refuse('insufficientPermissions')
  return object
}

/** What is made may have no more than the authentication key may hand on. `all` is 64 bits, more than there are capabilities. */
export function requireDelegated(authKey: StoredObject, capabilities: bigint, domains: number): void {
  if ((capabilities & ALL_CAPABILITIES & ~authKey.delegated) !== 0n) throw refuse('insufficientPermissions')
  if (domains === 0) throw refuse('invalidData')
  if ((domains & ~authKey.domains) !== 0) throw refuse('insufficientPermissions')
}
