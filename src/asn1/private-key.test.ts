import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { privateKeyKind } from './private-key.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const encrypted = { type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' } as const

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'private-key-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a private key is named by its shape', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['PKCS#8', ec.privateKey.export({ type: 'pkcs8', format: 'der' }), /PKCS#8/],
    ['encrypted PKCS#8', ec.privateKey.export(encrypted), /encrypted/],
    ['SEC 1', ec.privateKey.export({ type: 'sec1', format: 'der' }), /EC/],
    ['PKCS#1', rsa.privateKey.export({ type: 'pkcs1', format: 'der' }), /RSA/],
    ['PEM', Buffer.from(ec.privateKey.export({ type: 'pkcs8', format: 'pem' })), /^PRIVATE KEY$/],
    [
      'PEM in UTF-16',
      Buffer.from(ec.privateKey.export({ type: 'sec1', format: 'pem' }) as string, 'utf16le'),
      /EC PRI/,
    ],
    ['OpenSSH', Buffer.from('-----BEGIN OPENSSH PRIVATE KEY-----\n'), /OPENSSH/],
    ['BER PKCS#12', Buffer.from('308002010330800609', 'hex'), /PKCS#12/],
  ])('%s', (_form, bytes, named) => {
    expect(privateKeyKind(bytes)).toMatch(named)
  })

  const base64 = ec.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')
  const around = Buffer.from('00fff130820122ff00', 'hex')
  it.each<[string, string]>([
    ['base64 behind other base64', `${'A'.repeat(64)}\n${base64}`],
    ['base64 behind a line feed that was written as two characters', `"\\n${base64}"`],
    ['base64 of the URL-safe alphabet', base64.replaceAll('+', '-').replaceAll('/', '_')],
    ['a label', '-----BEGIN PRIVATE KEY-----'],
    ['a label with long hyphens', '\u2014BEGIN EC PRIVATE\u00a0KEY'],
    ['a JWK', '{"kty"\u00a0: "EC", "d": "AAAAAAAAAAAAAAAAAAAAAA"}'],
    ['XML', '<RSAKeyValue><D>'],
    ['age', 'AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQ'],
    ['PuTTY', '\nPuTTY-User-Key-File-3'],
  ])('%s, amid binary octets and with zeros between the letters', (_form, text) => {
    expect(privateKeyKind(Buffer.concat([around, Buffer.from(text), around]))).toBeDefined()
    expect(privateKeyKind(Buffer.from(text.replace(/(?<=[!-~])(?=[!-~])/g, '\0')))).toBeDefined()
  })

  it('PKCS#12 as openssl writes it, and no word of the certificate in it', () => {
    const at = (name: string): string => join(folder, name)
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-subj',
        '/CN=x',
        '-keyout',
        at('k'),
        '-out',
        at('c'),
      ],
      { stdio: 'ignore' },
    )
    execFileSync('openssl', [
      'pkcs12',
      '-export',
      '-inkey',
      at('k'),
      '-in',
      at('c'),
      '-passout',
      'pass:x',
      '-out',
      at('p12'),
    ])
    expect(privateKeyKind(readFileSync(at('p12')))).toMatch(/PKCS#12/)
    expect(privateKeyKind(readFileSync(at('c')))).toBeUndefined()
  })
})

describe('is no private key:', () => {
  it.each<[string, Uint8Array]>([
    ['a public key', ec.publicKey.export({ type: 'spki', format: 'der' })],
    ['a PKCS#1 public key', rsa.publicKey.export({ type: 'pkcs1', format: 'der' })],
    ['one INTEGER', Buffer.from('3003020105', 'hex')],
    ['a PKCS#7', Buffer.from('300b06092a864886f70d010702', 'hex')],
    ['nothing', new Uint8Array()],
    ['a lone tag', Buffer.from('30', 'hex')],
    ['text', Buffer.from('the private key stays on the device')],
    [
      'the beginning of the explicit parameters of a curve, as a line of base64 has it',
      Buffer.from(
        Buffer.from(`3081e0020101302c06072a8648ce3d0101022100${'ffffffff00000001'.repeat(3)}`, 'hex').toString(
          'base64',
        ),
      ),
    ],
  ])('%s', (_form, bytes) => {
    expect(privateKeyKind(bytes)).toBeUndefined()
  })
})
