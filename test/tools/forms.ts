/** The forms in which people have a file: wrappers of any bytes, and of certificates and texts. Made here, so that they are always tested. */
import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { encode } from 'cborg'
import { readPem } from '../../src/asn1/pem.ts'
import { writePkcs7 } from '../../src/asn1/pkcs7.ts'

export interface Form {
  readonly name: string
  /** `bytes`: of any file; `text`: of one that is text; `certificates`: of a PEM package alone. */
  readonly of: 'bytes' | 'text' | 'certificates'
  readonly make: (bytes: Buffer) => Uint8Array
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const bytesOf = (value: string): Buffer => Buffer.from(value, 'latin1')
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const folded = (value: string, width = 76, end = '\r\n'): string =>
  (value.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(end) + end
const ders = (bytes: Uint8Array): readonly Uint8Array[] => readPem(text(bytes)).map(({ der }) => der)
const lines = (bytes: Uint8Array, change: (line: string) => string): Buffer =>
  bytesOf(text(bytes).split('\n').map(change).join('\n'))

/** A zip of these files, as RFC 1951 and APPNOTE.TXT have it. */
export function zipOf(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Buffer {
  const local: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  for (const { name, bytes } of files) {
    const packed = deflateRawSync(bytes)
    const head = Buffer.alloc(26)
    head.writeUInt16LE(20, 0)
    head.writeUInt16LE(8, 4)
    head.writeUInt32LE(crc32(bytes), 10)
    head.writeUInt32LE(packed.length, 14)
    head.writeUInt32LE(bytes.length, 18)
    head.writeUInt16LE(name.length, 22)
    const entry = Buffer.concat([Buffer.from('504b0304', 'hex'), head, Buffer.from(name), packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(at, 10)
    central.push(Buffer.concat([Buffer.from('504b01021400', 'hex'), head, tail, Buffer.from(name)]))
    local.push(entry)
    at += entry.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(directory.length, 8)
  end.writeUInt32LE(at, 12)
  return Buffer.concat([...local, directory, Buffer.from('504b0506', 'hex'), end])
}

/** DER of indefinite length down to the certificates, as Java's CMS writers have it. */
function berPkcs7(certificates: readonly Uint8Array[]): Buffer {
  const open = (tag: number, ...content: Uint8Array[]): Buffer =>
    Buffer.concat([Buffer.of(tag, 0x80), ...content, Buffer.of(0, 0)])
  const signed = open(
    0x30,
    Buffer.from('0201013100', 'hex'),
    open(0x30, Buffer.from('06092a864886f70d010701', 'hex')),
    open(0xa0, ...certificates),
    Buffer.from('3100', 'hex'),
  )
  return open(0x30, Buffer.from('06092a864886f70d010702', 'hex'), open(0xa0, signed))
}

function mail(name: string, bytes: Uint8Array): Buffer {
  return bytesOf(
    [
      'From: Ada Example <ada@example.org>',
      'To: signer@example.org',
      'Subject: =?utf-8?q?the_file?=',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed;\r\n boundary="=_part=1"',
      '',
      'This is a message in MIME.',
      '--=_part=1',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'Please find it enclosed.',
      '--=_part=1',
      `Content-Type: application/octet-stream; name="${name}"`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: attachment; filename="${name}"`,
      '',
      folded(base64(bytes)),
      '--=_part=1--',
      '',
    ].join('\r\n'),
  )
}

const quotedPrintable = (value: string): string =>
  folded(
    value
      .replace(/[=\x80-\xff]/g, (c) => `=${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
      .replaceAll('\n', '\r\n'),
    70,
    '=\r\n',
  )

const percent = (value: string): string => encodeURIComponent(value)
const entities = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll('\n', '&#10;')

/** Attestation objects of ACME's device-attest-01. */
const stepObject = (certificates: readonly Uint8Array[]): Buffer =>
  Buffer.from(
    encode({
      fmt: 'step',
      attStmt: { alg: -7, sig: new Uint8Array(70).fill(1), x5c: certificates.map((der) => Uint8Array.from(der)) },
    }),
  )

// biome-ignore format: a table
export const FORMS: readonly Form[] = [
  { name: 'as it is', of: 'bytes', make: (b) => b },
  { name: 'base64', of: 'bytes', make: (b) => bytesOf(base64(b)) },
  { name: 'base64 in lines', of: 'bytes', make: (b) => bytesOf(folded(base64(b))) },
  { name: 'base64, three times', of: 'bytes', make: (b) => bytesOf(base64(bytesOf(base64(bytesOf(base64(b)))))) },
  { name: 'base64url without padding', of: 'bytes', make: (b) => bytesOf(Buffer.from(b).toString('base64url')) },
  { name: 'base64 in quotation marks', of: 'bytes', make: (b) => bytesOf(`"${base64(b)}"`) },
  { name: 'base64 in UTF-16', of: 'bytes', make: (b) => Buffer.from(`\ufeff${folded(base64(b))}`, 'utf16le') },
  { name: 'hexadecimal digits', of: 'bytes', make: (b) => bytesOf(folded(Buffer.from(b).toString('hex'), 60, '\n')) },
  { name: 'certutil -encode', of: 'bytes', make: (b) => bytesOf(`-----BEGIN CERTIFICATE-----\r\n${folded(base64(b), 64)}-----END CERTIFICATE-----\r\n`) },
  { name: 'a zip', of: 'bytes', make: (b) => zipOf([{ name: 'evidence/file.dat', bytes: b }]) },
  { name: 'a zip with a read-me and a shadow', of: 'bytes', make: (b) => zipOf([{ name: 'README.txt', bytes: bytesOf('What is in here.') }, { name: '__MACOSX/._x', bytes: bytesOf('x') }, { name: 'x', bytes: b }]) },
  { name: 'a zip in a zip', of: 'bytes', make: (b) => zipOf([{ name: 'inner.zip', bytes: zipOf([{ name: 'x', bytes: b }]) }]) },
  { name: 'gzip', of: 'bytes', make: (b) => gzipSync(b) },
  { name: 'an attachment of a mail', of: 'bytes', make: (b) => mail('attestation.dat', b) },
  { name: 'a zip attached to a mail', of: 'bytes', make: (b) => mail('evidence.zip', zipOf([{ name: 'x', bytes: b }])) },
  { name: 'a forwarded mail', of: 'bytes', make: (b) => bytesOf(`From: b@example.org\r\nSubject: Fwd\r\nContent-Type: message/rfc822\r\n\r\n${text(mail('x', b))}`) },
  { name: 'a reply that curl -i saved, in base64', of: 'bytes', make: (b) => bytesOf(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n${base64(b)}`) },
  { name: '{"keyAttestation": base64}', of: 'bytes', make: (b) => bytesOf(JSON.stringify({ hsmType: 'X', keyAttestation: base64(b) })) },
  { name: 'JSON three levels deep', of: 'bytes', make: (b) => bytesOf(JSON.stringify({ a: [{ b: { attestation: base64(b), size: 3 } }] })) },
  { name: 'a data: address', of: 'bytes', make: (b) => bytesOf(`data:application/octet-stream;base64,${base64(b)}`) },
  { name: 'a form field', of: 'bytes', make: (b) => bytesOf(`hsmType=X&keyAttestation=${percent(base64(b))}`) },
  { name: 'percent-encoded base64', of: 'bytes', make: (b) => bytesOf(`${percent(base64(b))}${base64(b).endsWith('=') ? '' : '%0A'}`) },
  { name: 'name: base64, as YAML', of: 'bytes', make: (b) => bytesOf(`kind: attestation\ncontent: ${base64(b)}\n`) },
  { name: 'NAME="base64", as an environment file', of: 'bytes', make: (b) => bytesOf(`# from the console\nATTESTATION="${base64(b)}"\n`) },
  { name: '<pre> of base64', of: 'bytes', make: (b) => bytesOf(`<html><head><title>x</title></head><body><pre>${base64(b)}</pre></body></html>`) },
  { name: 'CRLF', of: 'text', make: (b) => bytesOf(text(b).replaceAll('\n', '\r\n')) },
  { name: 'a byte order mark', of: 'text', make: (b) => Buffer.concat([Buffer.from('efbbbf', 'hex'), b]) },
  { name: 'UTF-16, little endian', of: 'text', make: (b) => Buffer.from(`\ufeff${text(b)}`, 'utf16le') },
  { name: 'UTF-16, big endian', of: 'text', make: (b) => Buffer.from(`\ufeff${text(b)}`, 'utf16le').swap16() },
  { name: 'UTF-16 without a mark', of: 'text', make: (b) => Buffer.from(text(b), 'utf16le') },
  { name: 'quoted in a mail', of: 'text', make: (b) => bytesOf(`Ada wrote:\n${text(lines(b, (line) => `> ${line}`))}`) },
  { name: 'quoted twice', of: 'text', make: (b) => lines(b, (line) => `>> ${line}`) },
  { name: 'quoted-printable', of: 'text', make: (b) => bytesOf(`MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${quotedPrintable(text(b))}`) },
  { name: 'a JSON string', of: 'text', make: (b) => bytesOf(JSON.stringify(text(b))) },
  { name: 'a JSON list', of: 'text', make: (b) => bytesOf(JSON.stringify(['attestation', text(b)])) },
  { name: 'percent-encoded', of: 'text', make: (b) => bytesOf(percent(text(b))) },
  { name: 'CDATA of XML', of: 'text', make: (b) => bytesOf(`<?xml version="1.0"?>\n<keyAttestation><![CDATA[${text(b)}]]></keyAttestation>`) },
  { name: 'entities of HTML', of: 'text', make: (b) => bytesOf(`<pre>${entities(text(b))}</pre>`) },
  { name: 'zero-width blanks at the ends of lines', of: 'text', make: (b) => Buffer.from(text(lines(b, (line) => `${line}\u200b`))) },
  { name: 'DER, one after the other', of: 'certificates', make: (b) => Buffer.concat(ders(b)) },
  { name: 'base64 of each DER in a line', of: 'certificates', make: (b) => bytesOf(ders(b).map(base64).join('\n')) },
  { name: 'x5c', of: 'certificates', make: (b) => bytesOf(JSON.stringify({ x5c: ders(b).map(base64) })) },
  { name: 'a zip of DER files', of: 'certificates', make: (b) => zipOf([...ders(b)].reverse().map((bytes, i) => ({ name: `${i}.cer`, bytes }))) },
  { name: 'PKCS#7', of: 'certificates', make: (b) => Buffer.from(writePkcs7(ders(b))) },
  { name: 'PKCS#7, sorted as a SET', of: 'certificates', make: (b) => Buffer.from(writePkcs7([...ders(b)].sort((x, y) => Buffer.compare(x, y)))) },
  { name: 'PKCS#7, the other way round', of: 'certificates', make: (b) => Buffer.from(writePkcs7([...ders(b)].reverse())) },
  { name: 'PKCS#7 in BER', of: 'certificates', make: (b) => berPkcs7(ders(b)) },
  { name: 'blocks without a line feed between them', of: 'certificates', make: (b) => bytesOf(text(b).replaceAll('-----\n-----', '----------')) },
  { name: 'in one line', of: 'certificates', make: (b) => bytesOf(text(b).replaceAll('\n', '')) },
  { name: 'line feeds as two characters', of: 'certificates', make: (b) => bytesOf(text(b).replaceAll('\n', '\\n')) },
  { name: 'lines that end in <br>', of: 'certificates', make: (b) => lines(b, (line) => `${line}<br>`) },
  { name: 'text around the blocks', of: 'certificates', make: (b) => bytesOf(`PS C:\\> ykman piv keys attest\n${text(b)}done\n`) },
  { name: 'ACME, CBOR', of: 'certificates', make: (b) => stepObject(ders(b)) },
  { name: 'ACME, attObj', of: 'certificates', make: (b) => bytesOf(JSON.stringify({ attObj: stepObject(ders(b)).toString('base64url') })) },
]
