import { type KeyObject, sign } from 'node:crypto'
import { ALGORITHMS } from '../../../../devices/yubihsm2/algorithm.ts'
import type { ByteReader } from '../../../../devices/yubihsm2/byte-reader.ts'
import { concat, u8 } from '../../../../devices/yubihsm2/byte-writer.ts'
import type { CapabilityName } from '../../../../devices/yubihsm2/capability.ts'
import { OBJECT_TYPES, ORIGINS } from '../../../../devices/yubihsm2/object-type.ts'
import { usableObject, visibleObject } from '../access.ts'
import { generateKeyBytes, privateKeyFrom, publicBytes } from '../asymmetric-key.ts'
import { refuse } from '../command-failure.ts'
import { CURVES, type Curve, sharedSecret, signEcdsa } from '../elliptic-curve.ts'
import { admit, type Execution, type Handlers, orInvalid, readHead, store } from '../execution.ts'
import type { StoredObject } from '../object-store.ts'
import { decryptOaep, decryptPkcs1, HASHES, MGF_HASHES, RSA_OCTETS, signPkcs1, signPss } from '../rsa.ts'

/** Digest length -> algorithm that must be switched on. */
const SIGNATURE_ALGORITHMS = {
  pkcs1: { 20: 1, 32: 2, 48: 3, 64: 4 },
  pss: { 20: 5, 32: 6, 48: 7, 64: 8 },
  ecdsa: { 20: 23, 32: 43, 48: 44, 64: 45 },
} as const satisfies Readonly<Record<string, Readonly<Record<number, number>>>>

type UsableKey = StoredObject & { readonly key: KeyObject }

/** The key that a request names first. */
function keyOf(request: ByteReader, execution: Execution, capability: CapabilityName): UsableKey {
  const id = request.u16()
  execution.touched.target = id
  const object = usableObject(execution.state.store, execution.authKey, 'asymmetric-key', id, capability)
  if (object.key === undefined) throw refuse('invalidData')
  return { ...object, key: object.key }
}

function rsaKey(request: ByteReader, execution: Execution, capability: CapabilityName): UsableKey & { octets: number } {
  const object = keyOf(request, execution, capability)
  const octets = RSA_OCTETS[object.algorithm]
  if (octets === undefined) throw refuse('invalidData')
  return { ...object, octets }
}

function ecKey(request: ByteReader, execution: Execution, capability: CapabilityName): UsableKey & { curve: Curve } {
  const object = keyOf(request, execution, capability)
  const curve = CURVES[object.algorithm]
  if (curve === undefined) throw refuse('invalidData')
  return { ...object, curve }
}

function requireSignature({ state }: Execution, kind: keyof typeof SIGNATURE_ALGORITHMS, digest: Uint8Array): void {
  const table: Readonly<Record<number, number>> = SIGNATURE_ALGORITHMS[kind]
  const algorithm = table[digest.length]
  if (algorithm !== undefined) state.options.requireAlgorithm(algorithm)
}

function mgfHash(algorithm: number): string {
  const hash = MGF_HASHES[algorithm]
  if (hash === undefined) throw refuse('invalidData')
  return hash
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw refuse('invalidData')
  return value
}

export const asymmetricKeys: Handlers = {
  'put asymmetric key': (request, execution) => {
    const head = readHead(request)
    admit(execution, head, 'asymmetric-key', 'put-asymmetric-key')
    const bytes = Buffer.from(request.rest())
    const key = orInvalid(() => privateKeyFrom(head.algorithm, bytes))
    return store(execution, head, 'asymmetric-key', { bytes, key, origin: ORIGINS.imported })
  },
  'generate asymmetric key': async (request, execution) => {
    const head = readHead(request)
    request.end()
    admit(execution, head, 'asymmetric-key', 'generate-asymmetric-key')
    const bytes = await generateKeyBytes(head.algorithm)
    const key = privateKeyFrom(head.algorithm, bytes)
    return store(execution, head, 'asymmetric-key', { bytes, key, origin: ORIGINS.generated })
  },
  'get public key': (request, { state, authKey, touched }) => {
    const id = request.u16()
    touched.target = id
    const type = request.remaining > 0 ? request.u8() : OBJECT_TYPES['asymmetric-key']
    request.end()
    const { algorithm, bytes, key } = visibleObject(state.store, authKey, type, id)
    if (type === OBJECT_TYPES['public-wrap-key']) return concat(u8(algorithm), bytes)
    if (key === undefined) throw refuse('invalidData')
    return concat(u8(algorithm), publicBytes(algorithm, bytes, key))
  },
  'sign pkcs1': (request, execution) => {
    const { key, octets } = rsaKey(request, execution, 'sign-pkcs')
    const digest = request.rest()
    requireSignature(execution, 'pkcs1', digest)
    if (digest.length === 0 || digest.length > octets - 11) throw refuse('wrongLength')
    return signPkcs1(key, digest)
  },
  'sign pss': (request, execution) => {
    const { key, octets } = rsaKey(request, execution, 'sign-pss')
    const hash = mgfHash(request.u8())
    const saltLength = request.u16()
    const digest = request.rest()
    requireSignature(execution, 'pss', digest)
    return orInvalid(() => signPss(key, octets, digest, hash, saltLength))
  },
  'sign ecdsa': (request, execution) => {
    const { curve, bytes } = ecKey(request, execution, 'sign-ecdsa')
    const digest = request.rest()
    requireSignature(execution, 'ecdsa', digest)
    if (digest.length < 20 || digest.length > 66) throw refuse('wrongLength')
    return signEcdsa(curve, bytes, digest)
  },
  'sign eddsa': (request, execution) => {
    const { key, algorithm } = keyOf(request, execution, 'sign-eddsa')
    if (algorithm !== ALGORITHMS.ed25519) throw refuse('invalidData')
    return sign(null, request.rest(), key)
  },
  'decrypt pkcs1': (request, execution) => {
    const { key, octets } = rsaKey(request, execution, 'decrypt-pkcs')
    execution.state.options.requireAlgorithm(ALGORITHMS['rsa-pkcs1-decrypt'])
    const ciphertext = request.bytes(octets)
    request.end()
    return found(orInvalid(() => decryptPkcs1(key, ciphertext)))
  },
  'decrypt oaep': (request, execution) => {
    const { key, octets } = rsaKey(request, execution, 'decrypt-oaep')
    const hash = mgfHash(request.u8())
    const ciphertext = request.bytes(octets)
    const labelHash = request.rest()
    if (HASHES[labelHash.length] === undefined) throw refuse('wrongLength')
    return found(orInvalid(() => decryptOaep(key, ciphertext, labelHash, hash)))
  },
  'derive ecdh': (request, execution) => {
    const { curve, bytes } = ecKey(request, execution, 'derive-ecdh')
    const point = request.rest()
    return orInvalid(() => sharedSecret(curve, bytes, point))
  },
}
