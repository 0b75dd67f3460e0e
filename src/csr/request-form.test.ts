import { sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  bitString,
  boolean,
  inDerOrder,
  integer,
  nullValue,
  octetString,
  oid,
  printableString,
  sequence,
  tlv,
  utf8String,
} from '../asn1/der-writer.ts'
import { encodeName, parseNameText } from '../asn1/name.ts'
import { testKeyPair } from '../sandbox/test-key-pair.ts'
import { buildCertificationRequest, type RequestTemplate } from './build-certification-request.ts'
import {
  type CertificationRequest,
  parseCertificationRequest,
  verifyCertificationRequest,
  whyNotVerified,
} from './certification-request.ts'
import { requestFormFaults } from './request-form.ts'

const key = testKeyPair('P-256')
const SET = 0x31
const attribute = (type: string, ...values: readonly Uint8Array[]): Uint8Array =>
  sequence(oid(type), tlv(SET, ...values))
const usage = (...critical: readonly Uint8Array[]): Uint8Array =>
  sequence(oid('2.5.29.15'), ...critical, octetString(bitString(Uint8Array.of(0x80), 7)))
const requested = (extension: Uint8Array): Uint8Array => attribute('1.2.840.113549.1.9.14', sequence(extension))
const challenge = attribute('1.2.840.113549.1.9.7', utf8String('a challenge'))
const extensions = requested(usage(boolean(true)))
const TWO = inDerOrder([challenge, extensions])
const ATTRIBUTE_VALUES = inDerOrder([
  sequence(oid('2.5.4.3'), utf8String('x')),
  sequence(oid('2.5.4.11'), utf8String('y')),
])
const subjectOf = (values: readonly Uint8Array[]): Uint8Array => sequence(tlv(SET, ...values))

/** Names that a UUID makes, and one that is longer than any. */
const UUID_NAME = '2.25.329800735698586629295641978511506172918'
const ENDLESS_NAME = `2.25.${1n << 140n}`

/** The same point, by one coordinate. */
function compressed(): Uint8Array {
  const point = key.spki.subarray(-65)
  const bits = Uint8Array.of(2 + ((point[64] ?? 0) & 1), ...point.subarray(1, 33))
  return sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')), bitString(bits))
}

interface Form {
  readonly spki?: Uint8Array
  readonly subject?: Uint8Array
  /** The whole element; none if it is absent. */
  readonly attributes?: Uint8Array
  readonly parameters?: Uint8Array
}

/** A request in the given form, with a signature that verifies. */
function write({ subject, spki, attributes, parameters }: Form): CertificationRequest {
  const info = sequence(
    integer(0),
    subject ?? encodeName(parseNameText('CN=Example')),
    spki ?? key.spki,
    ...(attributes === undefined ? [] : [attributes]),
  )
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'), ...(parameters === undefined ? [] : [parameters]))
  return parseCertificationRequest(sequence(info, algorithm, bitString(sign('sha256', info, key.privateKey))))
}

const element = (...attributes: readonly Uint8Array[]): Uint8Array => tlv(0xa0, ...attributes)

describe('the form of a request', () => {
  it.each<readonly [string, Form]>([
    ['no attributes', { attributes: element() }],
    ['two attributes in order', { attributes: element(...TWO) }],
    ['a subject RDN of two values in order', { attributes: element(), subject: subjectOf(ATTRIBUTE_VALUES) }],
  ])('has no fault with %s', (_name, form) => {
    expect(requestFormFaults(write(form))).toEqual([])
  })

  it.each<readonly [string, Form, RegExp]>([
    [
      'no attributes element',
      {},
      /^the attributes element \(\[0\]\) is missing: most CAs' parsers refuse it; the device/,
    ],
    ['attributes out of order', { attributes: element(...TWO.toReversed()) }, /^the attributes are not in DER order/],
    [
      'values of an attribute out of order',
      { attributes: element(attribute('1.2.840.113549.1.9.2', utf8String('b'), utf8String('a'))) },
      /^the values of an attribute are not in DER order/,
    ],
    [
      'values of a subject RDN out of order',
      { attributes: element(), subject: subjectOf(ATTRIBUTE_VALUES.toReversed()) },
      /^the values of a subject RDN are not in DER order/,
    ],
    ['NULL beside ECDSA', { attributes: element(), parameters: nullValue() }, /^the ECDSA signature algorithm has par/],
    ['critical FALSE', { attributes: element(requested(usage(boolean(false)))) }, /"critical FALSE" written out/],
    ['an attribute of a UUID', { attributes: element(attribute(UUID_NAME, utf8String('a'))) }, /arc of more than 31/],
    ['a value that is an endless name', { attributes: element(attribute('1.2.3', oid(ENDLESS_NAME))) }, /arc of more/],
    ['an attribute without a value', { attributes: element(attribute('1.2.840.113549.1.9.7')) }, /has no value/],
  ])('has one fault with %s, although it can be read and verifies', (_name, form, fault) => {
    const request = write(form)
    expect(requestFormFaults(request)).toEqual([expect.stringMatching(fault)])
    expect(verifyCertificationRequest(request)).toBe(form.parameters === undefined || form.parameters[0] === 5)
  })

  it('has one fault with a compressed point, whose signature is not verified here', () => {
    const request = write({ spki: compressed(), attributes: element() })
    expect(requestFormFaults(request)).toEqual([expect.stringMatching(/point of the public key is compressed/)])
    expect(verifyCertificationRequest(request)).toBe(false)
    expect(whyNotVerified(request)).toBe('key')
    expect(whyNotVerified(write({ attributes: element() }))).toBeUndefined()
  })

  it('has every fault that there is', () => {
    expect(
      requestFormFaults(write({ subject: subjectOf(ATTRIBUTE_VALUES.toReversed()), parameters: nullValue() })),
    ).toHaveLength(3)
  })
})

describe('a request that is built', () => {
  const build = (template: Omit<RequestTemplate, 'subject'>): Promise<CertificationRequest> =>
    buildCertificationRequest(
      { subject: parseNameText('CN=Example,OU=b+OU=a+O=Acme,C=NL'), ...template },
      { publicKey: key.spki, sign: async (hash, data) => sign(hash.replace('-', ''), data, key.privateKey) },
    )
  const attributesOf = ({ info }: CertificationRequest): string => {
    const [, tail = ''] = Buffer.from(info).toString('hex').split(Buffer.from(key.spki).toString('hex'))
    return tail
  }
  const unstructuredName = { oid: '1.2.840.113549.1.9.2', values: [utf8String('b'), utf8String('a')] }

  it.each([[{}], [{ keyUsage: [], extendedKeyUsage: [], subjectAltNames: [], attributes: [] }]])(
    'has the attributes element (A0 00) although it asks for nothing: %j',
    async (template) => {
      const request = await build(template)
      expect(attributesOf(request)).toBe('a000')
      expect(requestFormFaults(request)).toEqual([])
    },
  )

  it('has its attributes and their values in DER order, whatever order they are given in', async () => {
    const password = {
      oid: '1.2.840.113549.1.9.7',
      values: [printableString('0123456789 much longer than the others')],
    }
    const keyUsage = ['digitalSignature'] as const
    const one = await build({ keyUsage, attributes: [password, unstructuredName] })
    const other = await build({ keyUsage, attributes: [unstructuredName, password] })
    expect(attributesOf(one)).toBe(attributesOf(other))
    expect(requestFormFaults(one)).toEqual([])
    const order = ['2a864886f70d01090e', '2a864886f70d010902', '2a864886f70d010907'].map((type) =>
      attributesOf(one).indexOf(type),
    )
    expect(order).not.toContain(-1)
    expect([order[1], order[0], order[2]]).toEqual([...order].sort((a, b) => a - b))
  })

  it.each([
    ['twice', [unstructuredName, unstructuredName]],
    ['without a value', [{ oid: '1.2.840.113549.1.9.2', values: [] }]],
    ['as extensions', [{ oid: '1.2.840.113549.1.9.14', values: [sequence()] }]],
  ])('has no attribute given %s', async (_how, attributes) => {
    await expect(build({ attributes })).rejects.toMatchObject({ code: 'csr.attribute' })
  })
})
