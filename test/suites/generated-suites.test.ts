import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { generatedSuites } from './generated-suites.ts'

/** Without those whose keys take long to make. */
const suites = generatedSuites(['P-256', 'P-384', 'P-521', 'RSA-2048'])

describe('generated suites', () => {
  it.each(suites)('$file: OpenSSL finds valid what is called valid, and nothing that is called invalid', (suite) => {
    const { hash, encoding } = suite.scheme
    const dsaEncoding = encoding === 'p1363' ? 'ieee-p1363' : 'der'
    for (const { name, result, spki, message, signature } of suite.vectors) {
      if (result === 'acceptable') continue
      const key = createPublicKey({ key: Buffer.from(spki), type: 'spki', format: 'der' })
      expect(verify(hash, message, { key, dsaEncoding }, signature), name).toBe(result === 'valid')
    }
  })

  it('have every kind of mistake that is looked for', () => {
    const flags = new Set(suites.flatMap(({ vectors }) => vectors.flatMap((vector) => vector.flags)))
    for (const flag of ['MissingZero', 'MissingNull', 'BerEncodedSignature', 'SignatureSize', 'ShortPadding', 'NoHash'])
      expect([...flags]).toContain(flag)
  })
})
