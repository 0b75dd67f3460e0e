/**
 * Project Wycheproof over every way in which a signature reaches a verdict here. What applies and what does not: docs/suites.md.
 */
import { afterAll, describe, expect, it } from 'vitest'
import type { SignatureHash, SignatureScheme } from '../../src/attestation/certificates/signature-algorithm.ts'
import { LunaLeaf } from './luna-leaf.ts'
import { asCertificate, asRequest, asShared, asSharedCertificate, asStatement } from './signature-paths.ts'
import { algorithmIdentifier, properParameters, readSuites, type Suite, type Vector } from './wycheproof.ts'

const suites = readSuites()
const valid = ({ vectors }: Suite): readonly Vector[] => vectors.filter(({ result }) => result === 'valid')

/** The paths that decide outside the Luna leaf, by name. A path that has no such signatures (DSA in certificates) must refuse them. */
function strictPaths(scheme: SignatureScheme): Readonly<Record<string, (vector: Vector) => boolean>> {
  const algorithm = algorithmIdentifier(scheme, properParameters(scheme))
  return {
    statement: (vector) => asStatement(vector, scheme),
    ...(scheme.encoding === 'der' && scheme.key === 'ec' ? {} : { shared: (vector) => asShared(vector, scheme) }),
    certificate: (vector) => asCertificate(vector, algorithm),
    'shared certificate': (vector) => asSharedCertificate(vector, algorithm),
    request: (vector) => asRequest(vector, algorithm),
  }
}

/** Certificates and requests carry RSA and DER ECDSA alone. */
function pathKnows(path: string, { key, encoding }: SignatureScheme): boolean {
  return path === 'statement' || path === 'shared' || key === 'rsa' || (key === 'ec' && encoding === 'der')
}

const counts: string[] = []
afterAll(() => {
  if (counts.length > 0) process.stdout.write(`${counts.join('\n')}\n`)
})

describe('Wycheproof', () => {
  it.each(suites)('$file: everything valid verifies, nothing else does, on no strict path', (suite) => {
    const paths = Object.entries(strictPaths(suite.scheme))
    const accepted = new Map(paths.map(([path]) => [path, 0]))
    for (const vector of suite.vectors) {
      for (const [path, verify] of paths) {
        const verified = verify(vector)
        // `acceptable` marks legacy encodings (MissingNull, MissingZero): refused, as docs/suites.md decides.
        expect(verified, `${path}: ${vector.name}`).toBe(vector.result === 'valid' && pathKnows(path, suite.scheme))
        if (verified) accepted.set(path, (accepted.get(path) ?? 0) + 1)
      }
    }
    const other = suite.vectors.filter(({ result }) => result !== 'valid').length
    counts.push(
      `${suite.file}: ${suite.vectors.length} vectors, ${other} not valid; accepted by ${[...accepted].map(([path, count]) => `${path} ${count}`).join(', ')}`,
    )
  })

  it('marks as acceptable only legacy encodings that are decided in the documentation', () => {
    const flags = suites.flatMap(({ vectors }) =>
      vectors.filter(({ result }) => result === 'acceptable').flatMap((vector) => vector.flags),
    )
    expect([...new Set(flags)].sort()).toEqual(['MissingNull', 'MissingZero'])
  })

  it.each(suites)('$file: nothing valid verifies under another hash, encoding or kind of key', (suite) => {
    const others = everyScheme().filter((scheme) => describeScheme(scheme) !== describeScheme(suite.scheme))
    for (const vector of valid(suite).slice(0, 12)) {
      for (const scheme of others) {
        expect(asStatement(vector, scheme), `${describeScheme(scheme)}: ${vector.name}`).toBe(false)
      }
    }
  })

  it.each(suites)(
    '$file: nothing valid verifies with parameters that the standard forbids, unless a family names them',
    (suite) => {
      const proper = properParameters(suite.scheme)
      const odd = algorithmIdentifier(suite.scheme, proper === 'null' ? 'absent' : 'null')
      const named = suite.scheme.key === 'rsa' ? { rsaParametersAbsent: true } : { ecdsaParametersNull: true }
      const others = suite.scheme.key === 'rsa' ? { ecdsaParametersNull: true } : { rsaParametersAbsent: true }
      for (const vector of valid(suite).slice(0, 12)) {
        expect(asCertificate(vector, odd), vector.name).toBe(false)
        expect(asSharedCertificate(vector, odd), vector.name).toBe(false)
        expect(asCertificate(vector, odd, { ...others, sha1: true }), vector.name).toBe(false)
        expect(asCertificate(vector, odd, named), vector.name).toBe(pathKnows('certificate', suite.scheme))
      }
    },
  )

  it.each(suites)(
    '$file: a request may have NULL parameters or none, whatever the standard asks for, and no others',
    (suite) => {
      const { key, encoding } = suite.scheme
      const absent = algorithmIdentifier(suite.scheme, 'absent')
      const foreign = { ...absent, parameters: Uint8Array.of(0x04, 0x00) }
      for (const vector of valid(suite).slice(0, 12)) {
        const known = key === 'rsa' || (key === 'ec' && encoding === 'der')
        expect(asRequest(vector, absent), vector.name).toBe(known)
        expect(asRequest(vector, algorithmIdentifier(suite.scheme, 'null')), vector.name).toBe(known)
        expect(asRequest(vector, foreign), vector.name).toBe(false)
      }
    },
  )

  it.each(suites.filter(({ scheme }) => scheme.key === 'rsa'))(
    '$file: a Luna leaf under RSA is judged as any certificate is',
    (suite) => {
      const luna = new LunaLeaf()
      for (const parameters of ['null', 'absent'] as const) {
        const algorithm = algorithmIdentifier(suite.scheme, parameters)
        for (const vector of suite.vectors) {
          expect(luna.accepts(vector, algorithm), vector.name).toBe(vector.result === 'valid' && parameters === 'null')
        }
      }
    },
  )
})

const HASHES: readonly SignatureHash[] = ['sha1', 'sha256', 'sha384', 'sha512']

const everyScheme = (): readonly SignatureScheme[] =>
  HASHES.flatMap((hash): readonly SignatureScheme[] => [
    { key: 'rsa', hash },
    ...(['ec', 'dsa'] as const).flatMap((key) =>
      (['der', 'p1363'] as const).map((encoding): SignatureScheme => ({ key, hash, encoding })),
    ),
  ])

const describeScheme = ({ key, hash, encoding }: SignatureScheme): string => `${key} ${hash} ${encoding ?? ''}`.trim()
