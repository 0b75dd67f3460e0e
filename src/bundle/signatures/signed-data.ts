/** CMS SignedData (RFC 5652) with one signer: what witnesses sign with a certificate, and what time stamps are made of. */
import { hash } from 'node:crypto'
import { type Certificate, certificateFromNode, readAlgorithm } from '../../asn1/certificate.ts'
import { contextTag, type DerNode, readDer, readSequence, TAG } from '../../asn1/der.ts'
import { readOctetString, readOid, readSmallInteger } from '../../asn1/der-values.ts'
import { sameBytes } from '../../asn1/octets.ts'
import { OID_SIGNED_DATA } from '../../asn1/pkcs7.ts'
import { subjectKeyIdOf } from '../../attestation/certificates/certificate-extensions.ts'
import { type SignatureScheme, signatureScheme } from '../../attestation/certificates/signature-algorithm.ts'
import { verifySignature } from '../../attestation/certificates/verify-signature.ts'
import { BundleFault } from '../bundle-fault.ts'

export const OID_DATA = '1.2.840.113549.1.7.1'
const OID_CONTENT_TYPE = '1.2.840.113549.1.9.3'
const OID_MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const OID_RSA = '1.2.840.113549.1.1.1'
const DIGESTS: Readonly<Record<string, 'sha256' | 'sha384' | 'sha512'>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** A SignedData whose one signature holds. */
export interface SignedData {
  readonly contentType: string
  /** What is inside; undefined for a detached signature. */
  readonly content?: Uint8Array
  readonly signer: Certificate
  /** All that travel with it, the signer's among them. */
  readonly certificates: readonly Certificate[]
  /** Signed attributes: OID -> the one value. */
  readonly attributes: ReadonlyMap<string, DerNode>
}

/** Reads DER and verifies the signature over `detached`, or over what is inside. Throws BundleFault and DerError. */
export function verifySignedData(der: Uint8Array, detached?: Uint8Array): SignedData {
  const root = readDer(der, { maxSize: 1 << 17 })
  const [type, wrapped, ...more] = readSequence(root, 'ContentInfo')
  if (type === undefined || wrapped?.tag !== contextTag(0) || more.length > 0 || readOid(type) !== OID_SIGNED_DATA)
    throw new BundleFault('it is not CMS SignedData')
  const data = wrapped.at(0, 'SignedData')
  const [, , encapsulated, ...tail] = readSequence(data, 'SignedData')
  if (encapsulated === undefined || wrapped.children.length !== 1) throw data.fail('SignedData is truncated')
  const contentType = readOid(encapsulated.at(0, 'eContentType'))
  const inside = encapsulated.children[1]?.expect(contextTag(0), 'eContent').at(0, 'eContent')
  const content = inside === undefined ? undefined : readOctetString(inside, 'eContent')
  if ((content === undefined) === (detached === undefined))
    throw new BundleFault(content === undefined ? 'it has no content' : 'it has content of its own')
  const certificates = (tail.find(({ tag }) => tag === contextTag(0))?.children ?? [])
    .filter(({ tag }) => tag === TAG.sequence)
    .map((node) => certificateFromNode(node))
  const infos = tail.at(-1)?.expect(TAG.set, 'signerInfos').children ?? []
  const [info] = infos
  if (info === undefined || infos.length !== 1) throw new BundleFault(`it has ${infos.length} signers, one is expected`)
  const { signer, attributes } = verifySigner(info, certificates, contentType, content ?? detached ?? new Uint8Array())
  return { contentType, ...(content === undefined ? {} : { content }), signer, certificates, attributes }
}

/** SignerInfo (RFC 5652 5.3 and 5.4). Signed attributes are required: they bind the content's type. */
function verifySigner(
  info: DerNode,
  certificates: readonly Certificate[],
  contentType: string,
  content: Uint8Array,
): { readonly signer: Certificate; readonly attributes: ReadonlyMap<string, DerNode> } {
  const sid = info.at(1, 'sid')
  const signer = certificates.find((certificate) => isSigner(sid, certificate))
  if (signer === undefined) throw new BundleFault('the certificate of its signer is not in it')
  if (readSmallInteger(info.at(0, 'version')) > 5) throw info.fail('the version is unknown')
  const digest = DIGESTS[readAlgorithm(info.at(2, 'digestAlgorithm')).oid]
  if (digest === undefined) throw new BundleFault('its hash is not SHA-256, SHA-384 or SHA-512')
  const signedAttributes = info.at(3, 'signedAttrs').expect(contextTag(0), 'signedAttrs')
  const attributes = readAttributes(signedAttributes)
  const stated = attributes.get(OID_CONTENT_TYPE)
  if (stated === undefined || readOid(stated) !== contentType)
    throw new BundleFault('it was made for another type of content')
  const imprint = attributes.get(OID_MESSAGE_DIGEST)
  if (imprint === undefined || !sameBytes(readOctetString(imprint), hash(digest, content, 'buffer')))
    throw new BundleFault('it was made for other content')
  const scheme = schemeOf(info.at(4, 'signatureAlgorithm'), digest)
  // What is signed is the SET OF, not the [0] that stands in its place.
  const signed = Buffer.from(signedAttributes.bytes)
  signed[0] = TAG.set
  if (scheme === undefined) throw new BundleFault('its signature algorithm is not supported')
  if (!verifySignature(scheme, signer.spki, signed, readOctetString(info.at(5, 'signature'))))
    throw new BundleFault('its signature does not verify')
  return { signer, attributes }
}

function schemeOf(node: DerNode, digest: 'sha256' | 'sha384' | 'sha512'): SignatureScheme | undefined {
  const algorithm = readAlgorithm(node)
  if (algorithm.oid === OID_RSA) return { key: 'rsa', hash: digest }
  const scheme = signatureScheme(algorithm, { rsaParametersAbsent: true })
  return scheme?.hash === digest ? scheme : undefined
}

/** IssuerAndSerialNumber, or [0] subjectKeyIdentifier. */
function isSigner(sid: DerNode, certificate: Certificate): boolean {
  if (sid.tag === TAG.sequence) {
    return (
      sid.at(0, 'issuer').holds(certificate.issuer) &&
      sameBytes(sid.at(1, 'serialNumber').expect(TAG.integer, 'serialNumber').content, certificate.serialNumber)
    )
  }
  const keyId = subjectKeyIdOf(certificate)
  return keyId !== undefined && keyId !== 'malformed' && sameBytes(sid.content, keyId)
}

function readAttributes(node: DerNode): ReadonlyMap<string, DerNode> {
  const attributes = new Map<string, DerNode>()
  for (const attribute of node.children) {
    const name = readOid(attribute.expect(TAG.sequence, 'Attribute').at(0, 'attrType'))
    const values = attribute.at(1, 'attrValues').expect(TAG.set, 'attrValues')
    if (values.children.length !== 1 || attributes.has(name))
      throw attribute.fail(`the attribute ${name} is not single`)
    attributes.set(name, values.at(0, 'value'))
  }
  return attributes
}
