/**
 * Evidence of draft-ietf-rats-pkix-key-attestation, written from the ASN.1 module of the draft with asn1js: not with the writer of the
 * program, and with numbers of its own.
 */
import { type KeyObject, sign } from 'node:crypto'
import * as asn1js from 'asn1js'

/** Under 1.3.6.1.5.5.999, as the samples of the draft. */
export const ARC = '1.3.6.1.5.5.999'
/** The numbers of the module, written out. */
export const OID = {
  ...{ transaction: '0.0', platform: '0.1', key: '0.2', sign: '2.4' },
  ...{ nonce: '1.0.0', timestamp: '1.0.1', akSpki: '1.0.2' },
  ...{ vendor: '1.1.0', hwmodel: '1.1.2', hwserial: '1.1.4', fipsboot: '1.1.10', fipslevel: '1.1.12' },
  ...{
    identifier: '1.2.0',
    spki: '1.2.1',
    extractable: '1.2.2',
    sensitive: '1.2.3',
    neverExtractable: '1.2.4',
    local: '1.2.5',
  },
  ...{ expiry: '1.2.6', purpose: '1.2.7' },
} as const

type Value = asn1js.BaseBlock
const buffer = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer
export const sequenceOf = (...value: readonly Value[]): Value => new asn1js.Sequence({ value: [...value] })
export const oidOf = (value: string): Value => new asn1js.ObjectIdentifier({ value })
export const octets = (bytes: Uint8Array): Value => new asn1js.OctetString({ valueHex: buffer(bytes) })
export const text = (value: string): Value => new asn1js.Utf8String({ value })
export const bool = (value: boolean): Value => new asn1js.Boolean({ value })
export const int = (value: number): Value => new asn1js.Integer({ value })
/** In whole seconds, UTC. */
export const time = (value: string): Value => new asn1js.GeneralizedTime({ valueDate: new Date(value) })
export const raw = (der: Uint8Array): Value => asn1js.fromBER(buffer(der)).result
export const tagged = (number: number, value: Value): Value =>
  new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: number }, value: [value] })
export const derOf = (value: Value): Uint8Array => new Uint8Array(value.toBER())

export const claim = (oid: string, ...value: readonly Value[]): Value => sequenceOf(oidOf(oid), ...value)
export const element = (oid: string, ...claims: readonly Value[]): Value =>
  sequenceOf(oidOf(oid), sequenceOf(...claims))
const under = (oid: string): string => `${ARC}.${oid}`

export const transaction = (...claims: readonly Value[]): Value => element(under(OID.transaction), ...claims)
export const platform = (...claims: readonly Value[]): Value => element(under(OID.platform), ...claims)
export const nonce = claim(under(OID.nonce), octets(Uint8Array.of(0xbe, 0xef)))
export const akSpki = (spki: Uint8Array): Value => claim(under(OID.akSpki), octets(spki))
export const own = (name: keyof typeof OID, ...value: readonly Value[]): Value => claim(under(OID[name]), ...value)

/** As an HSM reports a key that never leaves it. */
export const keptKey = (identifier: string, spki: Uint8Array): Value =>
  element(
    under(OID.key),
    ...[own('identifier', text(identifier)), own('spki', octets(spki)), own('extractable', bool(false))],
    ...[own('neverExtractable', bool(true)), own('sensitive', bool(true)), own('local', bool(true))],
    own('purpose', sequenceOf(oidOf(under(OID.sign)))),
  )
export const looseKey = (identifier: string, spki: Uint8Array): Value =>
  element(
    under(OID.key),
    ...[own('identifier', text(identifier)), own('spki', octets(spki))],
    ...[own('extractable', bool(true)), own('sensitive', bool(false))],
  )

export const tbsOf = (elements: readonly Value[], version = 1): Value =>
  sequenceOf(int(version), sequenceOf(...elements))

export interface Signer {
  readonly key: KeyObject
  readonly certificate?: Uint8Array
  readonly publicKey?: Uint8Array
  readonly keyId?: Uint8Array
  /** Default: ecdsa-with-SHA256. */
  readonly algorithm?: string
}

export const blockOf = (tbs: Value, { key, certificate, publicKey, keyId, algorithm }: Signer): Value =>
  sequenceOf(
    sequenceOf(
      ...(keyId === undefined ? [] : [tagged(0, octets(keyId))]),
      ...(publicKey === undefined ? [] : [tagged(1, raw(publicKey))]),
      ...(certificate === undefined ? [] : [tagged(2, raw(certificate))]),
    ),
    sequenceOf(oidOf(algorithm ?? '1.2.840.10045.4.3.2')),
    octets(sign('sha256', derOf(tbs), key)),
  )

/** `module`: as the ASN.1 of the draft tags them; `samples`: as those who write such evidence do. */
const tagCertificates = (certificates: readonly Uint8Array[], as: 'module' | 'samples'): Value =>
  as === 'module'
    ? tagged(0, sequenceOf(...certificates.map(raw)))
    : new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: certificates.map(raw) })

/** Signed by each of `signers`, over the DER of the part that is signed. */
export function evidenceOf(
  elements: readonly Value[],
  signers: readonly Signer[],
  certificates: readonly Uint8Array[] = [],
  as: 'module' | 'samples' = 'module',
): Uint8Array {
  const tbs = tbsOf(elements)
  const blocks = sequenceOf(...signers.map((signer) => blockOf(tbs, signer)))
  return derOf(sequenceOf(tbs, blocks, ...(certificates.length === 0 ? [] : [tagCertificates(certificates, as)])))
}
