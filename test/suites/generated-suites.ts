/**
 * What stands in for Project Wycheproof where it is not at hand: the same kinds of key and mistake, under keys made for the run. It is
 * smaller, and made by the same hands as what it tests, so the published suite is the proof (docs/suites.md).
 */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { copyOfKey } from '../../devices/export-jwk.ts'
import type { SignatureScheme } from '../../src/attestation/certificates/signature-algorithm.ts'
import { derCases, groupOf, p1363Cases } from './generated-numbers.ts'
import { rsaCases } from './generated-rsa.ts'
import type { Suite, Vector } from './wycheproof.ts'

export interface Case extends Pick<Vector, 'message' | 'signature' | 'result'> {
  readonly flag: string
}

type Generator = (key: KeyObject, spki: Uint8Array, scheme: SignatureScheme) => readonly Case[]
const DER: Generator = (key, spki, { hash }) => derCases(groupOf(key, spki, hash))
const P1363: Generator = (key, spki, { hash }) => p1363Cases(groupOf(key, spki, hash))
const RSA: Generator = (key, _spki, { hash }) => rsaCases(key, hash)

/** The files of the published suite that are read here, by their names. */
// biome-ignore format: a table
const FILES: readonly { readonly file: string; readonly key: string; readonly scheme: SignatureScheme; readonly cases: Generator }[] = [
  { file: 'dsa_2048_256_sha256_test.json', key: 'DSA-2048', scheme: { key: 'dsa', hash: 'sha256', encoding: 'der' }, cases: DER },
  { file: 'dsa_3072_256_sha256_test.json', key: 'DSA-3072', scheme: { key: 'dsa', hash: 'sha256', encoding: 'der' }, cases: DER },
  { file: 'ecdsa_secp256r1_sha256_p1363_test.json', key: 'P-256', scheme: { key: 'ec', hash: 'sha256', encoding: 'p1363' }, cases: P1363 },
  { file: 'ecdsa_secp256r1_sha256_test.json', key: 'P-256', scheme: { key: 'ec', hash: 'sha256', encoding: 'der' }, cases: DER },
  { file: 'ecdsa_secp384r1_sha384_p1363_test.json', key: 'P-384', scheme: { key: 'ec', hash: 'sha384', encoding: 'p1363' }, cases: P1363 },
  { file: 'ecdsa_secp384r1_sha384_test.json', key: 'P-384', scheme: { key: 'ec', hash: 'sha384', encoding: 'der' }, cases: DER },
  { file: 'ecdsa_secp521r1_sha512_p1363_test.json', key: 'P-521', scheme: { key: 'ec', hash: 'sha512', encoding: 'p1363' }, cases: P1363 },
  { file: 'ecdsa_secp521r1_sha512_test.json', key: 'P-521', scheme: { key: 'ec', hash: 'sha512', encoding: 'der' }, cases: DER },
  { file: 'rsa_signature_2048_sha256_test.json', key: 'RSA-2048', scheme: { key: 'rsa', hash: 'sha256' }, cases: RSA },
  { file: 'rsa_signature_3072_sha256_test.json', key: 'RSA-3072', scheme: { key: 'rsa', hash: 'sha256' }, cases: RSA },
  { file: 'rsa_signature_4096_sha256_test.json', key: 'RSA-4096', scheme: { key: 'rsa', hash: 'sha256' }, cases: RSA },
  { file: 'rsa_signature_4096_sha384_test.json', key: 'RSA-4096', scheme: { key: 'rsa', hash: 'sha384' }, cases: RSA },
  { file: 'rsa_signature_4096_sha512_test.json', key: 'RSA-4096', scheme: { key: 'rsa', hash: 'sha512' }, cases: RSA },
]

/** Suites of these kinds of key, or of all. */
export function generatedSuites(kinds: readonly string[] = FILES.map(({ key }) => key)): readonly Suite[] {
  const keys = new Map<string, KeyObject>()
  return FILES.filter(({ key }) => kinds.includes(key)).map(({ file, key, scheme, cases }) => {
    const privateKey = keys.get(key) ?? copyOfKey(generate(key))
    keys.set(key, privateKey)
    const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
    const vectors = cases(privateKey, spki, scheme).map(({ flag, ...one }, index) => ({
      ...one,
      spki,
      name: `generated ${file} #${index + 1} [${flag}]`,
      comment: 'generated',
      flags: [flag],
    }))
    return { file, key, scheme, vectors }
  })
}

function generate(key: string): KeyObject {
  const modulusLength = Number(key.slice(4))
  if (key.startsWith('DSA')) return generateKeyPairSync('dsa', { modulusLength, divisorLength: 256 }).privateKey
  if (key.startsWith('RSA')) return generateKeyPairSync('rsa', { modulusLength }).privateKey
  return generateKeyPairSync('ec', { namedCurve: key }).privateKey
}
