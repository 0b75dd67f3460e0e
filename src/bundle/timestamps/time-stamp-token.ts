/** TimeStampResp and TSTInfo (RFC 3161 2.4.2), verified against the request that they answer. */
import { hash } from 'node:crypto'
import type { Certificate } from '../../asn1/certificate.ts'
import { type DerNode, readDer, readSequence, TAG } from '../../asn1/der.ts'
import {
  readGeneralizedTime,
  readOctetString,
  readOid,
  readSmallInteger,
  readText,
  readUnsignedBytes,
} from '../../asn1/der-values.ts'
import { sameBytes } from '../../asn1/octets.ts'
import { BundleFault } from '../bundle-fault.ts'
import { type SignedData, verifySignedData } from '../signatures/signed-data.ts'
import { OID_SHA256, type TimeStampRequest } from './time-stamp-request.ts'

const OID_TST_INFO = '1.2.840.113549.1.9.16.1.4'
/** ESSCertID (RFC 2634 5.4, SHA-1) and ESSCertIDv2 (RFC 5035 3): the certificate that the signature is bound to. */
const OID_ESS = { v1: '1.2.840.113549.1.9.16.2.12', v2: '1.2.840.113549.1.9.16.2.47' } as const

/** What an authority said, under a signature that holds. Its certificate is still to be judged: `verifyAuthority`. */
export interface TimeStamp {
  /** Milliseconds since 1970. */
  readonly time: number
  /** Dotted. */
  readonly policy: string
  /** Hexadecimal. */
  readonly serialNumber: string
  readonly authority: Certificate
  readonly certificates: readonly Certificate[]
}

/** Throws BundleFault where the reply is not granted, not for this request, or its signature does not hold; DerError. */
export function verifyTimeStampReply(der: Uint8Array, request: TimeStampRequest): TimeStamp {
  const root = readDer(der, { maxSize: 1 << 17 })
  const [status, token, ...more] = readSequence(root, 'TimeStampResp')
  if (status === undefined || more.length > 0) throw new BundleFault('it is not a time-stamp reply')
  const granted = readSmallInteger(status.at(0, 'status'))
  if (granted > 1 || token === undefined)
    throw new BundleFault(`the authority refused (status ${granted})${wordsOf(status)}`)
  const signed = verifySignedData(token.bytes)
  if (signed.contentType !== OID_TST_INFO || signed.content === undefined) throw new BundleFault('it holds no time')
  requireBoundCertificate(signed)
  return { ...readInfo(signed.content, request), authority: signed.signer, certificates: signed.certificates }
}

/** The authority's own words, bounded. */
function wordsOf(status: DerNode): string {
  const words = status.children[1]?.children
    .map((text) => readText(text))
    .join('; ')
    .slice(0, 200)
  return words === undefined || words === '' ? '' : `: ${words}`
}

function readInfo(content: Uint8Array, request: TimeStampRequest): Pick<TimeStamp, 'time' | 'policy' | 'serialNumber'> {
  const node = readDer(content, { maxSize: 1 << 16 })
  const [version, policyNode, imprint, serial, time, ...optional] = readSequence(node, 'TSTInfo')
  if (
    version === undefined ||
    policyNode === undefined ||
    imprint === undefined ||
    serial === undefined ||
    time === undefined
  )
    throw node.fail('TSTInfo is truncated')
  if (readSmallInteger(version) !== 1) throw new BundleFault('TSTInfo is not of version 1')
  const policy = readOid(policyNode)
  if (request.policy !== undefined && policy !== request.policy)
    throw new BundleFault(`it was made under the policy ${policy}, not ${request.policy}`)
  if (
    readOid(imprint.at(0, 'hashAlgorithm').at(0, 'algorithm')) !== OID_SHA256 ||
    !sameBytes(readOctetString(imprint.at(1, 'hashedMessage')), request.imprint)
  )
    throw new BundleFault('it is of another file')
  const nonce = optional.find(({ tag }) => tag === TAG.integer)
  if (nonce === undefined || !sameBytes(readUnsignedBytes(nonce), request.nonce))
    throw new BundleFault('it does not answer the request: the nonce differs')
  return {
    time: readGeneralizedTime(time, 'genTime'),
    policy,
    serialNumber: Buffer.from(readUnsignedBytes(serial)).toString('hex'),
  }
}

/** The signed attribute names the certificate by its hash, so that none with the same key can take its place. */
function requireBoundCertificate({ attributes, signer }: SignedData): void {
  const v2 = attributes.get(OID_ESS.v2)
  const attribute = v2 ?? attributes.get(OID_ESS.v1)
  if (attribute === undefined) throw new BundleFault('its signature does not name the certificate of its signer')
  const id = attribute.at(0, 'certs').at(0, 'ESSCertID')
  const [first] = readSequence(id, 'ESSCertID')
  const named = v2 !== undefined && first?.tag === TAG.sequence ? readOid(first.at(0, 'hashAlgorithm')) : undefined
  const digest = v2 === undefined ? 'sha1' : named === undefined ? 'sha256' : HASHES[named]
  const value = id.children[named === undefined ? 0 : 1]
  if (
    digest === undefined ||
    value === undefined ||
    !sameBytes(readOctetString(value), hash(digest, signer.der, 'buffer'))
  )
    throw new BundleFault('its signature names another certificate than that of its signer')
}

const HASHES: Readonly<Record<string, string>> = {
  [OID_SHA256]: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}
