/** Yubico OTP: AEADs of a credential (AES key and private id), and one-time passwords decrypted with them. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { ALGORITHMS } from '../../../../devices/yubihsm2/algorithm.ts'
import { concat } from '../../../../devices/yubihsm2/byte-writer.ts'
import type { CapabilityName } from '../../../../devices/yubihsm2/capability.ts'
import { ORIGINS } from '../../../../devices/yubihsm2/object-type.ts'
import { usableObject } from '../access.ts'
import { refuse } from '../command-failure.ts'
import { admit, type Execution, type Handlers, orInvalid, readHead, store } from '../execution.ts'
import type { StoredObject } from '../object-store.ts'

const SIZES = {
  [ALGORITHMS['aes128-yubico-otp']]: { octets: 16, cipher: 'aes-128-ccm' },
  [ALGORITHMS['aes192-yubico-otp']]: { octets: 24, cipher: 'aes-192-ccm' },
  [ALGORITHMS['aes256-yubico-otp']]: { octets: 32, cipher: 'aes-256-ccm' },
} as const
type Size = (typeof SIZES)[keyof typeof SIZES]

const NONCE_ID = 4
const NONCE = 6
const TAG = 8
const KEY = 16
const PRIVATE_ID = 6
const AEAD = NONCE + KEY + PRIVATE_ID + TAG
/** What CRC-16 (ISO 13239) over data and its checksum leaves. */
const CRC_RESIDUE = 0xf0b8

function sizeOf(algorithm: number): Size {
  for (const [number, size] of Object.entries(SIZES)) if (Number(number) === algorithm) return size
  throw refuse('invalidData')
}

/** 13 bytes: the key's nonce id, the AEAD's nonce, zeros. */
const ccmNonce = (key: StoredObject, nonce: Uint8Array): Buffer =>
  concat(key.bytes.subarray(0, NONCE_ID), nonce, Buffer.alloc(3))

function seal(key: StoredObject, credential: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE)
  const secret = key.bytes.subarray(NONCE_ID)
  const cipher = createCipheriv(sizeOf(key.algorithm).cipher, secret, ccmNonce(key, nonce), { authTagLength: TAG })
  const body = concat(cipher.update(credential), cipher.final())
  return concat(nonce, body, cipher.getAuthTag())
}

function open(key: StoredObject, aead: Uint8Array): Buffer {
  const nonce = ccmNonce(key, aead.subarray(0, NONCE))
  const secret = key.bytes.subarray(NONCE_ID)
  return orInvalid(() => {
    const decipher = createDecipheriv(sizeOf(key.algorithm).cipher, secret, nonce, { authTagLength: TAG })
    decipher.setAuthTag(aead.subarray(-TAG))
    return concat(decipher.update(aead.subarray(NONCE, -TAG)), decipher.final())
  })
}

function crc16(data: Uint8Array): number {
  let crc = 0xffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0x8408 : crc >> 1
  }
  return crc
}

function otpKey(execution: Execution, id: number, capability: CapabilityName): StoredObject {
  return usableObject(execution.state.store, execution.authKey, 'otp-aead-key', id, capability)
}

export const otpKeys: Handlers = {
  'put otp aead key': (request, execution) => {
    const head = readHead(request)
    admit(execution, head, 'otp-aead-key', 'put-otp-aead-key')
    const bytes = Buffer.from(request.bytes(NONCE_ID + sizeOf(head.algorithm).octets))
    request.end()
    return store(execution, head, 'otp-aead-key', { bytes, origin: ORIGINS.imported })
  },
  'generate otp aead key': (request, execution) => {
    const head = readHead(request)
    const nonceId = Buffer.from(request.bytes(NONCE_ID))
    request.end()
    admit(execution, head, 'otp-aead-key', 'generate-otp-aead-key')
    const bytes = concat(nonceId, randomBytes(sizeOf(head.algorithm).octets))
    return store(execution, head, 'otp-aead-key', { bytes, origin: ORIGINS.generated })
  },
  'create otp aead': (request, execution) => {
    const key = otpKey(execution, request.u16(), 'create-otp-aead')
    const credential = request.bytes(KEY + PRIVATE_ID)
    request.end()
    return seal(key, credential)
  },
  'randomize otp aead': (request, execution) => {
    const key = otpKey(execution, request.u16(), 'randomize-otp-aead')
    request.end()
    return seal(key, randomBytes(KEY + PRIVATE_ID))
  },
  'rewrap otp aead': (request, execution) => {
    const from = otpKey(execution, request.u16(), 'rewrap-from-otp-aead-key')
    const to = otpKey(execution, request.u16(), 'rewrap-to-otp-aead-key')
    const aead = request.bytes(AEAD)
    request.end()
    return seal(to, open(from, aead))
  },
  'decrypt otp': (request, execution) => {
    const key = otpKey(execution, request.u16(), 'decrypt-otp')
    const credential = open(key, request.bytes(AEAD))
    const otp = request.bytes(16)
    request.end()
    const decipher = createDecipheriv('aes-128-ecb', credential.subarray(0, KEY), null).setAutoPadding(false)
    const token = concat(decipher.update(otp), decipher.final())
    const known = token.subarray(0, PRIVATE_ID).equals(credential.subarray(KEY))
    if (!known || crc16(token) !== CRC_RESIDUE) throw refuse('invalidOtp')
    // Use counter, session counter, timestamp high and low.
    return concat(token.subarray(6, 8), token.subarray(11, 12), token.subarray(10, 11), token.subarray(8, 10))
  },
}
