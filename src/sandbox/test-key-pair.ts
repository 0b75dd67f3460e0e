import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { rsaPublicKeyInfo } from '../asn1/public-key-writer.ts'

export interface TestKeyPair {
  readonly privateKey: KeyObject
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
}

export type TestKeyType = 'RSA-2048' | 'RSA-3072' | 'RSA-4096' | 'P-256' | 'P-384' | 'P-521' | 'Ed25519'

/** A software key pair for doubles and synthetic evidence. Never a customer's key. */
export function testKeyPair(type: TestKeyType): TestKeyPair {
  const { publicKey, privateKey } = generate(type)
  return { privateKey, spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })) }
}

/** The public half of an RSA key that nobody has: for what is only attested. A pair of 4096 bits takes seconds. */
export function testRsaPublicKey(bits: number): Uint8Array {
  const modulus = randomBytes(bits / 8)
  modulus[0] = 0x80 | (modulus[0] ?? 0)
  modulus[modulus.length - 1] = 1 | (modulus[modulus.length - 1] ?? 0)
  return rsaPublicKeyInfo(modulus, Uint8Array.of(1, 0, 1))
}

function generate(type: TestKeyType): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  switch (type) {
    case 'RSA-2048':
    case 'RSA-3072':
    case 'RSA-4096':
      return generateKeyPairSync('rsa', { modulusLength: Number(type.slice(4)) })
    case 'P-256':
    case 'P-384':
    case 'P-521':
      return generateKeyPairSync('ec', { namedCurve: type })
    case 'Ed25519':
      return generateKeyPairSync('ed25519')
  }
}
