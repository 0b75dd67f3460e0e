import type { AsnType, Sequence } from 'asn1js'
import type { DeviceKey, HashName } from '../../devices/device.ts'
import { bitString, sequence } from '../asn1/der-writer.ts'
import { encodeName, type Name } from '../asn1/name.ts'
import { sameBytes } from '../asn1/octets.ts'
import { parsePublicKey } from '../asn1/public-key.ts'
import { EnrollError } from '../errors.ts'
import {
  type CertificationRequest,
  parseCertificationRequest,
  REQUEST_SIGNATURES,
  type RequestAttribute,
  verifyCertificationRequest,
} from './certification-request.ts'
import { requestAttributes } from './request-attributes.ts'
import { requestFormFaults } from './request-form.ts'
import { exactBuffer, type RequestedExtensions } from './requested-extensions.ts'

export type { RequestAttribute } from './certification-request.ts'
export {
  type FurtherExtension,
  KEY_USAGE_NAMES,
  type KeyUsageName,
  type SubjectAltName,
} from './requested-extensions.ts'

/** What a request asks for. */
export interface RequestTemplate extends RequestedExtensions {
  readonly subject: Name
  /** Beside the extensions above: a challenge password, for example. */
  readonly attributes?: readonly RequestAttribute[]
  /** Default: SHA-384 for P-384, else SHA-256. */
  readonly hash?: HashName
}

/** What a request needs of a device key. */
export type RequestSigner = Pick<DeviceKey, 'publicKey' | 'sign'>

/** Largest hash that still fits the key is P-384 with SHA-384; RSA takes any. */
export function defaultRequestHash(spki: Uint8Array): HashName {
  const key = parsePublicKey(spki)
  return key.type === 'EC' && key.curve === 'P-384' ? 'SHA-384' : 'SHA-256'
}

/** Whether a request can be written at all, before a key is made for it. Throws EnrollError. */
export async function checkRequestTemplate(template: RequestTemplate): Promise<void> {
  const [pkijs, asn1js] = await Promise.all([import('pkijs'), import('asn1js')])
  encodeName(template.subject)
  requestAttributes(template, pkijs, asn1js)
}

/**
 * Builds a PKCS#10 request, has the device sign it, and reads it back: nobody sees a request whose signature does not verify or whose key
 * is not the device's.
 *
 * @param signer - A key of a device; anything with `publicKey` (SubjectPublicKeyInfo, DER) and `sign`.
 * @throws EnrollError `csr.signature`, `csr.key-type`, `csr.subject-alt-name`, `csr.attribute`, `asn1.name`; DeviceError from `sign`.
 * @example
 * ```ts
 * async function request(device: Device): Promise<CertificationRequest | undefined> {
 *   const key = await device.findKey({ label: 'signing' })
 *   return key && buildCertificationRequest({ subject: parseNameText('CN=Example GmbH,C=NL') }, key)
 * }
 * ```
 */
export async function buildCertificationRequest(
  template: RequestTemplate,
  signer: RequestSigner,
): Promise<CertificationRequest> {
  const [pkijs, asn1js] = await Promise.all([import('pkijs'), import('asn1js')])
  const hash = template.hash ?? defaultRequestHash(signer.publicKey)
  const keyType = parsePublicKey(signer.publicKey).type
  const algorithm = REQUEST_SIGNATURES.find((entry) => entry.key === keyType && entry.hash === hash)
  if (algorithm === undefined) {
    throw new EnrollError('csr.key-type', `Could not sign a request with a key of this type (${keyType}).`, {
      remedy: 'Generate an RSA, P-256 or P-384 key.',
    })
  }
  const request = new pkijs.CertificationRequest()
  request.version = 0
  request.subject = pkijs.RelativeDistinguishedNames.fromBER(exactBuffer(encodeName(template.subject)))
  request.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(exactBuffer(signer.publicKey))
  // Always set: pkijs leaves the element out otherwise, and RFC 2986 does not make it optional.
  request.attributes = requestAttributes(template, pkijs, asn1js)
  request.signatureAlgorithm = new pkijs.AlgorithmIdentifier({
    algorithmId: algorithm.oid,
    ...(algorithm.key === 'RSA' ? { algorithmParams: new asn1js.Null() } : {}),
  })
  const info = new Uint8Array(firstChild(request.toSchema(true)).toBER())
  const signature = await signer.sign(hash, info)
  return proven(
    sequence(info, new Uint8Array(request.signatureAlgorithm.toSchema().toBER()), bitString(signature)),
    signer.publicKey,
    template.attributes,
  )
}

/** CertificationRequestInfo is the first of the three parts that pkijs writes. */
function firstChild(schema: Sequence): AsnType {
  const child = schema.valueBlock.value[0]
  if (child === undefined) throw new Error('pkijs wrote an empty request')
  return child
}

function proven(
  der: Uint8Array,
  publicKey: Uint8Array,
  wanted: readonly RequestAttribute[] = [],
): CertificationRequest {
  const request = parseCertificationRequest(der)
  if (!sameBytes(request.spki, publicKey) || !verifyCertificationRequest(request)) {
    throw new EnrollError(
      'csr.signature',
      'Could not verify the request that the device signed: its signature does not match its key.',
      {
        remedy:
          'Nothing was sent. Run `hsm-enroll doctor`; if the device reports no fault, its driver returned a signature of another key.',
      },
    )
  }
  const faults = requestFormFaults(request)
  if (faults.length > 0) throw new Error(`wrote a request that parsers refuse: ${faults.join('; ')}`)
  // A signed statement that is written in other bytes than it was given in does not verify any more.
  const written = request.attributes.flatMap(({ values }) => values)
  if (!wanted.every(({ values }) => values.every((value) => written.some((other) => sameBytes(other, value)))))
    throw new Error('wrote an attribute in other bytes than it was given in')
  return request
}
