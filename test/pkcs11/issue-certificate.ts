import { generateKeyPairSync } from 'node:crypto'
import type { Name } from '../../src/asn1/name.ts'
import { issueCertificate as issue, subjectKeyIdentifier } from '../../src/sandbox/certificate-issuer.ts'

const issuerKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const commonName = (value: string): Name => [[{ oid: '2.5.4.3', value }]]

/** A certificate for `spki` under a throw-away issuer, DER. */
export const issueCertificate = (spki: Uint8Array, name: string): Uint8Array => issueTo(commonName(name), spki)

/** One of more than 4,000 bytes: its subject is long. */
export const largeCertificate = (spki: Uint8Array): Uint8Array =>
  issueTo(
    Array.from({ length: 60 }, (_, index) => [{ oid: '2.5.4.11', value: `${index} `.padEnd(60, 'x') }]),
    spki,
  )

/** A root of its own, and what it issues. */
export function issuingAuthority() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const own = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const certify = (subject: string, spki: Uint8Array): Uint8Array =>
    issue({
      ...{ subject: commonName(subject), issuer: commonName('Rig Root'), spki, issuerKey: privateKey },
      ...VALIDITY,
      extensions: [subjectKeyIdentifier(spki)],
    })
  return { certificate: certify('Rig Root', own), issue: (spki: Uint8Array) => certify('Issued Ltd', spki) }
}

const VALIDITY = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') }

function issueTo(subject: Name, spki: Uint8Array): Uint8Array {
  return issue({
    subject,
    issuer: commonName('Test Issuer'),
    spki,
    issuerKey,
    ...VALIDITY,
    extensions: [subjectKeyIdentifier(spki)],
  })
}
