/** Wycheproof's numbers through nShield's own message format: DSA with SHA-256, and ECDSA P-521 with SHA-512. */
import { describe, expect, it } from 'vitest'
import { readDer } from '../../src/asn1/der.ts'
import { readUnsignedBytes } from '../../src/asn1/der-values.ts'
import { parsePublicKey } from '../../src/asn1/public-key.ts'
import { NSHIELD_CURVES } from '../../src/attestation/nshield/curves.ts'
import type { NshieldKey } from '../../src/attestation/nshield/key.ts'
import {
  readSignature,
  type SignatureOutcome,
  verifyNshieldSignature,
} from '../../src/attestation/nshield/signature.ts'
import { type Numbers, numbersOf } from './numbers.ts'
import { readSuites, type Suite, type Vector } from './wycheproof.ts'

const DSA_SHA256 = 170
const ECDSA_SHA512 = 187
const suites = readSuites()
const dsa = suites.filter(({ scheme }) => scheme.key === 'dsa')
const ecdsa = suites.filter(({ scheme }) => scheme.encoding === 'p1363' && scheme.hash === 'sha512')
const others = suites.filter(({ scheme }) => scheme.encoding === 'p1363' && scheme.hash !== 'sha512')

/** M_CipherText: the mechanism and two bignums, all little-endian, numbers in whole words and in as few as they need. */
function marshal(mechanism: number, { r, s }: Numbers): Uint8Array {
  const word = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(value)
    return bytes
  }
  const bignum = (number: Uint8Array): Buffer => {
    const magnitude = withoutZeros(number)
    const words = Buffer.alloc(Math.ceil(magnitude.length / 4) * 4)
    Buffer.from(magnitude).reverse().copy(words)
    return Buffer.concat([word(words.length), words])
  }
  return Buffer.concat([word(mechanism), bignum(r), bignum(s)])
}

function withoutZeros(number: Uint8Array): Uint8Array {
  const from = number.findIndex((byte) => byte !== 0)
  return number.subarray(from < 0 ? number.length - 1 : from)
}

const keys = new Map<string, NshieldKey>()

function keyOf({ spki }: Vector): NshieldKey {
  const name = Buffer.from(spki).toString('latin1')
  const key = keys.get(name) ?? readKey(spki)
  keys.set(name, key)
  return key
}

function readKey(spki: Uint8Array): NshieldKey {
  const node = readDer(spki)
  const parsed = parsePublicKey(spki)
  if (parsed.type === 'EC') {
    const curve = NSHIELD_CURVES.find(({ name }) => name === parsed.curve)
    if (curve === undefined) throw new Error(`no nShield curve ${parsed.curve}`)
    const x = withoutZeros(parsed.point.subarray(1, 1 + curve.octets))
    return { type: 'ECDSA', curve, x, y: withoutZeros(parsed.point.subarray(1 + curve.octets)) }
  }
  const domain = node.at(0, 'algorithm').at(1, 'parameters')
  const [p, q, g] = [0, 1, 2].map((index) => readUnsignedBytes(domain.at(index, 'a domain parameter')))
  if (p === undefined || q === undefined || g === undefined) throw new Error('no DSA key')
  return { type: 'DSA', p, q, g, y: readUnsignedBytes(readDer(node.at(1, 'key').content.subarray(1))) }
}

const outcome = (vector: Vector, mechanism: number, numbers: Numbers): SignatureOutcome =>
  verifyNshieldSignature(keyOf(vector), readSignature(marshal(mechanism, numbers), 'signature'), vector.message)

/** Every vector whose two numbers nShield can carry; what is wrong in the encoding alone has no counterpart there. */
function carried(suite: Suite): readonly (readonly [Vector, Numbers])[] {
  return suite.vectors.flatMap((vector): readonly (readonly [Vector, Numbers])[] => {
    const numbers = numbersOf(vector, suite)
    return numbers === undefined ? [] : [[vector, numbers]]
  })
}

describe('an nShield signature', () => {
  it.each([...dsa, ...ecdsa])('$file: verifies where the numbers are right, and nowhere else', (suite) => {
    const mechanism = suite.scheme.key === 'dsa' ? DSA_SHA256 : ECDSA_SHA512
    let [passed, refused] = [0, 0]
    for (const [vector, numbers] of carried(suite)) {
      const verdict = outcome(vector, mechanism, numbers)
      expect(verdict, vector.name).toBe(vector.result === 'valid' ? 'ok' : 'wrong')
      if (verdict === 'ok') passed++
      else refused++
    }
    expect(passed).toBe(suite.vectors.filter(({ result }) => result === 'valid').length)
    expect(refused).toBeGreaterThan(0)
    process.stdout.write(`${suite.file} as nShield marshals it: ${passed} accepted, ${refused} wrong numbers refused\n`)
  })

  it.each([...dsa, ...ecdsa, ...others])(
    '$file: never verifies under the mechanism of another kind of key or hash',
    (suite) => {
      const right = suite.scheme.key === 'dsa' ? [DSA_SHA256] : suite.scheme.hash === 'sha512' ? [ECDSA_SHA512] : []
      for (const [vector, numbers] of carried(suite).slice(0, 40)) {
        for (const mechanism of [DSA_SHA256, ECDSA_SHA512].filter((one) => !right.includes(one))) {
          expect(outcome(vector, mechanism, numbers), vector.name).toBe('wrong')
        }
        expect(outcome(vector, 171, numbers), vector.name).toBe('unknown mechanism')
      }
    },
  )
})
