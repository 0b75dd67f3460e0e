/** Input made to cost its reader time or memory, each as long as the CA's bound allows: 32,767 characters of base64. */
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { explicit, integer, nullValue, octetString, oid, sequence, setOf, tlv } from '../../src/asn1/der-writer.ts'
import { writePem } from '../../src/asn1/pem.ts'

export interface HostileShape {
  readonly name: string
  /** A file, or a package before base64. Certificates are signed anew each time, so that no memory of signatures helps. */
  readonly make: () => Uint8Array
  /** Names of the readers that it is meant for; all of them by default. */
  readonly readers?: readonly string[]
}

/** Bytes before base64, and characters of a file that is text already. */
export const PACKAGE_BYTES = 24_573
export const TEXT_CHARACTERS = 32_767

const shape = (name: string, content: Uint8Array | string): HostileShape => {
  const bytes = Buffer.from(content)
  return { name, make: () => bytes }
}

/** `unit` repeated up to `length`, `around` put about it. */
function filled(unit: string, length: number, around: readonly [string, string] = ['', '']): string {
  const room = length - around[0].length - around[1].length
  return around[0] + unit.repeat(Math.max(Math.floor(room / unit.length), 0)) + around[1]
}

/** Values within values, each with a length of three octets, up to the bound. */
function nested(tag: number, innermost: Uint8Array): Uint8Array {
  const depth = Math.floor((PACKAGE_BYTES - innermost.length) / 4)
  const out = Buffer.alloc(4 * depth + innermost.length)
  for (let level = 0; level < depth; level++) {
    const inner = out.length - 4 * (level + 1)
    out.writeUInt32BE(((tag << 24) | (0x82 << 16) | inner) >>> 0, 4 * level)
    if (inner < 0x100) return out.subarray(0, 4 * level)
  }
  return Buffer.concat([out.subarray(0, 4 * depth), innermost])
}

const many = (item: Uint8Array, room = PACKAGE_BYTES - 64): readonly Uint8Array[] =>
  Array.from({ length: Math.floor(room / item.length) }, () => item)

/** An OBJECT IDENTIFIER of as many arcs, or of one arc of as many octets. */
const longOid = (octets: number, oneArc: boolean): Uint8Array =>
  tlv(0x06, Buffer.from([0x2a, ...Array.from({ length: octets - 2 }, () => (oneArc ? 0xff : 0x01)), 0x01]))

const SIGNED_DATA = oid('1.2.840.113549.1.7.2')

const pkcs7 = (certificates: readonly Uint8Array[], type: Uint8Array = SIGNED_DATA): Uint8Array =>
  sequence(
    type,
    explicit(
      0,
      sequence(integer(1), setOf(), sequence(oid('1.2.840.113549.1.7.1')), tlv(0xa0, ...certificates), setOf()),
    ),
  )

const derShapes = (): readonly HostileShape[] => [
  shape('SEQUENCEs within SEQUENCEs', nested(0x30, nullValue())),
  shape('context tags within context tags', nested(0xa0, nullValue())),
  shape('SETs within a PKCS#7', pkcs7([nested(0x31, nullValue()).subarray(0, 20_000)])),
  shape('12,000 empty values', sequence(...many(sequence()))),
  shape('12,000 empty values in a PKCS#7', pkcs7(many(sequence()))),
  shape('12,000 certificates without content, one after another', Buffer.concat(many(sequence()))),
  shape('an OID of 24,000 arcs', sequence(longOid(24_000, false), nullValue())),
  shape('an OID of one arc', sequence(longOid(24_000, true), nullValue())),
  shape('a PKCS#7 of a type of 24,000 arcs', pkcs7([], longOid(24_000, false))),
  shape('8,000 OIDs', sequence(...many(oid('1.2')))),
  shape('an INTEGER of 24,000 octets', sequence(integer(Buffer.alloc(24_000, 0x7f)))),
  shape('lengths that promise 4 GiB', Buffer.concat(many(Buffer.from('3084ffffffff', 'hex')))),
  shape('an OCTET STRING of everything', sequence(octetString(Buffer.alloc(24_000)))),
]

/** Deflate reaches about 1,000 : 1; a stream of zeros that fills the bound unpacks to some 24 MB. */
function gzipBomb(): Buffer {
  const bomb = gzipSync(Buffer.alloc(24_000_000), { level: 9 })
  return bomb.length <= PACKAGE_BYTES ? bomb : gzipSync(Buffer.alloc(23_000_000), { level: 9 })
}

const gzipShapes = (): readonly HostileShape[] => [
  shape('a gzip of zeros', gzipBomb()),
  shape('a gzip of a gzip of zeros', gzipSync(gzipSync(Buffer.alloc(60_000_000)))),
  shape('1,200 empty gzip members', Buffer.concat(many(gzipSync(Buffer.alloc(0))))),
  shape('gzip members of 64 KiB each', Buffer.concat(many(gzipSync(Buffer.alloc(1 << 16))))),
  shape(
    'a gzip name without end',
    Buffer.concat([Buffer.from('1f8b0808000000000003', 'hex'), Buffer.alloc(24_000, 0x61)]),
  ),
]

const JSON_NAMES = ['attestation_statement', 'authority_chain', 'modstatemsg', 'kcmsg', 'attestation'] as const

const jsonShapes = (): readonly HostileShape[] => [
  shape('32,000 brackets', '['.repeat(TEXT_CHARACTERS)),
  shape('lists within lists', `{"a":${'['.repeat(16_000)}${']'.repeat(16_000)}}`),
  shape('objects within objects', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`),
  ...JSON_NAMES.map((name) =>
    shape(
      `lists within ${name}`,
      `{"attestation_statement":1,"authority_chain":1,"modstatemsg":1,"kcmsg":1,"${name}":${'['.repeat(16_000)}${']'.repeat(16_000)}}`,
    ),
  ),
  shape(
    'Fortanix, 8,000 certificates',
    filled('"MAA=",', TEXT_CHARACTERS, [
      '{"attestation_statement":{"format":"x509_certificate","statement":"MAA="},"authority_chain":[',
      '"MAA="]}',
    ]),
  ),
  shape(
    'Cloud KMS, 8,000 chains',
    filled('"",', TEXT_CHARACTERS, [
      '{"attestation":{"format":"CAVIUM_V2_COMPRESSED","content":"H4sI","certChains":{"caviumCerts":[',
      '""]}}}',
    ]),
  ),
  shape(
    '3,000 members',
    `{${Array.from({ length: 3000 }, (_, index) => `"m${index}":1`).join()},"kcmsg":1,"modstatemsg":1}`,
  ),
  shape('members with one name', filled('"kcmsg":"","modstatemsg":"",', TEXT_CHARACTERS, ['{', '"kcmsg":""}'])),
  shape('blanks behind names', filled(' ', TEXT_CHARACTERS, ['{"kcmsg":"","modstatemsg"', ':1}'])),
  shape('quotation marks', filled('"', TEXT_CHARACTERS, ['{"kcmsg"', '"modstatemsg"}'])),
  shape('a number without end', filled('9', TEXT_CHARACTERS, ['{"kcmsg":1,"modstatemsg":', '}'])),
]

const textShapes = (): readonly HostileShape[] => [
  shape(
    '1,000 PEM certificates',
    filled('-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n', TEXT_CHARACTERS),
  ),
  shape('PEM that begins 1,000 times', filled('-----BEGIN CERTIFICATE-----\n', TEXT_CHARACTERS)),
  shape(
    'PEM that ends 1,000 times',
    filled('-----END CERTIFICATE-----\n', TEXT_CHARACTERS, ['-----BEGIN CERTIFICATE-----\n', '']),
  ),
  shape(
    'PEM of empty lines',
    filled('\n', TEXT_CHARACTERS, ['-----BEGIN CERTIFICATE-----\n', '\n-----END CERTIFICATE-----\n']),
  ),
  shape('PEM of blanks', filled(' ', TEXT_CHARACTERS, ['-----BEGIN PKCS7-----\n', '\n-----END PKCS7-----\n'])),
  shape('dashes', '-'.repeat(TEXT_CHARACTERS)),
  shape('blanks', ' '.repeat(TEXT_CHARACTERS)),
  shape('blanks within base64', filled(' ', TEXT_CHARACTERS, ['MAA', '='])),
  shape('base64 and a stranger', filled('A', TEXT_CHARACTERS, ['', '!'])),
  shape('base64 of one letter', 'A'.repeat(32_764)),
  shape('base64 with lines of one letter', filled('A\n', TEXT_CHARACTERS)),
  shape(
    'base64 in base64, six times',
    Array.from({ length: 6 }).reduce<string>((text) => Buffer.from(text).toString('base64'), 'A'.repeat(4000)),
  ),
  shape('a PEM in UTF-16', Buffer.from(`\ufeff${'-----BEGIN CERTIFICATE-----\n'.repeat(400)}`, 'utf16le')),
  shape('a PKCS#7 of nests in PEM', writePem('PKCS7', pkcs7([nested(0x30, nullValue()).subarray(0, 18_000)]))),
]

interface ZipOptions {
  readonly entries: number
  /** Bytes that every entry says it has. */
  readonly size: number
  /** As the end record counts them; `entries` by default. */
  readonly count?: number
  readonly name?: string
}

/** All entries of the directory name one and the same deflated file: the way of the smallest zip bombs. */
function zipBomb({ entries, size, count = entries, name = 'a.dat' }: ZipOptions): Buffer {
  const content = Buffer.alloc(size)
  const packed = deflateRawSync(content, { level: 9 })
  const header = Buffer.alloc(26)
  header.writeUInt16LE(20, 0)
  header.writeUInt16LE(8, 4)
  header.writeUInt32LE(crc32(content), 10)
  header.writeUInt32LE(packed.length, 14)
  header.writeUInt32LE(size, 18)
  header.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('504b0304', 'hex'), header, Buffer.from(name), packed])
  const central = Buffer.concat([Buffer.from('504b01021400', 'hex'), header, Buffer.alloc(14), Buffer.from(name)])
  const directory = Buffer.concat(Array.from({ length: entries }, () => central))
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, directory, end])
}

const zipShapes = (): readonly HostileShape[] => [
  shape('16 entries of one file of 256 KiB', zipBomb({ entries: 16, size: 1 << 18 })),
  shape('16 entries of one file of 16 KiB', zipBomb({ entries: 16, size: 1 << 14 })),
  shape('450 entries', zipBomb({ entries: 450, size: 10 })),
  shape('65,535 entries, by its own word', zipBomb({ entries: 1, size: 10, count: 0xffff })),
  shape('an entry of 20 MB', zipBomb({ entries: 1, size: 20_000_000 })),
  shape('an entry with a name of 20,000 letters', zipBomb({ entries: 1, size: 10, name: 'a'.repeat(10_000) })),
  shape(
    'a zip of end records',
    Buffer.concat([
      Buffer.from('504b0304', 'hex'),
      ...many(Buffer.from('504b0506000000000100010000000000000000000000', 'hex')),
    ]),
  ),
]

/** Everything that needs no key. */
export const hostileShapes = (): readonly HostileShape[] => [
  ...derShapes(),
  ...gzipShapes(),
  ...jsonShapes(),
  ...textShapes(),
  ...zipShapes(),
]
