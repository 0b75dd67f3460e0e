import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPem } from '../../asn1/pem.ts'
import { EnrollError } from '../../errors.ts'
import { readCollection } from '../../sectigo/collection/collect.ts'
import { readCertificates } from './certificates-input.ts'

/** Certificates and containers made by OpenSSL, not by this project. */
const folder = mkdtempSync(join(tmpdir(), 'read-certificates-'))
const openssl = (...args: readonly string[]) => execFileSync('openssl', [...args], { cwd: folder, stdio: 'pipe' })
const file = (name: string): Buffer => readFileSync(join(folder, name))
let one = Buffer.alloc(0)
let two = Buffer.alloc(0)

beforeAll(() => {
  for (const name of ['one', 'two']) {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-subj',
      `/CN=${name}`,
      '-days',
      '30',
      '-out',
      `${name}.pem`,
    )
  }
  writeFileSync(join(folder, 'both.pem'), Buffer.concat([file('one.pem'), file('two.pem')]))
  openssl('crl2pkcs7', '-nocrl', '-certfile', 'both.pem', '-outform', 'DER', '-out', 'both.p7b')
  openssl('crl2pkcs7', '-nocrl', '-certfile', 'both.pem', '-out', 'both.p7.pem')
  one = Buffer.from(readPem(file('one.pem').toString())[0]?.der ?? [])
  two = Buffer.from(readPem(file('two.pem').toString())[0]?.der ?? [])
})
afterAll(() => rmSync(folder, { recursive: true }))

const hex = (list: readonly Uint8Array[]) => list.map((der) => Buffer.from(der).toString('hex')).sort()
const both = () => hex([one, two])

/** A ZIP by the book (PKWARE APPNOTE 4.3), stored or deflated. */
function zip(
  entries: readonly {
    readonly name: string
    readonly bytes: Uint8Array
    readonly deflate?: boolean
    readonly size?: number
  }[],
): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const { name, bytes, deflate = true, size = bytes.length } of entries) {
    const data = deflate ? deflateRawSync(bytes) : Buffer.from(bytes)
    const header = Buffer.alloc(26)
    header.writeUInt16LE(20, 0)
    header.writeUInt16LE(deflate ? 8 : 0, 4)
    header.writeUInt32LE(crc32(bytes), 10)
    header.writeUInt32LE(data.length, 14)
    header.writeUInt32LE(size, 18)
    header.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), header, Buffer.from(name), data])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(at, 10)
    directory.push(
      Buffer.concat([Buffer.from('PK\u0001\u0002'), Buffer.from([20, 0]), header, tail, Buffer.from(name)]),
    )
    locals.push(local)
    at += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(entries.length, 4)
  end.writeUInt16LE(entries.length, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...locals, central, Buffer.from('PK\u0005\u0006'), end])
}

describe('certificates are read from', () => {
  test('PEM, DER, PKCS#7 in DER and PEM, bare base64 of either', () => {
    expect(hex(readCertificates(file('both.pem')))).toEqual(both())
    expect(hex(readCertificates(one))).toEqual(hex([one]))
    expect(hex(readCertificates(file('both.p7b')))).toEqual(both())
    expect(hex(readCertificates(file('both.p7.pem')))).toEqual(both())
    expect(hex(readCertificates(Buffer.from(file('both.p7b').toString('base64'))))).toEqual(both())
    expect(hex(readCertificates(Buffer.from(one.toString('base64'))))).toEqual(hex([one]))
  })
  test('a ZIP with a read-me in it, stored and deflated; each certificate once', () => {
    const bytes = zip([
      { name: 'readme.txt', bytes: Buffer.from('Thank you!') },
      { name: 'one.crt', bytes: file('one.pem'), deflate: false },
      { name: 'bundle.crt', bytes: file('both.pem') },
      { name: 'folder/', bytes: Buffer.alloc(0), deflate: false },
    ])
    expect(hex(readCertificates(bytes))).toEqual(both())
  })
  test('not from keys, bombs, damaged files or nothing', () => {
    for (const input of [
      Buffer.alloc(0),
      Buffer.from('hello'),
      file('one.key'),
      file('both.pem').subarray(0, 300),
      one.subarray(0, -1),
      Buffer.alloc((1 << 20) + 1, 0x41),
      zip([{ name: 'readme.txt', bytes: Buffer.from('x') }]),
      zip([{ name: 'bomb.crt', bytes: Buffer.alloc(5_000_000), size: 100 }]),
      zip([{ name: 'big.crt', bytes: Buffer.alloc(300_000) }]),
      zip(Array.from({ length: 33 }, () => ({ name: 'a', bytes: Buffer.from('x') }))),
      zip([{ name: 'one.crt', bytes: one }]).subarray(0, -10),
    ]) {
      expect(() => readCertificates(input)).toThrow(EnrollError)
    }
  })
  test('nothing random, without any other error', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom('', 'PK\u0003\u0004', '0', '2\n'),
        (bytes, prefix) => {
          try {
            readCertificates(Buffer.concat([Buffer.from(prefix), bytes]))
          } catch (error) {
            expect(error).toBeInstanceOf(EnrollError)
          }
          readCollection(bytes)
        },
      ),
    )
  })
})

describe('the reply of a collection', () => {
  const read = (body: string | Uint8Array) => {
    const reply = readCollection(Buffer.from(body))
    return reply.kind === 'issued' ? hex(reply.certificates) : reply.kind === 'refused' ? reply.code : reply.kind
  }
  test('2 with certificates in any form is issued', () => {
    expect(read(`2\n${file('both.pem')}`)).toEqual(both())
    expect(read(`2\r\n${file('both.p7b').toString('base64')}`)).toEqual(both())
    expect(read(file('both.p7b'))).toEqual(both())
    expect(read(zip([{ name: 'a.crt', bytes: file('both.pem') }]))).toEqual(both())
    const encoded = new URLSearchParams({
      errorCode: '2',
      certificate: file('one.pem').toString(),
      caCertificate: file('two.pem').toString(),
    })
    expect(read(encoded.toString())).toEqual(both())
  })
  test('0 and 1 are not yet, below 0 is refused, the rest is unreadable', () => {
    expect(read('0')).toBe('not-yet')
    expect(read('1\nsomething')).toBe('not-yet')
    expect(read("-3\nThe 'x' argument is missing!")).toBe(-3)
    expect(read('errorCode=-16&errorMessage=no')).toBe(-16)
    expect(read('2\n')).toBe('unreadable')
    expect(read('<html></html>')).toBe('unreadable')
    expect(read('')).toBe('unreadable')
  })
})
