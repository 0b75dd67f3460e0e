import { sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { KEY_ALGORITHMS } from '../../devices/device.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { readPem, writePem } from '../../src/asn1/pem.ts'
import { buildCertificationRequest, type RequestTemplate } from '../../src/csr/build-certification-request.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { makeCsr, sharedKey } from '../sectigo/rehearsal-kit.ts'
import { readByStranger, STRANGERS } from './strangers.ts'

const PLAIN: RequestTemplate = { subject: parseNameText('CN=Example Signing GmbH,O=Example Signing GmbH,C=NL') }
const FORMS: readonly (readonly [string, RequestTemplate, readonly RegExp[]])[] = [
  ['without extensions', PLAIN, []],
  [
    'with keyUsage and alternative names',
    {
      ...PLAIN,
      keyUsage: ['digitalSignature', 'nonRepudiation'],
      subjectAltNames: [{ type: 'email', value: 'signer@example.com' }],
    },
    [/Digital signature/i, /signer@example\.com/],
  ],
  [
    'with a further attribute and two values in one RDN',
    {
      subject: parseNameText('CN=Example,OU=Signing+O=Example Signing GmbH,C=NL'),
      keyUsage: ['digitalSignature'],
      attributes: [{ oid: '1.2.840.113549.1.9.7', values: [Buffer.from('0c0b61206368616c6c656e6765', 'hex')] }],
    },
    [/Digital signature/i, /a challenge/],
  ],
]

describe.each(KEY_ALGORITHMS)('a request of a %s key', (algorithm) => {
  const { spki: publicKey, privateKey } = testKeyPair(algorithm)
  const build = async (template: RequestTemplate): Promise<string> => {
    const request = await buildCertificationRequest(template, {
      publicKey,
      sign: async (hash, data) => sign(hash.replace('-', ''), data, privateKey),
    })
    return writePem('CERTIFICATE REQUEST', request.der)
  }

  it.each(FORMS)('%s is read and verified by openssl and certtool', async (_form, template, says) => {
    const pem = await build(template)
    for (const stranger of STRANGERS) {
      const said = readByStranger(stranger, pem)
      for (const words of says) expect(said).toMatch(words)
    }
  })
})

describe('the programs that read requests', () => {
  const key = sharedKey('P-256')

  it('refuse one with a changed subject', () => {
    const der = Buffer.from(readPem(makeCsr('CN=Example', key))[0]?.der ?? [])
    der.write('F', der.indexOf('Example'))
    const changed = writePem('CERTIFICATE REQUEST', der)
    for (const stranger of STRANGERS) expect(() => readByStranger(stranger, changed)).toThrow()
  })

  it.runIf(STRANGERS.includes('certtool'))(
    'are as strict as is said of them: certtool refuses one without the attributes element',
    () => {
      const without = makeCsr('CN=Example', key, new Uint8Array())
      expect(() => readByStranger('certtool', without)).toThrow(/Error in TAG/)
      expect(readByStranger('openssl', without)).toContain('verify OK')
    },
  )
})
