import { type NshieldAcl, readAcl } from './acl.ts'
import type { NshieldKey } from './key.ts'
import { ANOTHER_KEY, readCurve } from './key.ts'
import { NcoreReader, NEWER_VERSION } from './message.ts'

/** What the module signed when it made the key: kcmsg, an M_ModCertMsg of type KeyGen. */
export interface NshieldKeyGeneration {
  /** The kind of key that was asked for. */
  readonly kind: { readonly type: 'RSA'; readonly bits: number } | { readonly type: 'EC'; readonly curve: string }
  readonly acl: NshieldAcl
  /** Hash of the key that was made. */
  readonly hka: Uint8Array
}

const KEY_GEN = 2
/** M_KeyType of the generation parameters. */
const GENERATION = { rsaPrivate: 2, ecPrivate: 45, ecdsaPrivate: 47 } as const
const RSA = { givenExponent: 0x01, checks: 0x02, known: 0x07 } as const

/** Throws EvidenceError; nothing unknown is read over. */
export function readKeyGeneration(message: Uint8Array): NshieldKeyGeneration {
  const reader = new NcoreReader(message, 'kcmsg')
  if (reader.u32() !== KEY_GEN || reader.u32() !== 0) throw reader.fail('it is not a key generation certificate')
  const kind = readKind(reader)
  const acl = readAcl(reader)
  const hka = reader.hash()
  reader.end()
  return { kind, acl, hka }
}

function readKind(reader: NcoreReader): NshieldKeyGeneration['kind'] {
  const type = reader.u32()
  switch (type) {
    case GENERATION.rsaPrivate: {
      const flags = reader.u32()
      if ((flags & ~RSA.known) !== 0) {
        throw reader.fail(`RSA generation has the unknown flags 0x${flags.toString(16)}`, NEWER_VERSION)
      }
      const bits = reader.u32()
      if (flags & RSA.givenExponent) reader.bignum()
      if (flags & RSA.checks) reader.u32()
      return { type: 'RSA', bits }
    }
    case GENERATION.ecPrivate:
    case GENERATION.ecdsaPrivate:
      return { type: 'EC', curve: readCurve(reader).name }
    default:
      throw reader.fail(`a key of the type ${type} was generated; RSA (2) and EC (45, 47) are known`, ANOTHER_KEY)
  }
}

/** Was such a key asked for? */
export function fitsGeneration(key: NshieldKey, kind: NshieldKeyGeneration['kind']): boolean {
  switch (key.type) {
    case 'RSA':
      return kind.type === 'RSA' && kind.bits === bitLength(key.n)
    case 'ECDSA':
    case 'EC':
      return kind.type === 'EC' && kind.curve === key.curve.name
    case 'DSA':
      return false
  }
}

const bitLength = (number: Uint8Array): number => number.length * 8 - Math.clz32(number[0] ?? 0) + 24
