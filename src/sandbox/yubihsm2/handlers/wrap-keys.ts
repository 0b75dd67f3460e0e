/** Wrap keys: AES-CCM for objects and data; an RSA one is only stored here, see rsa-wrap-keys.ts. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { ALGORITHMS } from '../../../../devices/yubihsm2/algorithm.ts'
import { concat, u8, u16 } from '../../../../devices/yubihsm2/byte-writer.ts'
import { hasCapability } from '../../../../devices/yubihsm2/capability.ts'
import { OBJECT_TYPES, ORIGINS } from '../../../../devices/yubihsm2/object-type.ts'
import { requireCapability, usableObject, visibleObject } from '../access.ts'
import { generateKeyBytes, privateKeyFrom } from '../asymmetric-key.ts'
import { refuse } from '../command-failure.ts'
import { admit, type Execution, type Handlers, orInvalid, readHead, store } from '../execution.ts'
import { archive, restore } from '../object-archive.ts'
import type { StoredObject } from '../object-store.ts'
import { atLeast } from '../personality.ts'
import { RSA_OCTETS } from '../rsa.ts'

const NONCE = 13
const TAG = 16
const CIPHERS = {
  [ALGORITHMS['aes128-ccm-wrap']]: 'aes-128-ccm',
  [ALGORITHMS['aes192-ccm-wrap']]: 'aes-192-ccm',
  [ALGORITHMS['aes256-ccm-wrap']]: 'aes-256-ccm',
} as const satisfies Readonly<Record<number, string>>
const KEY_OCTETS: Readonly<Record<number, number>> = {
  [ALGORITHMS['aes128-ccm-wrap']]: 16,
  [ALGORITHMS['aes192-ccm-wrap']]: 24,
  [ALGORITHMS['aes256-ccm-wrap']]: 32,
}

function keyOctets(algorithm: number): number {
  const octets = KEY_OCTETS[algorithm]
  if (octets === undefined) throw refuse('invalidData')
  return octets
}

/** Octets of p and q for an RSA wrap key, which firmware 2.4 brought. */
const rsaOctets = ({ state }: Execution, algorithm: number): number | undefined =>
  atLeast(state.personality, 2, 4) ? RSA_OCTETS[algorithm] : undefined

function cipherOf({ algorithm }: StoredObject): (typeof CIPHERS)[keyof typeof CIPHERS] {
  for (const [number, name] of Object.entries(CIPHERS)) if (Number(number) === algorithm) return name
  throw refuse('invalidData')
}

function encrypt(key: StoredObject, data: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv(cipherOf(key), key.bytes, nonce, { authTagLength: TAG })
  const body = concat(cipher.update(data), cipher.final())
  return concat(nonce, body, cipher.getAuthTag())
}

function decrypt(key: StoredObject, wrapped: Uint8Array): Buffer {
  const name = cipherOf(key)
  if (wrapped.length < NONCE + TAG) throw refuse('wrongLength')
  return orInvalid(() => {
    const decipher = createDecipheriv(name, key.bytes, wrapped.subarray(0, NONCE), { authTagLength: TAG })
    decipher.setAuthTag(wrapped.subarray(-TAG))
    return concat(decipher.update(wrapped.subarray(NONCE, -TAG)), decipher.final())
  })
}

/** `wrap data` and `unwrap data` answer invalid data where the key lacks the capability, before 2.5 (tests/device/test_wrap.py). */
function dataKey(
  { state, authKey, touched }: Execution,
  id: number,
  capability: 'wrap-data' | 'unwrap-data',
): StoredObject {
  touched.target = id
  requireCapability(authKey, capability)
  const key = visibleObject(state.store, authKey, OBJECT_TYPES['wrap-key'], id)
  if (!hasCapability(key.capabilities, capability)) {
    throw refuse(atLeast(state.personality, 2, 5) ? 'insufficientPermissions' : 'invalidData')
  }
  return key
}

export const wrapKeys: Handlers = {
  'put wrap key': (request, execution) => {
    const head = readHead(request)
    const delegated = request.u64()
    admit(execution, head, 'wrap-key', 'put-wrap-key', delegated)
    const rsa = rsaOctets(execution, head.algorithm)
    const bytes = Buffer.from(request.bytes(rsa ?? keyOctets(head.algorithm)))
    request.end()
    const key = rsa === undefined ? {} : { key: orInvalid(() => privateKeyFrom(head.algorithm, bytes)) }
    return store(execution, head, 'wrap-key', { bytes, delegated, ...key, origin: ORIGINS.imported })
  },
  'generate wrap key': async (request, execution) => {
    const head = readHead(request)
    const delegated = request.u64()
    request.end()
    admit(execution, head, 'wrap-key', 'generate-wrap-key', delegated)
    const rsa = rsaOctets(execution, head.algorithm)
    const bytes = rsa === undefined ? randomBytes(keyOctets(head.algorithm)) : await generateKeyBytes(head.algorithm)
    const key = rsa === undefined ? {} : { key: privateKeyFrom(head.algorithm, bytes) }
    return store(execution, head, 'wrap-key', { bytes, delegated, ...key, origin: ORIGINS.generated })
  },
  'export wrapped': (request, execution) => {
    const { state, authKey, touched } = execution
    const wrapId = request.u16()
    const type = request.u8()
    const id = request.u16()
    touched.target = wrapId
    touched.second = id
    // An RSA wrap key only imports (python-yubihsm tests/device/test_wrap.py).
    cipherOf(visibleObject(state.store, authKey, OBJECT_TYPES['wrap-key'], wrapId))
    const key = usableObject(state.store, authKey, 'wrap-key', wrapId, 'export-wrapped')
    const object = visibleObject(state.store, authKey, type, id)
    const exportable = hasCapability(object.capabilities, 'exportable-under-wrap')
    if (!exportable || (object.capabilities & ~key.delegated) !== 0n) throw refuse('insufficientPermissions')
    return encrypt(key, archive(object))
  },
  'import wrapped': (request, execution) => {
    const { state, authKey, touched } = execution
    const wrapId = request.u16()
    touched.target = wrapId
    const key = usableObject(state.store, authKey, 'wrap-key', wrapId, 'import-wrapped')
    const fields = restore(decrypt(key, request.rest()))
    if ((fields.capabilities & ~key.delegated) !== 0n) throw refuse('insufficientPermissions')
    const object = state.store.add(fields)
    touched.second = object.id
    return concat(u8(object.type), u16(object.id))
  },
  'wrap data': (request, execution) => encrypt(dataKey(execution, request.u16(), 'wrap-data'), request.rest()),
  'unwrap data': (request, execution) => decrypt(dataKey(execution, request.u16(), 'unwrap-data'), request.rest()),
}
