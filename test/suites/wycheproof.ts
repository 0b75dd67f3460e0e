/** Reads Project Wycheproof's signature vectors (C2SP/wycheproof, testvectors_v1) where they stand beside the project. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AlgorithmIdentifier } from '../../src/asn1/certificate.ts'
import { nullValue, oid, sequence } from '../../src/asn1/der-writer.ts'
import type { SignatureHash, SignatureScheme } from '../../src/attestation/certificates/signature-algorithm.ts'
import { sharedFolder } from '../shared-folder.ts'
import { generatedSuites } from './generated-suites.ts'

/** One case with its key, decoded. */
export interface Vector {
  /** `file #tcId: comment [flags]`. */
  readonly name: string
  readonly comment: string
  readonly flags: readonly string[]
  readonly result: 'valid' | 'invalid' | 'acceptable'
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

export interface Suite {
  readonly file: string
  /** What the file's own fields `algorithm`, `schema`, `sha` and its curves say. */
  readonly scheme: SignatureScheme
  /** `P-256`, `RSA-2048`, `DSA-3072`. */
  readonly key: string
  readonly vectors: readonly Vector[]
}

interface File {
  readonly algorithm: string
  readonly schema: string
  readonly numberOfTests: number
  readonly testGroups: readonly {
    readonly sha: string
    readonly keySize?: number
    readonly publicKey?: { readonly curve?: string; readonly keySize?: number }
    readonly publicKeyDer: string
    readonly tests: readonly {
      readonly tcId: number
      readonly comment: string
      readonly flags: readonly string[]
      readonly msg: string
      readonly sig: string
      readonly result: Vector['result']
    }[]
  }[]
}

const KEYS: Readonly<Record<string, SignatureScheme['key']>> = { ECDSA: 'ec', 'RSASSA-PKCS1-v1_5': 'rsa', DSA: 'dsa' }
const HASHES: Readonly<Record<string, SignatureHash>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
}
const CURVES: Readonly<Record<string, string>> = { secp256r1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/** Every file of the suite, or what stands in for it where the folder is absent. Throws where a file says something that is not known here. */
export function readSuites(): readonly Suite[] {
  const folder = sharedFolder('suites')
  if (folder === undefined) return generatedSuites()
  const names = readdirSync(join(folder, 'wycheproof')).filter((name) => name.endsWith('.json'))
  return names.map((name) => readSuite(name, JSON.parse(readFileSync(join(folder, 'wycheproof', name), 'utf8'))))
}

function readSuite(file: string, { algorithm, schema, numberOfTests, testGroups }: File): Suite {
  const [first] = testGroups
  const key = KEYS[algorithm]
  const hash = HASHES[first?.sha ?? '']
  if (
    first === undefined ||
    key === undefined ||
    hash === undefined ||
    testGroups.some(({ sha }) => sha !== first.sha)
  ) {
    throw new Error(`${file} is of a kind that is not known here`)
  }
  const vectors = testGroups.flatMap(({ publicKeyDer, tests }) => {
    const spki = Buffer.from(publicKeyDer, 'hex')
    return tests.map(({ tcId, comment, flags, msg, sig, result }) => ({
      name: `${file} #${tcId}: ${comment} [${flags.join(', ')}]`,
      comment,
      flags,
      result,
      spki,
      message: Buffer.from(msg, 'hex'),
      signature: Buffer.from(sig, 'hex'),
    }))
  })
  if (vectors.length !== numberOfTests)
    throw new Error(`${file} announces ${numberOfTests} tests, has ${vectors.length}`)
  const encoding = schema.includes('p1363') ? 'p1363' : 'der'
  return {
    file,
    scheme: key === 'rsa' ? { key, hash } : { key, hash, encoding },
    key: CURVES[first.publicKey?.curve ?? ''] ?? `${key.toUpperCase()}-${first.keySize ?? first.publicKey?.keySize}`,
    vectors,
  }
}

/** RFC 8017 A.2.4, RFC 5758 3.2. DSA certificates are issued by none of the six vendors: no AlgorithmIdentifier of theirs is known. */
const SIGNATURE_OIDS: Readonly<Record<string, string>> = {
  'rsa sha256': '1.2.840.113549.1.1.11',
  'rsa sha384': '1.2.840.113549.1.1.12',
  'rsa sha512': '1.2.840.113549.1.1.13',
  'ec sha256': '1.2.840.10045.4.3.2',
  'ec sha384': '1.2.840.10045.4.3.3',
  'ec sha512': '1.2.840.10045.4.3.4',
  'dsa sha256': '2.16.840.1.101.3.4.3.2',
}

/** The AlgorithmIdentifier of a scheme, with NULL parameters or without any. */
export function algorithmIdentifier(
  { key, hash }: SignatureScheme,
  parameters: 'null' | 'absent',
): AlgorithmIdentifier {
  const name = SIGNATURE_OIDS[`${key} ${hash}`] ?? ''
  return parameters === 'absent'
    ? { oid: name, der: sequence(oid(name)) }
    : { oid: name, parameters: nullValue(), der: sequence(oid(name), nullValue()) }
}

/** The parameters that the standards want with a scheme. */
export const properParameters = ({ key }: SignatureScheme): 'null' | 'absent' => (key === 'rsa' ? 'null' : 'absent')
