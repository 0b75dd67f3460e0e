// Writes into a folder requests with one fault each, as `<fault>.pem`; their signatures verify, but for one.
//   node test/interop/requests/write-faulty.mjs FOLDER
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as asn1 from 'asn1js'

const sequence = (...value) => new asn1.Sequence({ value })
const set = (...value) => new asn1.Set({ value })
const oid = (value) => new asn1.ObjectIdentifier({ value })
const text = (value) => new asn1.Utf8String({ value })
const bits = (bytes, unusedBits = 0) => new asn1.BitString({ valueHex: exact(bytes), unusedBits })
const octets = (value) => new asn1.OctetString({ valueHex: value.toBER() })
const exact = (bytes) => Uint8Array.from(bytes).buffer
const compare = (a, b) => Buffer.compare(Buffer.from(a.toBER()), Buffer.from(b.toBER()))
/** Against the order of DER. */
const unordered = (...items) => items.sort(compare).reverse()

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const spki = asn1.fromBER(exact(publicKey.export({ type: 'spki', format: 'der' }))).result
const subject = sequence(set(sequence(oid('2.5.4.3'), text('Example'))))
const attributes = (...value) => new asn1.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value })
const challenge = sequence(oid('1.2.840.113549.1.9.7'), set(text('a challenge')))
const keyUsage = (critical) =>
  sequence(
    oid('1.2.840.113549.1.9.14'),
    set(sequence(sequence(oid('2.5.29.15'), new asn1.Boolean({ value: critical }), octets(bits([0x80], 7))))),
  )

function request(info, { parameters = [], signed = info } = {}) {
  const signature = sign('sha256', Buffer.from(signed.toBER()), privateKey)
  return sequence(info, sequence(oid('1.2.840.10045.4.3.2'), ...parameters), bits(signature))
}
const infoOf = (key, name, ...rest) => sequence(new asn1.Integer({ value: 0 }), name, key, ...rest)
const info = (...rest) => infoOf(spki, ...rest)

/** The same point by one coordinate (SEC 1, 2.3.3), as `openssl pkey -ec_conv_form compressed` writes it. */
const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)
const compressed = sequence(
  sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')),
  bits([2 + (point[64] & 1), ...point.subarray(1, 33)]),
)
/** 2.25.UUID; asn1js writes no arc of 128 bits. */
const uuidName = asn1.fromBER(exact(Buffer.from('06146983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776', 'hex'))).result

const two = set(...unordered(sequence(oid('2.5.4.3'), text('Example')), sequence(oid('2.5.4.11'), text('Signing'))))
const FAULTY = {
  'no-attributes-element': request(info(subject)),
  'unordered-attributes': request(info(subject, attributes(...unordered(challenge, keyUsage(true))))),
  'unordered-values': request(
    info(subject, attributes(sequence(oid('1.2.840.113549.1.9.2'), set(...unordered(text('a'), text('b')))))),
  ),
  'unordered-name': request(info(sequence(two), attributes())),
  'ecdsa-with-null': request(info(subject, attributes()), { parameters: [new asn1.Null()] }),
  'critical-false': request(info(subject, attributes(keyUsage(false)))),
  'compressed-point': request(infoOf(compressed, subject, attributes())),
  'uuid-extension': request(
    info(
      subject,
      attributes(sequence(oid('1.2.840.113549.1.9.14'), set(sequence(sequence(uuidName, octets(text('hello'))))))),
    ),
  ),
  'wrong-signature': request(info(subject, attributes()), { signed: info(subject, attributes(challenge)) }),
}

const [into] = process.argv.slice(2)
if (into === undefined) throw new Error('usage: node write-faulty.mjs FOLDER')
await mkdir(into, { recursive: true })
for (const [fault, made] of Object.entries(FAULTY)) {
  const lines =
    Buffer.from(made.toBER())
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  const pem = ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', '']
  await writeFile(join(into, `${fault}.pem`), pem.join('\n'))
}
console.log(`${Object.keys(FAULTY).length} faulty requests`)
