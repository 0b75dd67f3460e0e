import { expect, test } from 'vitest'
import { writePem } from '../../asn1/pem.ts'
import { testKeyPair } from '../../sandbox/test-key-pair.ts'
import { PLACE_ORDER } from '../other-products/place-order-parameters.ts'
import { AUTO_APPLY_ORDER_DOCUMENT_SIGNING } from './auto-apply-order-document-signing.ts'
import { sendableForm } from './validate-form.ts'

const REQUEST = writePem('CERTIFICATE REQUEST', testKeyPair('P-256').spki).trimEnd()
const csr = (text: string): string | undefined => sendableForm(AUTO_APPLY_ORDER_DOCUMENT_SIGNING, { csr: text }).csr

test.each([
  [
    'what `openssl req -text` puts before it',
    `Certificate Request:\n    Data:\n        Version: 1 (0x0)\n${REQUEST}\n`,
  ],
  ['the lines of a mail around it', `From: ops\nthe PIN is 4711\n\n${REQUEST}\n-- \nregards`],
  ['a byte order mark', `\ufeff${REQUEST}`],
])('%s is not sent', (_, text) => {
  expect(csr(text)).toBe(REQUEST)
})

test('an item of !PlaceOrder is sent without it, too', () => {
  for (const name of ['1_csr', '_2_csr', '1_CSR'])
    expect(sendableForm(PLACE_ORDER, { [name]: `note\n${REQUEST}` })[name]).toBe(REQUEST)
})

test.each([
  ['a bare request', REQUEST],
  ['with line feeds of another system', REQUEST.replaceAll('\n', '\r\n')],
  ['base64 alone', 'AAAA'],
  ['two requests', `note\n${REQUEST}\n${REQUEST}`],
  ['one that does not end', 'note\n-----BEGIN CERTIFICATE REQUEST-----\nAAAA'],
])('%s is left as it is', (_, text) => {
  expect(csr(text)).toBe(text)
})
