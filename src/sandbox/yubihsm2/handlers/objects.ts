import type { ByteReader } from '../../../../devices/yubihsm2/byte-reader.ts'
import { concat, u8, u16, u64 } from '../../../../devices/yubihsm2/byte-writer.ts'
import type { CapabilityName } from '../../../../devices/yubihsm2/capability.ts'
import { LABEL_LENGTH, OBJECT_TYPES } from '../../../../devices/yubihsm2/object-type.ts'
import { requireCapability, visibleObject } from '../access.ts'
import { refuse } from '../command-failure.ts'
import { EMPTY, type Handlers } from '../execution.ts'
import type { StoredObject } from '../object-store.ts'
import { RSA_OCTETS } from '../rsa.ts'

const DELETE: Readonly<Record<number, CapabilityName>> = {
  [OBJECT_TYPES.opaque]: 'delete-opaque',
  [OBJECT_TYPES['authentication-key']]: 'delete-authentication-key',
  [OBJECT_TYPES['asymmetric-key']]: 'delete-asymmetric-key',
  [OBJECT_TYPES['wrap-key']]: 'delete-wrap-key',
  [OBJECT_TYPES['hmac-key']]: 'delete-hmac-key',
  [OBJECT_TYPES.template]: 'delete-template',
  [OBJECT_TYPES['otp-aead-key']]: 'delete-otp-aead-key',
  [OBJECT_TYPES['symmetric-key']]: 'delete-symmetric-key',
  [OBJECT_TYPES['public-wrap-key']]: 'delete-public-wrap-key',
}

export type ObjectFilter = (object: StoredObject) => boolean

/** One filter per tag; domains and capabilities match where any bit is shared. */
const FILTERS: Readonly<Record<number, (value: ByteReader) => ObjectFilter>> = {
  1: (value) => matching(value.u16(), (object) => object.id),
  2: (value) => matching(value.u8(), (object) => object.type),
  3: (value) => anyBit(BigInt(value.u16()), (object) => BigInt(object.domains)),
  4: (value) => anyBit(value.u64(), (object) => object.capabilities),
  5: (value) => matching(value.u8(), (object) => object.algorithm),
  6: (value) => {
    const label = Buffer.from(value.bytes(LABEL_LENGTH))
    return (object) => object.label.equals(label)
  },
}

const matching =
  (wanted: number, of: (object: StoredObject) => number): ObjectFilter =>
  (object) =>
    of(object) === wanted

const anyBit =
  (wanted: bigint, of: (object: StoredObject) => bigint): ObjectFilter =>
  (object) =>
    (of(object) & wanted) !== 0n

/** The filters of a list request. Throws CommandFailure. */
export function readFilters(request: ByteReader): readonly ObjectFilter[] {
  const filters: ObjectFilter[] = []
  while (request.remaining > 0) {
    const filter = FILTERS[request.u8()]
    if (filter === undefined) throw refuse('invalidData')
    filters.push(filter(request))
  }
  return filters
}

/**
 * As a device shows it: a wrap key with the capabilities that it hands on, an RSA key with all numbers of its private half (RFC 8017 3.2:
 * the modulus and five of half its length).
 */
function shownLength({ type, algorithm, bytes }: StoredObject): number {
  if (type === OBJECT_TYPES['authentication-key']) return 40
  const half = RSA_OCTETS[algorithm]
  const isPrivate = type === OBJECT_TYPES['asymmetric-key'] || type === OBJECT_TYPES['wrap-key']
  if (half !== undefined && isPrivate) return 7 * (half / 2)
  return type === OBJECT_TYPES['wrap-key'] ? bytes.length + 8 : bytes.length
}

export const objects: Handlers = {
  'list objects': (request, { state, authKey }) => {
    const filters = readFilters(request)
    return concat(
      ...state.store
        .list()
        .filter((object) => (object.domains & authKey.domains) !== 0 && filters.every((filter) => filter(object)))
        .map(({ id, type, sequence }) => concat(u16(id), u8(type), u8(sequence))),
    )
  },
  'get object info': (request, { state, authKey, touched }) => {
    const id = request.u16()
    touched.target = id
    const object = visibleObject(state.store, authKey, request.u8(), id)
    request.end()
    return concat(
      u64(object.capabilities),
      u16(object.id),
      u16(shownLength(object)),
      u16(object.domains),
      u8(object.type),
      u8(object.algorithm),
      u8(object.sequence),
      u8(object.origin),
      object.label,
      u64(object.delegated),
    )
  },
  'delete object': (request, { state, authKey, touched }) => {
    const id = request.u16()
    const type = request.u8()
    request.end()
    touched.target = id
    const object = visibleObject(state.store, authKey, type, id)
    const capability = DELETE[type]
    if (capability === undefined) throw refuse('invalidData')
    requireCapability(authKey, capability)
    state.store.remove(object)
    if (type === OBJECT_TYPES['authentication-key'] && id === 1) state.options.factoryKeyGone()
    return EMPTY
  },
}
