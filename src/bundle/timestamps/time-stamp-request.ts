/** TimeStampReq (RFC 3161 2.4.1) for the SHA-256 of a file. */
import { readDer, readSequence, TAG } from '../../asn1/der.ts'
import { readBoolean, readOctetString, readOid, readSmallInteger, readUnsignedBytes } from '../../asn1/der-values.ts'
import { boolean, integer, nullValue, octetString, oid, sequence } from '../../asn1/der-writer.ts'
import { BundleFault } from '../bundle-fault.ts'

export const OID_SHA256 = '2.16.840.1.101.3.4.2.1'

export interface TimeStampRequest {
  /** SHA-256 of what is stamped. */
  readonly imprint: Uint8Array
  /** Magnitude, big-endian, without leading zeros. */
  readonly nonce: Uint8Array
  /** The policy asked for, dotted; absent: whichever the authority has. */
  readonly policy?: string
}

/** Asks for the authority's certificate in the reply. `nonce`: random octets, the first not zero. */
export const encodeTimeStampRequest = ({ imprint, nonce, policy }: TimeStampRequest): Uint8Array =>
  sequence(
    integer(1),
    sequence(sequence(oid(OID_SHA256), nullValue()), octetString(imprint)),
    ...(policy === undefined ? [] : [oid(policy)]),
    integer(nonce),
    boolean(true),
  )

/** Reads what `encodeTimeStampRequest` wrote, and nothing else. Throws BundleFault and DerError. */
export function decodeTimeStampRequest(der: Uint8Array): TimeStampRequest {
  const node = readDer(der, { maxSize: 1024 })
  const [version, messageImprint, ...rest] = readSequence(node, 'TimeStampReq')
  if (version === undefined || messageImprint === undefined || readSmallInteger(version) !== 1)
    throw new BundleFault('it is not a time-stamp request of version 1')
  const policy = rest[0]?.tag === TAG.oid ? readOid(node.at(2, 'reqPolicy')) : undefined
  const base = policy === undefined ? 2 : 3
  const request = {
    imprint: readOctetString(messageImprint.at(1, 'hashedMessage')),
    nonce: readUnsignedBytes(node.at(base, 'nonce')),
    ...(policy === undefined ? {} : { policy }),
  }
  if (!readBoolean(node.at(base + 1, 'certReq')) || !Buffer.from(encodeTimeStampRequest(request)).equals(der))
    throw new BundleFault('it is not a request as hsm-enroll writes it')
  return request
}
