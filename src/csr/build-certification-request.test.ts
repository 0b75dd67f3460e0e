import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { HashName } from '../../devices/device.ts'
import { readExtensions } from '../asn1/certificate.ts'
import { contextTag, readDer } from '../asn1/der.ts'
import { bitString, boolean, integer, nullValue, octetString, oid, sequence, setOf, tlv } from '../asn1/der-writer.ts'
import { encodeName, formatName, parseName, parseNameText } from '../asn1/name.ts'
import { readCertificationRequest } from '../check/read/request-input.ts'
import { buildCertificationRequest, checkRequestTemplate, type RequestSigner } from './build-certification-request.ts'
import { requestHash, verifyCertificationRequest } from './certification-request.ts'

const folder = mkdtempSync(join(tmpdir(), 'csr-'))
afterAll(() => rmSync(folder, { recursive: true }))

const signerOf = (publicKey: KeyObject, privateKey: KeyObject): RequestSigner => ({
  publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
  sign: async (hash: HashName, data: Uint8Array) => sign(hash.replace('-', ''), data, privateKey),
})

const keys: readonly [string, RequestSigner][] = [
  ['RSA 2048', signerOf(...pair(generateKeyPairSync('rsa', { modulusLength: 2048 })))],
  ['P-256', signerOf(...pair(generateKeyPairSync('ec', { namedCurve: 'P-256' })))],
  ['P-384', signerOf(...pair(generateKeyPairSync('ec', { namedCurve: 'P-384' })))],
]

function pair(keys: { publicKey: KeyObject; privateKey: KeyObject }): [KeyObject, KeyObject] {
  return [keys.publicKey, keys.privateKey]
}

function ecRequest(): { readonly key: Uint8Array; readonly info: Uint8Array; readonly signature: Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const info = sequence(integer(0), encodeName(parseNameText('CN=test.example,C=CA')), key, tlv(contextTag(0)))
  return { key, info, signature: sign('sha256', info, privateKey) }
}

/** PEM. */
function requestOfOpenssl(): string {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes', '-keyout', join(folder, 'k.pem')]
  const words = ['req', '-new', ...key, '-subj', '/C=NL/O=Acme/CN=x', '-sha384']
  return execFileSync('openssl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

/** What openssl prints of a request whose signature verifies; it ends with 0 for any other, too, and says so on stderr. */
function openssl(der: Uint8Array): string {
  const args = ['req', '-inform', 'DER', '-verify', '-noout', '-text', '-nameopt', 'rfc2253,utf8,-esc_msb']
  const { stdout, stderr } = spawnSync('openssl', args, { input: der, encoding: 'utf8' })
  expect(stderr).toContain('self-signature verify OK')
  return stdout
}

describe.each(keys)('a request signed by a %s key', (_name, signer) => {
  it.each(['SHA-256', 'SHA-384', 'SHA-512'] as const)('verifies with openssl (%s)', async (hash) => {
    const request = await buildCertificationRequest(
      { subject: parseNameText('CN=Example Ltd,O=Example Ltd,L=Utrecht,C=NL'), hash },
      signer,
    )
    expect(requestHash(request)).toBe(hash)
    expect(openssl(request.der)).toContain('Subject: CN=Example Ltd,O=Example Ltd,L=Utrecht,C=NL')
  })
})

describe('buildCertificationRequest', () => {
  const signer = keys[1]?.[1] as RequestSigner

  it('writes subject alternative names and usages that openssl reads back', async () => {
    const request = await buildCertificationRequest(
      {
        subject: parseNameText('emailAddress=signer@example.com,CN=Zoë Müller\\, MSc,C=NL'),
        subjectAltNames: [
          { type: 'email', value: 'signer@example.com' },
          { type: 'dns', value: 'example.com' },
          { type: 'ip', value: '192.0.2.1' },
          { type: 'ip', value: '2001:db8::1' },
          { type: 'uri', value: 'https://example.com/x' },
        ],
        keyUsage: ['digitalSignature', 'nonRepudiation'],
        extendedKeyUsage: ['1.3.6.1.5.5.7.3.36'],
      },
      signer,
    )
    const text = openssl(request.der)
    expect(text).toContain('Zoë Müller\\, MSc')
    expect(text).toContain(
      'email:signer@example.com, DNS:example.com, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1',
    )
    expect(text).toContain('Digital Signature, Non Repudiation')
    expect(formatName(parseName(request.subject))).toBe('emailAddress=signer@example.com,CN=Zoë Müller\\, MSc,C=NL')
  })

  it('keeps country a PrintableString, e-mail an IA5String and the rest UTF8String', async () => {
    const request = await buildCertificationRequest(
      { subject: parseNameText('emailAddress=a@b.example,O=Acme,C=NL') },
      signer,
    )
    const file = join(folder, 'request.der')
    writeFileSync(file, request.der)
    const text = execFileSync('openssl', ['asn1parse', '-inform', 'DER', '-in', file], { encoding: 'utf8' })
    expect(text).toMatch(/PRINTABLESTRING\s+:NL[\s\S]*UTF8STRING\s+:Acme[\s\S]*IA5STRING\s+:a@b.example/)
  })

  it.each([
    ['email', 'zoë@a.example'],
    ['email', 'nobody'],
    ['dns', 'münchen.example'],
    ['dns', 'not a host'],
    ['dns', '-x.example'],
    ['uri', 'no address'],
    ['uri', 'https://a.example/ä'],
    ['ip', '300.1.1.1'],
    ['ip', 'fe80::1%eth0'],
  ] as const)('refuses the alternative name %s:%s before a key is made for it', async (type, value) => {
    const template = { subject: parseNameText('CN=x'), subjectAltNames: [{ type, value }] }
    await expect(checkRequestTemplate(template)).rejects.toMatchObject({ code: 'csr.subject-alt-name' })
  })

  it('refuses what a device signed with another key', async () => {
    const other = keys[1]?.[1] as RequestSigner
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const liar: RequestSigner = {
      publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
      sign: other.sign,
    }
    await expect(buildCertificationRequest({ subject: parseNameText('CN=x') }, liar)).rejects.toMatchObject({
      code: 'csr.signature',
      exitCode: 3,
    })
  })

  it('reads requests that openssl makes, in PEM, UTF-16, DER, base64 of either and with the NEW label', () => {
    const pem = requestOfOpenssl()
    const request = readCertificationRequest(Buffer.from(pem))
    expect(verifyCertificationRequest(request)).toBe(true)
    for (const form of [
      Buffer.from(request.der),
      Buffer.from(Buffer.from(request.der).toString('base64')),
      Buffer.from(pem.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST').replaceAll('\n', '\r\n')),
      Buffer.from(`\ufeff${pem}`),
      Buffer.from(`\ufeff${pem}`, 'utf16le'),
      Buffer.from(Buffer.from(pem).toString('base64')),
    ]) {
      expect(Buffer.compare(readCertificationRequest(form).der, request.der)).toBe(0)
    }
  })

  it('takes a request of an EC key whose algorithm has NULL parameters, as cmu of Luna writes it', () => {
    const { key, info, signature } = ecRequest()
    const withParameters = (parameters: Uint8Array): Uint8Array =>
      sequence(info, sequence(oid('1.2.840.10045.4.3.2'), parameters), bitString(signature))
    const request = readCertificationRequest(withParameters(nullValue()))
    expect(openssl(request.der)).toContain('ecdsa-with-SHA256')
    expect(verifyCertificationRequest(request)).toBe(true)
    expect(requestHash(request)).toBe('SHA-256')
    expect(Buffer.compare(request.spki, key)).toBe(0)
    expect(verifyCertificationRequest(readCertificationRequest(withParameters(octetString(new Uint8Array()))))).toBe(
      false,
    )
  })

  it('takes requested extensions with critical FALSE written out, which are no evidence', () => {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const usage = sequence(oid('2.5.29.15'), boolean(false), octetString(bitString(Uint8Array.of(0x80), 7)))
    const requested = sequence(oid('1.2.840.113549.1.9.14'), setOf(sequence(usage)))
    const key = keys.publicKey.export({ type: 'spki', format: 'der' })
    const info = sequence(integer(0), encodeName(parseNameText('CN=x')), key, tlv(contextTag(0), requested))
    const algorithm = sequence(oid('1.2.840.10045.4.3.2'))
    const request = readCertificationRequest(
      sequence(info, algorithm, bitString(sign('sha256', info, keys.privateKey))),
    )
    expect(openssl(request.der)).toContain('Digital Signature')
    expect(request.extensions.get('2.5.29.15')).toMatchObject({ critical: false })
    expect(verifyCertificationRequest(request)).toBe(true)
  })

  it('takes an empty list of requested extensions, as ykman 4.0 writes it; a certificate with one stays malformed', () => {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const requested = sequence(oid('1.2.840.113549.1.9.14'), setOf(sequence()))
    const key = keys.publicKey.export({ type: 'spki', format: 'der' })
    const info = sequence(integer(0), encodeName(parseNameText('CN=x')), key, tlv(contextTag(0), requested))
    const algorithm = sequence(oid('1.2.840.10045.4.3.2'))
    const request = readCertificationRequest(
      sequence(info, algorithm, bitString(sign('sha256', info, keys.privateKey))),
    )
    expect(openssl(request.der)).toContain('Subject: CN=x')
    expect(request.extensions.size).toBe(0)
    expect(verifyCertificationRequest(request)).toBe(true)
    expect(() => readExtensions(readDer(sequence()))).toThrow(/Extensions is empty/)
  })

  it('does not choose between two requests', () => {
    const pem = requestOfOpenssl()
    expect(() => readCertificationRequest(Buffer.from(pem + pem))).toThrow(/the file holds 2/)
  })

  it('says no to a request with one changed bit', () => {
    const pem = requestOfOpenssl()
    const { der } = readCertificationRequest(Buffer.from(pem))
    const changed = Uint8Array.from(der)
    const at = Buffer.from(changed).indexOf('Acme')
    changed[at] = (changed[at] ?? 0) ^ 0x02
    expect(verifyCertificationRequest(readCertificationRequest(changed))).toBe(false)
  })
})
