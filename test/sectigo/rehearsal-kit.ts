import { sign } from 'node:crypto'
import { Secret } from '../../devices/secret.ts'
import { bitString, integer, nullValue, octetString, oid, sequence, setOf, tlv } from '../../src/asn1/der-writer.ts'
import { encodeName, parseNameText } from '../../src/asn1/name.ts'
import { writePem } from '../../src/asn1/pem.ts'
import {
  type CertificateAuthorityOptions,
  type RunningCertificateAuthority,
  startCertificateAuthority,
} from '../../src/sandbox/certificate-authority/certificate-authority.ts'
import { loopbackTlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import type { Verifiers } from '../../src/sandbox/certificate-authority/verify-key-attestation.ts'
import { type TestKeyPair, type TestKeyType, testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import type { OrderForm } from '../../src/sectigo/certificate-authority.ts'
import type { ClientOptions } from '../../src/sectigo/http/client.ts'

/** A CSR signed in software, with real bytes all through. `parameters` go beside ecdsa-with-SHA256, which has none. */
export function makeCsr(
  subject: string,
  key: TestKeyPair,
  attributes: Uint8Array = tlv(0xa0),
  parameters: Uint8Array = new Uint8Array(),
): string {
  const info = sequence(integer(0), encodeName(parseNameText(subject)), key.spki, attributes)
  const ec = key.privateKey.asymmetricKeyType === 'ec'
  const algorithm = ec
    ? sequence(oid('1.2.840.10045.4.3.2'), parameters)
    : sequence(oid('1.2.840.113549.1.1.11'), nullValue())
  return writePem('CERTIFICATE REQUEST', sequence(info, algorithm, bitString(sign('sha256', info, key.privateKey))))
}

/** extensionRequest with one dNSName. */
export const ONE_DOMAIN = tlv(
  0xa0,
  sequence(
    oid('1.2.840.113549.1.9.14'),
    setOf(sequence(sequence(oid('2.5.29.17'), octetString(sequence(tlv(0x82, Buffer.from('example.org'))))))),
  ),
)

export const SUBJECT = 'CN=Example Ltd,O=Example Ltd,L=Utrecht,C=NL'

const keys = new Map<TestKeyType, TestKeyPair>()

/** One key of each type for a whole test file: RSA takes a while. */
export function sharedKey(type: TestKeyType): TestKeyPair {
  const key = keys.get(type) ?? testKeyPair(type)
  keys.set(type, key)
  return key
}

/**
 * A verifier that takes a base64 SPKI for a package: what the CA does with a verdict can then be tested without a device.
 * Real packages are judged in the tests of each family.
 */
export const SPKI_VERIFIERS: Verifiers = {
  YUBIHSM2: {
    verify: (package_) => ({
      hsmType: 'YUBIHSM2',
      genuine: package_[0] === 0x30,
      device: { vendor: 'test', fips: 'unknown' },
      claims: {},
      chain: [],
      checks:
        package_[0] === 0x30
          ? []
          : [{ id: 'attestation.chain', group: 'attestation', status: 'fail', detail: 'no chain', source: 'test' }],
      spki: package_,
    }),
  },
}

/** A Document Signing order that every rule accepts. */
export function documentSigningForm(over: OrderForm = {}, key = sharedKey('P-256')): OrderForm {
  return {
    product: '1214',
    days: '365',
    SmartCardBased: 'N',
    isCustomerValidated: 'N',
    organizationName: 'Example Ltd',
    streetAddress1: 'Street 1',
    localityName: 'Utrecht',
    stateOrProvinceName: 'Utrecht',
    countryName: 'NL',
    postalCode: '3511AA',
    appRepTitle: 'Ms',
    appRepForename: 'Ada',
    appRepSurname: 'Example',
    appRepEmailAddress: 'ada@example.org',
    hsmType: 'YUBIHSM2',
    keyAttestation: Buffer.from(key.spki).toString('base64'),
    csr: makeCsr(SUBJECT, key),
    responseFormat: '1',
    ...over,
  }
}

/** A certificate on a token, with shipping (!PlaceOrder), for a person of this name. */
export function tokenOrderForm(name: string): Record<string, string> {
  return {
    ap: 'brand',
    reseller: 'Y',
    organizationName: 'Example Ltd',
    countryName: 'NL',
    name,
    emailAddress: 'ada@example.org',
    '1_PPP': '6053',
    '2_PPP': '495',
    '3_PPP': '496',
    shippingForename: 'Ada',
    shippingSurname: 'Example',
    shippingStreetAddress1: 'Oudegracht 1',
    shippingLocalityName: 'Utrecht',
    shippingStateOrProvinceName: 'Utrecht',
    shippingPostalCode: '3511 AB',
    shippingCountryName: 'NL',
    shippingEmailAddress: 'ada@example.org',
    shippingTelephone: '+31 30 1234567',
  }
}

/** A server certificate of the 3.44 manual (example 5.1), for a key of its own. */
export function serverCertificateForm(name = 'example.org'): Record<string, string> {
  return {
    isCustomerValidated: 'N',
    serverSoftware: '-1',
    days: '365',
    product: '488',
    csr: makeCsr(`CN=${name}`, testKeyPair('P-256')),
    dcvEmailAddress: 'admin@example.org',
  }
}

const TLS = loopbackTlsIdentity()

export const start = (options: CertificateAuthorityOptions = {}): Promise<RunningCertificateAuthority> =>
  startCertificateAuthority({ verifiers: SPKI_VERIFIERS, tls: TLS, ...options })

export const clientOptions = (ca: RunningCertificateAuthority): ClientOptions => ({
  url: ca.url,
  caCertificates: ca.caCertificatePem,
  credentials: async () => ({
    loginName: Secret.fromText(ca.login.loginName),
    loginPassword: Secret.fromText(ca.login.loginPassword),
  }),
  environment: {},
})
