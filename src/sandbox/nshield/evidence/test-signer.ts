/** Keys of a test world or test module, and signatures in nShield's own encoding. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { readDer } from '../../../asn1/der.ts'
import { bitString, integer, octetString, oid, sequence } from '../../../asn1/der-writer.ts'
import { testKeyPair } from '../../test-key-pair.ts'
import { DSA_3072_DOMAIN } from './dsa-domain.ts'
import { bignum, concat, word } from './message-writer.ts'
import { type NshieldTestKey, testKeyOf } from './test-key.ts'

/** A key that signs as a module or a security officer does. */
export interface NshieldSigner {
  /** Of its signatures: 170 or 187. */
  readonly mechanism: number
  /** The public half. */
  readonly key: NshieldTestKey
  readonly publicKey: KeyObject
  /** M_CipherText. */
  sign(message: Uint8Array): Uint8Array
}

/** `DSA-1024`: no world has one; for evidence that must be refused. */
export type NshieldSignerType = 'DSA-3072' | 'DSA-1024' | 'P-256' | 'P-521'

export function nshieldSigner(type: NshieldSignerType): NshieldSigner {
  switch (type) {
    case 'DSA-3072':
      return dsaSigner()
    case 'DSA-1024':
      return weakDsaSigner()
    default:
      return ecSigner(type)
  }
}

function ecSigner(curve: 'P-256' | 'P-521'): NshieldSigner {
  const { privateKey, spki } = testKeyPair(curve)
  return {
    mechanism: 187,
    key: testKeyOf(spki),
    publicKey: createPublicKey(privateKey),
    sign: (message) => cipherText(187, sign('sha512', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  }
}

/** y = g^x mod p over fixed domain parameters. */
function dsaSigner(): NshieldSigner {
  const { p, q, g } = numbers(DSA_3072_DOMAIN)
  const x = (BigInt(`0x${randomBytes(40).toString('hex')}`) % (q - 1n)) + 1n
  const y = power(g, x, p)
  const algorithm = sequence(oid('1.2.840.10040.4.1'), sequence(integer(p), integer(q), integer(g)))
  const pkcs8 = sequence(integer(0), algorithm, octetString(integer(x)))
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  const spki = sequence(algorithm, bitString(integer(y)))
  return {
    mechanism: 170,
    key: { type: 'DSA', numbers: [p, q, g, y] },
    publicKey: createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }),
    sign: (message) => cipherText(170, sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  }
}

function weakDsaSigner(): NshieldSigner {
  const { privateKey, publicKey } = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 })
  const spki = readDer(publicKey.export({ type: 'spki', format: 'der' }))
  const y = readDer(spki.at(1, 'key').content.subarray(1))
  const found = [...spki.at(0, 'algorithm').at(1, 'parameters').children, y]
  return {
    mechanism: 170,
    key: { type: 'DSA', numbers: found.map(({ content }) => BigInt(`0x${Buffer.from(content).toString('hex')}`)) },
    publicKey,
    sign: (message) => cipherText(170, sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  }
}

const numbers = (domain: Readonly<Record<'p' | 'q' | 'g', string>>) => ({
  p: BigInt(`0x${domain.p}`),
  q: BigInt(`0x${domain.q}`),
  g: BigInt(`0x${domain.g}`),
})

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

function cipherText(mechanism: number, raw: Uint8Array): Uint8Array {
  const half = raw.length / 2
  return concat(word(mechanism), bignum(raw.subarray(0, half)), bignum(raw.subarray(half)))
}
