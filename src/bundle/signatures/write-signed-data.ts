/** A detached CMS SignedData (RFC 5652) by one signer, whose key may live in a device. */
import { hash } from 'node:crypto'
import { parseCertificate } from '../../asn1/certificate.ts'
import { contextTag } from '../../asn1/der.ts'
import { explicit, integer, nullValue, octetString, oid, sequence, setOf, time, tlv } from '../../asn1/der-writer.ts'
import { OID_SIGNED_DATA } from '../../asn1/pkcs7.ts'
import { parsePublicKey } from '../../asn1/public-key.ts'
import { OID_DATA } from './signed-data.ts'

/** Key and the hash that fits it: ECDSA is signed over as many bits as the key has. */
const ALGORITHMS = {
  'P-384': { hash: 'SHA-384', name: 'sha384', digest: '2.16.840.1.101.3.4.2.2', ecdsa: '1.2.840.10045.4.3.3' },
  other: { hash: 'SHA-256', name: 'sha256', digest: '2.16.840.1.101.3.4.2.1', ecdsa: '1.2.840.10045.4.3.2' },
} as const

export interface SignedDataRequest {
  /** DER, of the signer. */
  readonly certificate: Uint8Array
  readonly content: Uint8Array
  /** Milliseconds since 1970: what the computer says. */
  readonly signingTime: number
  /** A PKCS#1 v1.5 signature, or a DER Ecdsa-Sig-Value, by the key of the certificate. */
  readonly sign: (hash: 'SHA-256' | 'SHA-384', data: Uint8Array) => Promise<Uint8Array>
}

/** DER. The signature is not verified here: `verifySignedData` does. Throws what `sign` throws, and DerError. */
export async function writeDetachedSignedData(request: SignedDataRequest): Promise<Uint8Array> {
  const { issuer, serialNumber, spki } = parseCertificate(request.certificate)
  const key = parsePublicKey(spki)
  const algorithm = key.type === 'EC' && key.curve === 'P-384' ? ALGORITHMS['P-384'] : ALGORITHMS.other
  const attribute = (name: string, value: Uint8Array): Uint8Array => sequence(oid(name), setOf(value))
  const attributes = setOf(
    attribute('1.2.840.113549.1.9.3', oid(OID_DATA)),
    attribute('1.2.840.113549.1.9.5', time(new Date(request.signingTime))),
    attribute('1.2.840.113549.1.9.4', octetString(hash(algorithm.name, request.content, 'buffer'))),
  )
  const signature = await request.sign(algorithm.hash, attributes)
  const signedAttributes = Uint8Array.from(attributes)
  signedAttributes[0] = contextTag(0)
  const digest = sequence(oid(algorithm.digest))
  const signerInfo = sequence(
    integer(1),
    sequence(issuer, integer(serialNumber)),
    digest,
    signedAttributes,
    key.type === 'RSA' ? sequence(oid('1.2.840.113549.1.1.1'), nullValue()) : sequence(oid(algorithm.ecdsa)),
    octetString(signature),
  )
  return sequence(
    oid(OID_SIGNED_DATA),
    explicit(
      0,
      sequence(
        integer(1),
        setOf(digest),
        sequence(oid(OID_DATA)),
        tlv(contextTag(0), request.certificate),
        setOf(signerInfo),
      ),
    ),
  )
}
