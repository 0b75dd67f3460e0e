import { X509Certificate } from 'node:crypto'
import * as tls from 'node:tls'
import { expect, it } from 'vitest'
import { rootCertificates } from './root-certificates.ts'

const [first = '', second = ''] = tls.rootCertificates
/** A certificate as some file has it: other line ends, and words around it. */
const wrapped = (pem: string): string => `# A root\n${pem.replaceAll('\n', '\r\n')}\r\n`
const prints = (list: readonly string[]): readonly string[] =>
  list.map((pem) => new X509Certificate(pem).fingerprint256)

it('every root is listed, and once, whoever brings it', () => {
  const without = prints(rootCertificates(undefined))
  expect(new Set(without).size).toBe(without.length)
  expect(without).toEqual(expect.arrayContaining([...prints(tls.rootCertificates)]))
  expect(prints(rootCertificates(first))).toEqual(without)
})

it('a file of several certificates, with words and other line ends, is read to its last', () => {
  const listed = prints(rootCertificates([first, second].map(wrapped).join('\n')))
  expect(listed).toEqual(expect.arrayContaining([...prints([first, second])]))
})
