/**
 * The signature layer against Project Wycheproof. What applies: every file of ../shared/suites/wycheproof (ECDSA P-256, P-384, P-521
 * in DER and r || s; RSA PKCS#1 v1.5 2048 to 4096; DSA 2048 and 3072), each under the scheme its name says.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sharedFolder } from '../../test/shared-folder.ts'
import type { SignatureHash, SignatureScheme } from './signature-algorithm.ts'
import { verifySignature } from './verify-signature.ts'

interface WycheproofTest {
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly msg: string
  readonly sig: string
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

interface WycheproofFile {
  readonly numberOfTests: number
  readonly testGroups: readonly { readonly publicKeyDer: string; readonly tests: readonly WycheproofTest[] }[]
}

const NAME = /^(ecdsa|rsa|dsa)_.*?(sha256|sha384|sha512)(_p1363)?_test\.json$/
const KEY = { ecdsa: 'ec', rsa: 'rsa', dsa: 'dsa' } as const
const HASHES: readonly SignatureHash[] = ['sha256', 'sha384', 'sha512']

function schemeOf(file: string): SignatureScheme {
  const [, kind, hashName, p1363] = NAME.exec(file) ?? []
  const key = kind === 'ecdsa' || kind === 'rsa' || kind === 'dsa' ? KEY[kind] : undefined
  const hash = HASHES.find((known) => known === hashName)
  if (key === undefined || hash === undefined) throw new Error(`no scheme for ${file}`)
  return key === 'rsa' ? { key, hash } : { key, hash, encoding: p1363 === undefined ? 'der' : 'p1363' }
}

const folder = sharedFolder('suites')
const files =
  folder === undefined ? [] : readdirSync(join(folder, 'wycheproof')).filter((name) => name.endsWith('.json'))

describe.runIf(folder !== undefined)('Wycheproof', () => {
  it.each(files)('%s: nothing invalid verifies, everything valid does', (file) => {
    const suite: WycheproofFile = JSON.parse(readFileSync(join(folder ?? '', 'wycheproof', file), 'utf8'))
    const scheme = schemeOf(file)
    let count = 0
    for (const { publicKeyDer, tests } of suite.testGroups) {
      const spki = Buffer.from(publicKeyDer, 'hex')
      for (const { tcId, comment, flags, msg, sig, result } of tests) {
        count++
        const verified = verifySignature(scheme, spki, Buffer.from(msg, 'hex'), Buffer.from(sig, 'hex'))
        // `acceptable` marks legacy leniencies (DigestInfo without NULL); strictness refuses them all.
        expect(verified, `${file} ${tcId}: ${comment} [${flags.join(', ')}]`).toBe(result === 'valid')
      }
    }
    expect(count).toBe(suite.numberOfTests)
  })
})
