/** RSA wrap keys (firmware 2.4): objects and bare keys out under a public wrap key, in under the private one. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { ALGORITHMS } from '../../../../devices/yubihsm2/algorithm.ts'
import type { ByteReader } from '../../../../devices/yubihsm2/byte-reader.ts'
import { concat, u8, u16 } from '../../../../devices/yubihsm2/byte-writer.ts'
import { hasCapability } from '../../../../devices/yubihsm2/capability.ts'
import { LABEL_LENGTH, OBJECT_TYPES, ORIGINS } from '../../../../devices/yubihsm2/object-type.ts'
import { usableObject, visibleObject } from '../access.ts'
import { importBytes, privateKeyFrom } from '../asymmetric-key.ts'
import { refuse } from '../command-failure.ts'
import { admit, type Execution, type Handler, type Handlers, orInvalid, readHead, store } from '../execution.ts'
import { archive, restore } from '../object-archive.ts'
import type { StoredObject } from '../object-store.ts'
import { atLeast } from '../personality.ts'
import { MGF_HASHES, RSA_OCTETS } from '../rsa.ts'
import { type OaepParameters, unwrapKey, wrapKey } from '../rsa-key-wrap.ts'

/** OAEP algorithm -> length of its label hash. */
const LABEL_HASH: Readonly<Record<number, number>> = {
  [ALGORITHMS['rsa-oaep-sha1']]: 20,
  [ALGORITHMS['rsa-oaep-sha256']]: 32,
  [ALGORITHMS['rsa-oaep-sha384']]: 48,
  [ALGORITHMS['rsa-oaep-sha512']]: 64,
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw refuse('invalidData')
  return value
}

function requireFirmware({ state }: Execution): void {
  if (!atLeast(state.personality, 2, 4)) throw refuse('invalidCommand')
}

function publicKeyOf(modulus: Buffer): KeyObject {
  return createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }, format: 'jwk' })
}

/** `export wrapped rsa` and `wrap key rsa`: they differ in what is wrapped. */
const exporting =
  (payloadOf: (object: StoredObject) => Buffer): Handler =>
  (request, execution) => {
    requireFirmware(execution)
    const { state, authKey, touched } = execution
    const wrapId = request.u16()
    const type = request.u8()
    const id = request.u16()
    const aes = request.u8()
    const labelLength = known(LABEL_HASH[request.u8()])
    const mgfHash = known(MGF_HASHES[request.u8()])
    const labelHash = request.bytes(labelLength)
    request.end()
    touched.target = wrapId
    touched.second = id
    const key = usableObject(state.store, authKey, 'public-wrap-key', wrapId, 'export-wrapped')
    const object = visibleObject(state.store, authKey, type, id)
    const exportable = hasCapability(object.capabilities, 'exportable-under-wrap')
    if (!exportable || (object.capabilities & ~key.delegated) !== 0n) throw refuse('insufficientPermissions')
    const octets = known(RSA_OCTETS[key.algorithm])
    return wrapKey(publicKeyOf(key.bytes), octets, aes, { labelHash, mgfHash }, payloadOf(object))
  }

/** What is left of the request is the wrapped bytes and the label hash. */
function unwrap(
  request: ByteReader,
  execution: Execution,
  wrapId: number,
  oaep: number,
  mgf: number,
): { key: StoredObject; plain: Buffer } {
  const { state, authKey, touched } = execution
  touched.target = wrapId
  const key = usableObject(state.store, authKey, 'wrap-key', wrapId, 'import-wrapped')
  const octets = known(RSA_OCTETS[key.algorithm])
  const labelLength = known(LABEL_HASH[oaep])
  const wrapped = request.bytes(Math.max(0, request.remaining - labelLength))
  const parameters: OaepParameters = { labelHash: request.rest(), mgfHash: known(MGF_HASHES[mgf]) }
  const privateKey = orInvalid(() => privateKeyFrom(key.algorithm, key.bytes))
  return { key, plain: unwrapKey(privateKey, octets, parameters, wrapped) }
}

function bareKey(object: StoredObject): Buffer {
  if (object.type === OBJECT_TYPES['symmetric-key']) return object.bytes
  return known(object.key).export({ type: 'pkcs8', format: 'der' })
}

const placed = (type: number, id: number): Buffer => concat(u8(type), u16(id))

export const rsaWrapKeys: Handlers = {
  'put public wrap key': (request, execution) => {
    requireFirmware(execution)
    const head = readHead(request)
    const delegated = request.u64()
    admit(execution, head, 'public-wrap-key', 'put-public-wrap-key', delegated)
    const bytes = Buffer.from(request.bytes(known(RSA_OCTETS[head.algorithm])))
    request.end()
    orInvalid(() => publicKeyOf(bytes))
    return store(execution, head, 'public-wrap-key', { bytes, delegated, origin: ORIGINS.imported })
  },
  'export wrapped rsa': exporting(archive),
  'wrap key rsa': exporting(bareKey),
  'import wrapped rsa': (request, execution) => {
    requireFirmware(execution)
    const { key, plain } = unwrap(request, execution, request.u16(), request.u8(), request.u8())
    const fields = restore(plain)
    if ((fields.capabilities & ~key.delegated) !== 0n) throw refuse('insufficientPermissions')
    const object = execution.state.store.add(fields)
    return placed(object.type, object.id)
  },
  'unwrap key rsa': (request, execution) => {
    requireFirmware(execution)
    const wrapId = request.u16()
    const type = request.u8()
    const head = {
      id: request.u16(),
      label: Buffer.from(request.bytes(LABEL_LENGTH)),
      domains: request.u16(),
      capabilities: request.u64(),
      algorithm: request.u8(),
    }
    const { key, plain } = unwrap(request, execution, wrapId, request.u8(), request.u8())
    if ((head.capabilities & ~key.delegated) !== 0n) throw refuse('insufficientPermissions')
    execution.state.options.requireAlgorithm(head.algorithm)
    const asymmetric = type === OBJECT_TYPES['asymmetric-key']
    if (!asymmetric && type !== OBJECT_TYPES['symmetric-key']) throw refuse('invalidData')
    const bytes = asymmetric ? orInvalid(() => importBytes(head.algorithm, plain)) : plain
    const object = execution.state.store.add({
      ...head,
      type,
      bytes,
      delegated: 0n,
      origin: ORIGINS.imported | ORIGINS.importedWrapped,
      ...(asymmetric ? { key: orInvalid(() => privateKeyFrom(head.algorithm, bytes)) } : {}),
    })
    return placed(object.type, object.id)
  },
}
