import { createPrivateKey, type KeyObject } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { sequence, tlv } from '../../asn1/der-writer.ts'
import { parseNameText } from '../../asn1/name.ts'
import { writePem } from '../../asn1/pem.ts'
import { basicConstraints, issueCertificate, keyUsage, subjectKeyIdentifier } from '../certificate-issuer.ts'
import { testKeyPair } from '../test-key-pair.ts'

/** Key and certificate of an HTTPS server on loopback, and the certificate that a client must trust for it. */
export interface TlsIdentity {
  readonly key: string
  readonly certificate: string
  readonly caCertificatePem: string
}

const DAY = 86_400_000

/** RFC 5280 4.2.1.6: dNSName [2], iPAddress [7]. */
const loopbackNames = (otherHosts: readonly string[]): Uint8Array =>
  sequence(
    ...['localhost', ...otherHosts].map((host) =>
      isIPv4(host) ? tlv(0x87, Uint8Array.from(host.split('.'), Number)) : tlv(0x82, Buffer.from(host)),
    ),
    tlv(0x87, Uint8Array.of(127, 0, 0, 1)),
    tlv(0x87, Uint8Array.from([...new Array<number>(15).fill(0), 1])),
  )

/** Made anew for each start; valid for localhost, 127.0.0.1 and ::1, and for hosts that a proxy of a test leads here. */
export function loopbackTlsIdentity(...otherHosts: readonly string[]): TlsIdentity {
  const root = testKeyPair('P-256')
  const server = testKeyPair('P-256')
  const issuer = parseNameText('CN=hsm-enroll rehearsal TLS root')
  const validity = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + 30 * DAY) }
  const rootDer = issueCertificate({
    subject: issuer,
    issuer,
    spki: root.spki,
    issuerKey: root.privateKey,
    ...validity,
    extensions: [basicConstraints(true), keyUsage(5, 6), subjectKeyIdentifier(root.spki)],
  })
  const serverDer = issueCertificate({
    subject: parseNameText('CN=localhost'),
    issuer,
    spki: server.spki,
    issuerKey: root.privateKey,
    ...validity,
    extensions: [basicConstraints(false), keyUsage(0), { oid: '2.5.29.17', value: loopbackNames(otherHosts) }],
  })
  return {
    key: pem(server.privateKey),
    certificate: writePem('CERTIFICATE', serverDer),
    caCertificatePem: writePem('CERTIFICATE', rootDer),
  }
}

const pem = (key: KeyObject): string =>
  String(createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' })).export({ type: 'pkcs8', format: 'pem' }))
