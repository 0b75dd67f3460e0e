import { describe, expect, test } from 'vitest'
import { readOrderForm } from './order-form-file.ts'

const files: Readonly<Record<string, string>> = { 'request.pem': 'PEM\n', 'attestation.bin': 'abc' }
const read = (text: string) => readOrderForm(text, (path) => Buffer.from(files[path] ?? ''))

describe('an order form in YAML', () => {
  test('keeps every value as it is written, and takes files in', () => {
    const form = read(
      'product: 1214\npostalCode: 07068\nisCustomerValidated: N\ndays: "365"\nIP Addresses: 10\n' +
        'csr: { file: request.pem }\nkeyAttestation: { base64-of: attestation.bin }\ntest: Y\nempty:\n1_PPP: 6053\n',
    )
    expect(form).toEqual({
      product: '1214',
      postalCode: '07068',
      isCustomerValidated: 'N',
      days: '365',
      'IP Addresses': '10',
      csr: 'PEM',
      keyAttestation: 'YWJj',
      test: 'Y',
      empty: '',
      '1_PPP': '6053',
    })
  })
  test.each([
    '- a',
    'a',
    'a: [1]',
    '['.repeat(200_000),
    'a: { b: c, d: e }',
    'a: { exec: x }',
    'a: 1\na: 2',
    'a: &x 1\nb: *x',
    `a: ${'x'.repeat(300_000)}`,
    'a: "',
  ])('refuses %j', (text) => {
    const message = expect.stringMatching(/[^:.]\.$/)
    expect(() => read(text)).toThrowError(expect.objectContaining({ code: 'sectigo.form-file', exitCode: 2, message }))
  })
})
