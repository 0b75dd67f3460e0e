import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseNameText } from '../../asn1/name.ts'
import { writePem } from '../../asn1/pem.ts'
import { buildCertificationRequest } from '../../csr/build-certification-request.ts'
import { readPublicKey } from './public-key-input.ts'
import { readCertificationRequest } from './request-input.ts'

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
const { der } = await buildCertificationRequest(
  { subject: parseNameText('CN=Zoë') },
  { publicKey: spki, sign: async (hash, data) => sign(hash.replace('-', ''), data, privateKey) },
)

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** What `>` writes: PowerShell 5, PowerShell on other systems, an editor. */
const FORMS: readonly [string, (text: string) => Uint8Array][] = [
  ['UTF-8', (text) => Buffer.from(text)],
  ['UTF-8 with a byte order mark', (text) => Buffer.from(`\ufeff${text}`)],
  ['UTF-16, little endian', (text) => Buffer.from(`\ufeff${text.replaceAll('\n', '\r\n')}`, 'utf16le')],
  ['UTF-16, big endian', (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  ['UTF-16 without a byte order mark', (text) => Buffer.from(text, 'utf16le')],
]
/** Not text at all by itself, but PEM stands out. */
const CODE_PAGE: (typeof FORMS)[number] = [
  'an 8-bit code page',
  (text) => Buffer.from(`M\u00fcller\n${text}`, 'latin1'),
]

describe.each([...FORMS, CODE_PAGE])('in %s', (_form, write) => {
  it('a request is read', () => {
    expect(hex(readCertificationRequest(write(writePem('CERTIFICATE REQUEST', der))).der)).toBe(hex(der))
  })

  it('a public key is read', () => {
    expect(hex(readPublicKey(write(writePem('PUBLIC KEY', spki))))).toBe(hex(spki))
  })

  it('a key where a request is wanted is named, and the other way round', () => {
    expect(() => readCertificationRequest(write(writePem('PUBLIC KEY', spki)))).toThrow(/found: PUBLIC KEY/)
    expect(() => readPublicKey(write(writePem('CERTIFICATE REQUEST', der)))).toThrow(/found: CERTIFICATE REQUEST/)
  })
})

it.each(FORMS)('a request in base64 alone is read in %s', (_form, write) => {
  expect(hex(readCertificationRequest(write(Buffer.from(der).toString('base64'))).der)).toBe(hex(der))
})
