/** A time-stamp authority for rehearsals (RFC 3161 over HTTP), under a root that nobody trusts. Its time is that of this computer. */
import { createHash, randomBytes, sign } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseCertificate } from '../../asn1/certificate.ts'
import { contextTag, readDer, readSequence, TAG } from '../../asn1/der.ts'
import { readOid } from '../../asn1/der-values.ts'
import { explicit, integer, octetString, oid, sequence, setOf, time, tlv } from '../../asn1/der-writer.ts'
import { parseNameText } from '../../asn1/name.ts'
import { writePem } from '../../asn1/pem.ts'
import { readAtMost } from '../../read-at-most.ts'
import {
  basicConstraints,
  type CertificateExtension,
  issueCertificate,
  keyUsage,
  subjectKeyIdentifier,
} from '../certificate-issuer.ts'
import { testKeyPair } from '../test-key-pair.ts'

const DAY = 86_400_000
const SHA256 = '2.16.840.1.101.3.4.2.1'
/** Of the rehearsal: under the arc that RFC 5612 reserves for documentation. */
const POLICY = '1.3.6.1.4.1.32473.1'

/** Ways in which an authority may be wrong, one at a time. */
export type AuthorityFault =
  | 'other-nonce'
  | 'no-nonce'
  | 'other-imprint'
  | 'other-policy'
  | 'purpose-not-critical'
  | 'two-purposes'
  | 'no-purpose'
  | 'other-certificate'
  | 'ended'
  | 'refused'

export interface AuthorityOptions {
  /** Milliseconds since 1970. Default: this computer's clock. */
  readonly now?: () => number
  readonly fault?: AuthorityFault
}

export interface RunningAuthority {
  readonly url: string
  /** PEM. */
  readonly rootPem: string
  close(): Promise<void>
}

export async function startTimeStampAuthority(options: AuthorityOptions = {}): Promise<RunningAuthority> {
  const authority = createAuthority(options)
  const server = createServer((request, response) => {
    readQuery(request).then(
      (body) => response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(authority.answer(body)),
      () => response.writeHead(400).end(),
    )
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    rootPem: authority.rootPem,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

async function readQuery(request: IncomingMessage): Promise<Buffer> {
  const query = await readAtMost(request, 4096)
  if (query === undefined) throw new Error('too large for a time-stamp request')
  return query
}

function createAuthority({ now = Date.now, fault }: AuthorityOptions): {
  readonly rootPem: string
  readonly answer: (query: Uint8Array) => Uint8Array
} {
  const [root, signer] = [testKeyPair('P-256'), testKeyPair('P-256')]
  const rootName = parseNameText('CN=Rehearsal Time Stamp Root,O=hsm-enroll rehearsal,C=NL')
  const began = now()
  const life = { notBefore: new Date(began - 30 * DAY), notAfter: new Date(began + 3650 * DAY) }
  const rootDer = issueCertificate({
    subject: rootName,
    issuer: rootName,
    spki: root.spki,
    issuerKey: root.privateKey,
    ...life,
    extensions: [basicConstraints(true), keyUsage(5, 6), subjectKeyIdentifier(root.spki)],
  })
  const certificate = issueCertificate({
    subject: parseNameText('CN=Rehearsal Time Stamp Authority,O=hsm-enroll rehearsal,C=NL'),
    issuer: rootName,
    spki: signer.spki,
    issuerKey: root.privateKey,
    ...life,
    ...(fault === 'ended' ? { notAfter: new Date(began - DAY) } : {}),
    extensions: [keyUsage(0), ...purposes(fault)],
  })
  const { issuer, serialNumber } = parseCertificate(certificate)
  return { rootPem: writePem('CERTIFICATE', rootDer), answer }

  function answer(query: Uint8Array): Uint8Array {
    if (fault === 'refused')
      return sequence(sequence(integer(2), sequence(tlv(TAG.utf8String, Buffer.from('out of order')))))
    const [, imprint, ...rest] = readSequence(readDer(query), 'TimeStampReq')
    if (imprint === undefined) throw new Error('not a time-stamp request')
    const policy = rest[0]?.tag === TAG.oid && fault !== 'other-policy' ? readOid(rest[0]) : POLICY
    const nonce = rest.find(({ tag }) => tag === TAG.integer)
    const other = sequence(sequence(oid(SHA256)), octetString(Buffer.alloc(32)))
    const info = sequence(
      integer(1),
      oid(policy),
      fault === 'other-imprint' ? other : imprint.bytes,
      integer(positive(randomBytes(8))),
      tlv(TAG.generalizedTime, Buffer.from(`${new Date(now()).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`)),
      ...(nonce === undefined || fault === 'no-nonce' ? [] : [fault === 'other-nonce' ? integer(7) : nonce.bytes]),
    )
    return sequence(sequence(integer(0)), token(info))
  }

  function token(info: Uint8Array): Uint8Array {
    const attribute = (name: string, value: Uint8Array): Uint8Array => sequence(oid(name), setOf(value))
    const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
    const attributes = setOf(
      attribute('1.2.840.113549.1.9.3', oid('1.2.840.113549.1.9.16.1.4')),
      attribute('1.2.840.113549.1.9.4', octetString(sha256(info))),
      attribute('1.2.840.113549.1.9.5', time(new Date(now()))),
      attribute(
        '1.2.840.113549.1.9.16.2.47',
        sequence(sequence(sequence(octetString(sha256(fault === 'other-certificate' ? rootDer : certificate))))),
      ),
    )
    const signed = Uint8Array.from(attributes)
    signed[0] = contextTag(0)
    const digest = sequence(oid(SHA256))
    const signerInfo = sequence(
      integer(1),
      sequence(issuer, integer(serialNumber)),
      digest,
      signed,
      sequence(oid('1.2.840.10045.4.3.2')),
      octetString(sign('sha256', attributes, signer.privateKey)),
    )
    const content = sequence(oid('1.2.840.113549.1.9.16.1.4'), explicit(0, octetString(info)))
    const data = sequence(integer(3), setOf(digest), content, tlv(contextTag(0), certificate), setOf(signerInfo))
    return sequence(oid('1.2.840.113549.1.7.2'), explicit(0, data))
  }
}

const positive = (bytes: Buffer): Buffer => {
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 1
  return bytes
}

function purposes(fault: AuthorityFault | undefined): readonly CertificateExtension[] {
  if (fault === 'no-purpose') return []
  const names = ['1.3.6.1.5.5.7.3.8', ...(fault === 'two-purposes' ? ['1.3.6.1.5.5.7.3.3'] : [])]
  return [{ oid: '2.5.29.37', critical: fault !== 'purpose-not-critical', value: sequence(...names.map(oid)) }]
}
