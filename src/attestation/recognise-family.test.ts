import { describe, expect, it } from 'vitest'
import { octetString } from '../asn1/der-writer.ts'
import { parseNameText } from '../asn1/name.ts'
import { writePem } from '../asn1/pem.ts'
import { issueCertificate } from '../sandbox/certificate-issuer.ts'
import { testKeyPair } from '../sandbox/test-key-pair.ts'
import { recogniseFamily } from './recognise-family.ts'

const { spki, privateKey } = testKeyPair('P-256')
const certificate = (subject: string, oid?: string): Buffer =>
  Buffer.from(
    writePem(
      'CERTIFICATE',
      issueCertificate({
        subject: parseNameText(subject),
        issuer: parseNameText('CN=some CA'),
        spki,
        issuerKey: privateKey,
        notBefore: new Date('2020-01-01'),
        notAfter: new Date('2040-01-01'),
        ...(oid === undefined
          ? {}
          : { extensions: [{ oid, critical: false, value: octetString(new Uint8Array(16)) }] }),
      }),
    ),
  )

describe('an attestation of something else', () => {
  it.each([
    ['CN=a passkey', '1.3.6.1.4.1.45724.1.1.4', /it is a FIDO2 attestation/],
    ['CN=a security key', '1.3.6.1.4.1.45724.2.1.1', /it is a U2F attestation/],
    ['CN=Yubico U2F EE Serial 10', undefined, /it is a U2F attestation/],
    ['CN=YubiKey OPGP Attestation SIG', '1.3.6.1.4.1.41482.5.1', /OpenPGP key/],
    ['CN=Android Keystore Key', '1.3.6.1.4.1.11129.2.1.17', /Android/],
  ] as const)('is named: %s', (subject, oid, says) => {
    expect(() => recogniseFamily(certificate(subject, oid))).toThrow(says)
  })

  it('is no name for an issued certificate or a CA, whatever it is called', () => {
    for (const subject of ['CN=Example Ltd', 'CN=Yubico U2F Root CA Serial 457200631']) {
      expect(() => recogniseFamily(certificate(subject))).toThrow(/starts with the certificate of CN=/)
    }
  })
})
