import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../../devices/secret.ts'
import { inDerOrder, nullValue, oid, sequence, setOf, tlv, utf8String } from '../../src/asn1/der-writer.ts'
import { readPem, writePem } from '../../src/asn1/pem.ts'
import type { RunningCertificateAuthority } from '../../src/sandbox/certificate-authority/certificate-authority.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import type { OrderForm } from '../../src/sectigo/certificate-authority.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { clientOptions, documentSigningForm, makeCsr, ONE_DOMAIN, SUBJECT, sharedKey, start } from './rehearsal-kit.ts'

const compromised = testKeyPair('P-256')
let ca: RunningCertificateAuthority
beforeAll(async () => {
  ca = await start({
    compromisedKeys: [createHash('sha256').update(compromised.spki).digest('hex')],
    account: { credit: '99999.00' },
  })
})
afterAll(() => ca.close())

/** `0` or the code of the refusal, with its message. */
async function codeOf(over: OrderForm, key = sharedKey('P-256')): Promise<string> {
  const outcome = await createSectigo(clientOptions(ca)).applyOrder(documentSigningForm(over, key))
  if (outcome.kind === 'rejected') return `${outcome.refusal.code} ${outcome.refusal.message}`
  return outcome.kind === 'ordered' ? '0' : `${outcome.kind} ${'reason' in outcome ? outcome.reason : ''}`
}

/** Neither has a fault of its own. */
const UNORDERED_ATTRIBUTES = tlv(
  0xa0,
  ...inDerOrder([
    sequence(oid('1.2.840.113549.1.9.7'), setOf(utf8String('a challenge'))),
    sequence(oid('1.2.840.113549.1.9.2'), setOf(utf8String('a name'))),
  ]).reverse(),
)

const good = () => makeCsr(SUBJECT, sharedKey('P-256'))
const der = (): Buffer => Buffer.from(readPem(good())[0]?.der ?? [])

const withDomain = () => makeCsr(SUBJECT, sharedKey('P-256'), ONE_DOMAIN)

describe('the CSR', () => {
  test('is taken as PEM, as NEW CERTIFICATE REQUEST with CRLF, and as bare base64', async () => {
    expect(await codeOf({ csr: good() })).toBe('0')
    expect(await codeOf({ csr: good().replaceAll('CERTIFICATE', 'NEW CERTIFICATE').replace(/\n/g, '\r\n') })).toBe('0')
    expect(await codeOf({ csr: der().toString('base64') })).toBe('0')
  })

  const broken = (): string => {
    const bytes = der()
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    return writePem('CERTIFICATE REQUEST', bytes)
  }
  const cases: readonly (readonly [code: number, what: string, csr: () => string])[] = [
    [-5, 'a wildcard name', () => makeCsr('CN=*.example.org', sharedKey('P-256'))],
    [-9, 'no base64', () => good().replace('M', '%')],
    [-9, 'base64 whose + signs became blanks', () => `${der().toString('base64').slice(0, 40)}!`],
    [-10, 'base64 of something else', () => Buffer.from('not a request').toString('base64')],
    [-10, 'no attributes element', () => makeCsr(SUBJECT, sharedKey('P-256'), new Uint8Array())],
    [-10, 'attributes out of DER order', () => makeCsr(SUBJECT, sharedKey('P-256'), UNORDERED_ATTRIBUTES)],
    [-10, 'NULL parameters beside ECDSA', () => makeCsr(SUBJECT, sharedKey('P-256'), tlv(0xa0), nullValue())],
    [-11, 'an Ed25519 key', () => makeCsr(SUBJECT, { ...sharedKey('P-256'), spki: testKeyPair('Ed25519').spki })],
    [-12, 'a signature that does not verify', broken],
    [-13, 'P-521', () => makeCsr(SUBJECT, testKeyPair('P-521'))],
    [-18, 'a domain name as Common Name', () => makeCsr('CN=www.example.org', sharedKey('P-256'))],
    [-19, 'a public IP address as Common Name', () => makeCsr('CN=8.8.8.8', sharedKey('P-256'))],
    [-35, 'a private IP address as Common Name', () => makeCsr('CN=192.168.1.1', sharedKey('P-256'))],
    [-40, 'a compromised key', () => makeCsr(SUBJECT, compromised)],
    [-162, 'a domain name in subjectAltName', withDomain],
  ]
  test.each(cases)('earns %i with %s', async (code, _, csr) => {
    expect(Number((await codeOf({ csr: csr() })).split(' ')[0])).toBe(code)
  })

  test('RSA 2048 passes for Document Signing; for code signing it earns -13', async () => {
    const key = sharedKey('RSA-2048')
    expect(await codeOf({ csr: makeCsr(SUBJECT, key) }, key)).toBe('0')
    const { countryName = '', postalCode = '', streetAddress1 = '', localityName = '' } = documentSigningForm()
    const outcome = await createSectigo(clientOptions(ca)).applyOrder({
      product: '8',
      days: '365',
      organizationName: 'Example',
      appRepEmailAddress: 'a@example.org',
      countryName,
      postalCode,
      streetAddress1,
      localityName,
      csr: makeCsr(SUBJECT, key),
    })
    expect(outcome).toMatchObject({ kind: 'rejected', refusal: { code: -13 } })
  })
})

describe('the key attestation', () => {
  test('of another key earns -129 with the reason as context', async () => {
    const other = testKeyPair('P-256')
    expect(await codeOf({ keyAttestation: Buffer.from(other.spki).toString('base64') })).toBe(
      "-129 Error in key attestation verification 'the attested key is not the key of the CSR'",
    )
  })

  test('that does not verify earns -129 with what the verifier said', async () => {
    expect(await codeOf({ keyAttestation: Buffer.from('nothing').toString('base64') })).toBe(
      "-129 Error in key attestation verification 'no chain'",
    )
  })

  test('of a family that is not supported earns -129', async () => {
    expect(await codeOf({ hsmType: 'LUNA' })).toContain('-129')
  })

  test('is verified by the real verifiers where none are given: garbage of each family is refused', async () => {
    const real = await start({ verifiers: undefined })
    try {
      for (const hsmType of ['YUBIKEY', 'YUBIHSM2', 'LUNA', 'NSHIELD', 'FORTANIX', 'MARVELL_GOOGLE']) {
        const outcome = await createSectigo(clientOptions(real)).applyOrder(documentSigningForm({ hsmType }))
        expect(outcome).toMatchObject({ kind: 'rejected', refusal: { code: -129 } })
      }
    } finally {
      await real.close()
    }
  })
})

describe('account and money', () => {
  const refusal = async (options: Parameters<typeof start>[0], over: OrderForm = {}) => {
    const own = await start(options)
    try {
      const outcome = await createSectigo(clientOptions(own)).applyOrder(documentSigningForm(over))
      return { outcome, orders: own.orders.length, credit: own.credit }
    } finally {
      await own.close()
    }
  }

  test('too little credit: -15, and nothing is placed', async () => {
    const { outcome, orders, credit } = await refusal({ account: { credit: '10.00' } })
    expect(outcome).toMatchObject({ kind: 'rejected', refusal: { code: -15, final: false } })
    expect([orders, credit]).toEqual([0, '10.00'])
  })

  test('a hard limit lets the credit go below zero', async () => {
    const { outcome, credit } = await refusal({ account: { credit: '10.00', hardLimit: '500.00' } })
    expect(outcome.kind).toBe('ordered')
    expect(credit).toBe('-235.00')
  })

  test('where Sectigo takes the payment: status 1, and nothing is debited', async () => {
    const { outcome, credit } = await refusal({ account: { paymentRequired: true } })
    expect(outcome).toMatchObject({ kind: 'ordered', paymentRequired: true, amount: '245.00' })
    expect(credit).toBe('1000.00')
  })

  test('wrong password -16, API not enabled -16, no RA privileges -91, no test orders -91', async () => {
    const own = await start()
    const wrong = createSectigo({
      ...clientOptions(own),
      credentials: async () => ({
        ...(await clientOptions(own).credentials()),
        loginPassword: Secret.fromText('WRONG'),
      }),
    })
    expect(await wrong.applyOrder(documentSigningForm())).toMatchObject({ kind: 'rejected', refusal: { code: -16 } })
    await own.close()
    expect((await refusal({ account: { apiEnabled: false } })).outcome).toMatchObject({ refusal: { code: -16 } })
    expect((await refusal({}, { isAppRepValidated: 'Y' })).outcome).toMatchObject({ refusal: { code: -91 } })
    expect((await refusal({ account: { testOrders: false } }, { test: 'Y' })).outcome).toMatchObject({
      refusal: { code: -91 },
    })
  })

  test('foreignOrderNumber: unrecognised unless the account has it, and unique where that is asked', async () => {
    const identity = { foreignOrderNumber: 'run-1', checkFONsUnique: 'Y' }
    expect((await refusal({}, identity)).outcome).toMatchObject({ refusal: { code: -2 } })
    const own = await start({ account: { foreignOrderNumber: true } })
    const sectigo = createSectigo({ ...clientOptions(own), foreignOrderNumber: true })
    expect(sectigo.validateOrder(documentSigningForm(identity))).toEqual([])
    expect(createSectigo(clientOptions(own)).validateOrder(documentSigningForm(identity))).toHaveLength(2)
    expect((await sectigo.applyOrder(documentSigningForm(identity))).kind).toBe('ordered')
    expect(await sectigo.applyOrder(documentSigningForm(identity))).toMatchObject({ refusal: { code: -4 } })
    await own.close()
  })
})
