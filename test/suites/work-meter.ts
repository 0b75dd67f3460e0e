import crypto, { KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import zlib from 'node:zlib'

/** What a call made the runtime do. The same input gives the same numbers on every machine. */
export interface Work {
  /** Signature verifications. */
  readonly signatures: number
  /** Arithmetic of the RSA ones: bits of the exponent times the square of the modulus' length in units of 1,024 bits, summed up. */
  readonly rsa: number
  /** Public keys made ready. */
  readonly keys: number
  /** Octets that decompression gave out, refused ones up to the bound that it was given. */
  readonly unpacked: number
  /** Characters given to JSON.parse. */
  readonly json: number
}

type Counted = { -readonly [Name in keyof Work]: number }

/** Counts while `action` runs, in the runtime's own functions: whichever of our modules calls them is counted. */
export function workOf(action: () => void): Work {
  const work: Counted = { signatures: 0, rsa: 0, keys: 0, unpacked: 0, json: 0 }
  const restore = [countCrypto(work), countZlib(work), countJson(work)]
  syncBuiltinESMExports()
  try {
    action()
  } finally {
    for (const undo of restore) undo()
    syncBuiltinESMExports()
  }
  return work
}

type Undo = () => void

function countCrypto(work: Counted): Undo {
  const { verify, publicDecrypt, createPublicKey } = crypto
  const countedVerify = (...[algorithm, data, key, signature]: Parameters<typeof verify>): boolean => {
    work.signatures++
    work.rsa += rsaArithmetic(keyObject(key))
    return verify(algorithm, data, key, signature)
  }
  // So are RSA signatures verified.
  const countedDecrypt = (...[key, signature]: Parameters<typeof publicDecrypt>): Buffer => {
    work.signatures++
    work.rsa += rsaArithmetic(keyObject(key))
    return publicDecrypt(key, signature)
  }
  const countedKey = (key: Parameters<typeof createPublicKey>[0]): KeyObject => {
    work.keys++
    return createPublicKey(key)
  }
  Object.assign(crypto, { verify: countedVerify, publicDecrypt: countedDecrypt, createPublicKey: countedKey })
  return () => Object.assign(crypto, { verify, publicDecrypt, createPublicKey })
}

/** OpenSSL's own bounds (rsa.h): beyond them it refuses without arithmetic. */
const OPENSSL = { modulusBits: 16_384, smallModulusBits: 3072, exponentBits: 64 } as const

function rsaArithmetic(key: KeyObject | undefined): number {
  const { modulusLength, publicExponent } = key?.asymmetricKeyDetails ?? {}
  if (modulusLength === undefined || publicExponent === undefined) return 0
  const exponentBits = publicExponent.toString(2).length
  const refused =
    exponentBits > modulusLength ||
    modulusLength > OPENSSL.modulusBits ||
    (modulusLength > OPENSSL.smallModulusBits && exponentBits > OPENSSL.exponentBits)
  return refused ? 0 : exponentBits * (modulusLength / 1024) ** 2
}

function keyObject(key: unknown): KeyObject | undefined {
  if (key instanceof KeyObject) return key
  return typeof key === 'object' && key !== null && 'key' in key ? keyObject(key.key) : undefined
}

function countZlib(work: Counted): Undo {
  const { gunzipSync, inflateRawSync } = zlib
  const counted =
    (unpack: typeof gunzipSync) =>
    (...[packed, options]: Parameters<typeof gunzipSync>): unknown => {
      const bound = options?.maxOutputLength ?? Number.POSITIVE_INFINITY
      try {
        const result: unknown = unpack(packed, options)
        work.unpacked += unpackedLength(result)
        return result
      } catch (error) {
        work.unpacked += bound
        throw error
      }
    }
  Object.assign(zlib, { gunzipSync: counted(gunzipSync), inflateRawSync: counted(inflateRawSync) })
  return () => Object.assign(zlib, { gunzipSync, inflateRawSync })
}

/** With `info: true` node:zlib gives an object around the octets. */
function unpackedLength(result: unknown): number {
  if (result instanceof Uint8Array) return result.length
  return typeof result === 'object' && result !== null && 'buffer' in result ? unpackedLength(result.buffer) : 0
}

function countJson(work: Counted): Undo {
  const { parse } = JSON
  const counted = (...[text, reviver]: Parameters<typeof parse>): unknown => {
    work.json += text.length
    return parse(text, reviver)
  }
  Object.assign(JSON, { parse: counted })
  return () => Object.assign(JSON, { parse })
}
