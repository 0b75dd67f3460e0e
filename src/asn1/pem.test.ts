import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { PemError, readPem, writePem } from './pem.ts'

const der = Buffer.from('3003020105', 'hex')
const pem = writePem('PUBLIC KEY', der)

describe('PEM', () => {
  it.each([
    ['as written', pem],
    ['with CRLF', pem.replaceAll('\n', '\r\n')],
    ['with a byte order mark and blanks', `\ufeff  \n${pem.replaceAll('\n', ' \n ')}`],
    ['with text around it', `Bag Attributes\n  friendlyName: x\n${pem}bye\n`],
    ['with its base64 on one line', pem.replace(/(?<=KEY-----)\n(.*)\n/, '\n$1\n')],
    ['all on one line', pem.replaceAll('\n', '')],
    ['all on one line, blanks for line feeds', pem.replaceAll('\n', ' ')],
    ['out of a JSON string', JSON.stringify(pem.replaceAll('\n', '\r\n'))],
    ['with prose that names its first and last line', `From -----BEGIN X----- to -----END X-----\n${pem}`],
  ])('is read %s', (_how, text) => {
    expect(readPem(text)).toEqual([{ label: 'PUBLIC KEY', der }])
  })

  it('reads what openssl writes, block by block', () => {
    const key = execFileSync('openssl', ['genpkey', '-algorithm', 'ED25519'], { encoding: 'utf8' })
    const both = `${key}${pem}`
    expect(readPem(both).map(({ label }) => label)).toEqual(['PRIVATE KEY', 'PUBLIC KEY'])
    expect(writePem('PRIVATE KEY', readPem(key)[0]?.der ?? new Uint8Array())).toBe(key)
  })

  it.each([
    ['an end without a beginning', '-----END X-----'],
    ['a beginning without an end', '-----BEGIN X-----\nAAAA\n'],
    ['an end of another name', '-----BEGIN X-----\nAAAA\n-----END Y-----'],
    ['a block in a block', '-----BEGIN X-----\n-----BEGIN X-----\nAAAA\n-----END X-----'],
    ['an empty block', '-----BEGIN X-----\n-----END X-----'],
    ['characters that are not base64', '-----BEGIN X-----\nAA!A\n-----END X-----'],
    ['base64 of the wrong length', '-----BEGIN X-----\nAAA\n-----END X-----'],
  ])('refuses %s', (_what, text) => {
    expect(() => readPem(text)).toThrow(PemError)
  })

  it('reads several blocks of one line, in order', () => {
    const line = `${pem}${writePem('X', Buffer.from('3000', 'hex'))}`.replaceAll('\n', '')
    expect(readPem(line).map(({ label }) => label)).toEqual(['PUBLIC KEY', 'X'])
  })

  it('is not held up by a long line that begins many blocks and ends none', () => {
    const line = '-----BEGIN X-----AAAA '.repeat(30_000)
    expect(readPem(`${line}\n${pem}`)).toHaveLength(1)
  })

  it('finds nothing where nothing begins', () => {
    expect(readPem('hello')).toEqual([])
  })
})
