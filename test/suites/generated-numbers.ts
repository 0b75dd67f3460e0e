/** Signatures of two numbers (ECDSA, DSA), right and wrong, in the manner of Wycheproof, each with the flag that Wycheproof gives it. */
import { type KeyObject, randomBytes, sign } from 'node:crypto'
import { readDer } from '../../src/asn1/der.ts'
import { readUnsignedBytes } from '../../src/asn1/der-values.ts'
import { boolean, integer, nullValue, octetString, sequence, tlv } from '../../src/asn1/der-writer.ts'
import type { SignatureHash } from '../../src/attestation/certificates/signature-algorithm.ts'
import type { Case } from './generated-suites.ts'
import { lunaEncoding } from './numbers.ts'

/** Orders of the groups: FIPS 186-4 D.1.2. */
const ORDERS: Readonly<Record<string, bigint>> = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp384r1: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  secp521r1:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
}

interface Group {
  readonly key: KeyObject
  readonly hash: SignatureHash
  readonly order: bigint
  /** Of the order. */
  readonly octets: number
}

export function groupOf(key: KeyObject, spki: Uint8Array, hash: SignatureHash): Group {
  const { namedCurve } = key.asymmetricKeyDetails ?? {}
  // Dss-Parms (RFC 3279 2.3.2): p, q, g.
  const order =
    namedCurve === undefined
      ? number(readUnsignedBytes(readDer(spki).at(0, 'algorithm').at(1, 'parameters').at(1, 'q')))
      : (ORDERS[namedCurve] ?? 0n)
  return { key, hash, order, octets: Math.ceil(order.toString(16).length / 2) }
}

const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const octetsOf = (value: bigint, octets: number): Uint8Array =>
  Buffer.from(value.toString(16).padStart(2 * octets, '0'), 'hex')

interface Signed {
  readonly message: Uint8Array
  readonly r: bigint
  readonly s: bigint
}

function signed({ key, hash, octets }: Group): Signed {
  const message = randomBytes(20)
  const both = sign(hash, message, { key, dsaEncoding: 'ieee-p1363' })
  return { message, r: number(both.subarray(0, octets)), s: number(both.subarray(octets)) }
}

/** Two numbers whose top octets are both 80 or more: their unsigned form is no DER. Undefined for a group whose order is shorter (P-521). */
function signedHigh(group: Group): Signed | undefined {
  const high = 0x80n << BigInt(8 * (group.octets - 1))
  if (group.order < high) return undefined
  for (;;) {
    const one = signed(group)
    if (one.r >= high && one.s >= high) return one
  }
}

const VALID = 30

/** What is wrong with the numbers themselves, whatever the encoding. */
function wrongNumbers({ order }: Group, { r, s }: Signed): readonly (readonly [flag: string, r: bigint, s: bigint])[] {
  return [
    ...[0n, 1n, order].flatMap((one) => [0n, 1n, order].map((other) => ['InvalidSignature', one, other] as const)),
    ['ModifiedInteger', r + 1n, s],
    ['ModifiedInteger', r, s + 1n],
    ['ModifiedInteger', s, r],
    ['RangeCheck', order - r, s],
  ]
}

export function derCases(group: Group): readonly Case[] {
  const der = ({ r, s }: Pick<Signed, 'r' | 's'>): Uint8Array => sequence(integer(r), integer(s))
  const base = signed(group)
  const { message, r, s } = base
  const invalid = (flag: string, signature: Uint8Array): Case => ({ message, signature, result: 'invalid', flag })
  const high = signedHigh(group)
  const numbers = [...Array.from({ length: VALID }, () => signed(group)), base, ...(high === undefined ? [] : [high])]
  const [R, S] = [integer(r), integer(s)]
  const body = Buffer.concat([R, S])
  return [
    ...numbers.map(
      (one): Case => ({ message: one.message, signature: der(one), result: 'valid', flag: 'ValidSignature' }),
    ),
    ...(high === undefined ? [] : [missingZero(group, high)]),
    { message: randomBytes(20), signature: der(base), result: 'invalid', flag: 'ModifiedSignature' },
    ...wrongNumbers(group, base).map(([flag, one, other]) => invalid(flag, der({ r: one, s: other }))),
    ...['', '30', '3000', '0500', '300602010002'].map((hex) => invalid('InvalidEncoding', Buffer.from(hex, 'hex'))),
    invalid('BerEncodedSignature', Buffer.from([0x30, 0x82, 0, body.length, ...body])),
    invalid('BerEncodedSignature', Buffer.from([0x30, 0x80, ...body, 0, 0])),
    // Four, since one may fill a short number up to the full length, which is the unsigned form.
    invalid('BerEncodedSignature', sequence(tlv(0x02, new Uint8Array(4), R.subarray(2)), S)),
    invalid('InvalidEncoding', Buffer.concat([der(base), Buffer.from([0])])),
    invalid('InvalidEncoding', sequence(R, S, nullValue())),
    invalid('InvalidEncoding', sequence(R)),
    invalid('InvalidEncoding', sequence(R, S).subarray(0, -1)),
    invalid('InvalidEncoding', tlv(0x31, R, S)),
    ...[nullValue(), boolean(true), octetString(R), sequence(R)].flatMap((other) => [
      invalid('InvalidTypesInSignature', sequence(other, S)),
      invalid('InvalidTypesInSignature', sequence(R, other)),
    ]),
    // Negative: the same magnitude with its sign.
    invalid('ModifiedInteger', sequence(tlv(0x02, Uint8Array.of(0xff), octetsOf(r, group.octets)), S)),
    ...(group.octets > 32 ? [] : [invalid('RangeCheck', der({ r: r + group.order, s }))]),
  ]
}

/** Wycheproof calls it invalid in ECDSA, and acceptable in DSA. */
function missingZero({ key, octets }: Group, { message, r, s }: Signed): Case {
  const signature = lunaEncoding({ r: octetsOf(r, octets), s: octetsOf(s, octets) })
  return { message, signature, result: key.asymmetricKeyType === 'dsa' ? 'acceptable' : 'invalid', flag: 'MissingZero' }
}

export function p1363Cases(group: Group): readonly Case[] {
  const { octets } = group
  const pair = (r: bigint, s: bigint, width = octets): Uint8Array =>
    Buffer.concat([octetsOf(r, width), octetsOf(s, width)])
  const base = signed(group)
  const { message, r, s } = base
  const invalid = (flag: string, signature: Uint8Array): Case => ({ message, signature, result: 'invalid', flag })
  return [
    ...[base, ...Array.from({ length: VALID }, () => signed(group))].map(
      (one): Case => ({ message: one.message, signature: pair(one.r, one.s), result: 'valid', flag: 'ValidSignature' }),
    ),
    { message: randomBytes(20), signature: pair(r, s), result: 'invalid', flag: 'ModifiedInteger' },
    ...wrongNumbers(group, base).map(([flag, one, other]) => invalid(flag, pair(one, other))),
    invalid('SignatureSize', pair(r, s, octets + 1)),
    invalid('SignatureSize', pair(r, s).subarray(1)),
    invalid('SignatureSize', pair(r, s).subarray(0, octets)),
    invalid('SignatureSize', new Uint8Array()),
  ]
}
