/** The vectors against the other side of the door: the signatures of the page, and of `hsm-enroll/check` in a browser. */
import { expect, it } from 'vitest'
import { readPublicNumbers } from '../../../src/asn1/public-numbers.ts'
import { isStrictSignature } from '../../../src/asn1/signature-value.ts'
import { importKey, verifyWith } from '../../../src/primitives/portable.ts'
import { readSuites } from '../../suites/wycheproof.ts'

const TYPES = { rsa: 'RSA', ec: 'EC', dsa: 'DSA' } as const

it.each(readSuites())('$file: everything valid verifies without Node.js, nothing else does', ({ scheme, vectors }) => {
  const { key: type, hash, encoding = 'der' } = scheme
  for (const { name, result, spki, message, signature } of vectors) {
    const numbers = readPublicNumbers(spki)
    const key = numbers?.type === TYPES[type] ? importKey(numbers, spki) : undefined
    const strict = type === 'rsa' || encoding === 'p1363' || isStrictSignature(signature)
    const verified = key !== undefined && strict && verifyWith(hash, key, message, signature, encoding)
    expect(verified, name).toBe(result === 'valid')
  }
})
