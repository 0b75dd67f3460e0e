/**
 * Makes Luna public key confirmations under test roots: what the virtual Luna answers for CKA_PKC_CITS, CKA_PKC_ECC and
 * CKA_PKC_TCTRUST, with the deviations of the genuine ones.
 */
import { createHash, type KeyObject } from 'node:crypto'
import { contextTag } from '../../../asn1/der.ts'
import { explicit, integer, octetString, oid, sequence, setOf, tlv } from '../../../asn1/der-writer.ts'
import { parseNameText } from '../../../asn1/name.ts'
import { parsePublicKey } from '../../../asn1/public-key.ts'
import type { TrustAnchor } from '../../../trust-anchors/trust-anchor.ts'
import {
  basicConstraints,
  type CertificateExtension,
  type CertificateTemplate,
  issueCertificate,
  keyUsage,
} from '../../certificate-issuer.ts'
import { testTrustAnchor } from '../../synthetic-evidence.ts'
import { type TestKeyPair, type TestKeyType, testKeyPair } from '../../test-key-pair.ts'
import { unsignedFixedLength } from './unsigned-signature.ts'

/** Thales's arc: `.1.x` roles, `.2.x` facts. */
const ARC = '1.3.6.1.4.1.12383'

export interface LunaPersonality {
  /** At most 32 bits: `521174`. */
  readonly serial: number
  /** Four octets as the module writes them, hex: `54000700`. */
  readonly firmware?: string
}

export interface LunaIssuerOptions {
  /** Keys of the RSA hierarchy: 4096 bits in genuine ones; 2048 by default, since it is quicker. */
  readonly rsaKeyType?: Extract<TestKeyType, `RSA-${number}`>
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly rootNotAfter?: Date
  /** Gives the EC origin certificate a deviation of the leaf's: NULL parameters are accepted there, unsigned r and s are not. */
  readonly originDeviation?: 'unsigned-signature' | 'null-parameters'
}

export interface LunaConfirmRequest {
  /** SubjectPublicKeyInfo of the key, DER. */
  readonly spki: Uint8Array
  /** CKA_OUID, 12 octets; by default one that ends in the serial number. */
  readonly ouid?: Uint8Array
  /** By default the form that goes with the key; `tc-trustcenter` is pkctype 1, which CAs refuse. */
  readonly form?: 'chrysalis' | 'ec' | 'tc-trustcenter'
  /** Leaves the root out of the file. */
  readonly withoutRoot?: boolean
  /** Bends the leaf before it is signed: for evidence that must be refused. */
  readonly alter?: (template: CertificateTemplate) => CertificateTemplate
  /** Plain DER for the signature of an EC leaf. */
  readonly plainSignature?: boolean
}

export interface LunaEvidenceIssuer {
  readonly personality: LunaPersonality
  /** The test roots, RSA and EC. */
  readonly trustAnchors: readonly TrustAnchor[]
  /** The EC root alone: quicker, where no RSA key is confirmed. */
  readonly ecTrustAnchors: readonly TrustAnchor[]
  /** DER PKCS#7, as `cmu getpkc` writes it and the attribute holds it. */
  confirm(request: LunaConfirmRequest): Uint8Array
  /** The certificates of `confirm`, leaf first. */
  certificates(request: LunaConfirmRequest): readonly Uint8Array[]
}

/** One CA of a hierarchy. */
interface Authority {
  readonly subject: ReturnType<typeof parseNameText>
  readonly key: TestKeyPair
  readonly certificate: Uint8Array
}

const NOT_BEFORE = new Date('2020-03-01T00:00:00Z')
const NOT_AFTER = new Date('2032-05-05T00:00:00Z')

/** Roots and the certificates of one HSM. RSA hierarchy and EC hierarchy are made when first needed. */
export function createLunaEvidenceIssuer(
  personality: LunaPersonality,
  options: LunaIssuerOptions = {},
): LunaEvidenceIssuer {
  const rsa = once(() => rsaHierarchy(personality, options))
  const ec = once(() => ecHierarchy(personality, options))
  const certificates = (request: LunaConfirmRequest): readonly Uint8Array[] => {
    const keyType = parsePublicKey(request.spki).type
    const form = request.form ?? (keyType === 'EC' ? 'ec' : 'chrysalis')
    const above = form === 'ec' ? ec() : form === 'chrysalis' ? rsa() : tcTrustCenter(personality, options)
    const [issuer] = above
    const leaf = form === 'ec' ? ecLeaf : rsaLeaf
    const kept = request.withoutRoot ? above.slice(0, -1) : above
    return [leaf(personality, issuer, request, options), ...kept.map(({ certificate }) => certificate)]
  }
  return {
    personality,
    get trustAnchors() {
      return [...rootAnchor(rsa()), ...rootAnchor(ec())]
    },
    get ecTrustAnchors() {
      return rootAnchor(ec())
    },
    certificates,
    confirm: (request) => certsOnly(certificates(request)),
  }
}

function rootAnchor(hierarchy: Hierarchy): readonly TrustAnchor[] {
  const root = hierarchy.at(-1)
  return root === undefined ? [] : [testTrustAnchor(root.certificate, ['LUNA'])]
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** ContentInfo of a certs-only signedData, certificates in the order given. */
export const certsOnly = (certificates: readonly Uint8Array[]): Uint8Array =>
  sequence(
    oid('1.2.840.113549.1.7.2'),
    explicit(
      0,
      sequence(
        integer(1),
        setOf(),
        sequence(oid('1.2.840.113549.1.7.1')),
        tlv(contextTag(0), ...certificates),
        setOf(),
      ),
    ),
  )

type Hierarchy = readonly [Authority, ...Authority[]]

/** Device authentication, hardware origin, manufacturing integrity, root. */
function rsaHierarchy({ serial, firmware }: LunaPersonality, options: LunaIssuerOptions): Hierarchy {
  const keyType = options.rsaKeyType ?? 'RSA-2048'
  const root = authority('CN=hsm-enroll sandbox Chrysalis-ITS Root (not Thales),O=Sandbox,C=NL', keyType, undefined, {
    hash: 'sha1',
    notBefore: new Date('2002-01-01T00:00:00Z'),
    notAfter: options.rootNotAfter ?? new Date('2032-01-01T00:00:00Z'),
    extensions: [role(1)],
  })
  const common = { hash: 'sha384', ...validity(options) } as const
  const ca = [keyUsage(5, 6), basicConstraints(true)]
  const mic = authority('CN=Thales Luna Mfg Integrity Certifcate x1,OU=HSM Engineering,O=Sandbox,C=CA', keyType, root, {
    ...common,
    extensions: [role(7), ...ca],
  })
  const hoc = authority('CN=Hardware Origin Certificate', keyType, mic, {
    ...common,
    extensions: [role(8), fact(6, '00000000'), fact(7, '0a000000'), ...ca],
  })
  const dac = authority(
    `CN=Luna K7-${serial},OU=Chrysalis-ITS DeviceAuthenticationCertificate,O=Chrysalis-ITS,C=CA`,
    keyType,
    hoc,
    { ...common, extensions: [role(12), ...moduleFacts(serial, firmware), fact(4, '02000000'), ...ca] },
  )
  return [dac, hoc, mic, root]
}

/** Hardware origin and root. */
function ecHierarchy({ serial }: LunaPersonality, options: LunaIssuerOptions): Hierarchy {
  const root = authority(
    'CN=hsm-enroll sandbox ECC Manufacturer Integrity Module (not SafeNet) ,O=Sandbox,C=NL',
    'P-384',
    undefined,
    {
      hash: 'sha384',
      notBefore: new Date('2010-08-12T15:23:06Z'),
      notAfter: options.rootNotAfter ?? new Date('2030-08-12T15:23:06Z'),
      extensions: [role(14), keyUsage(0, 5, 6)],
    },
  )
  const hoc = authority(
    `CN=${serial},OU=Luna Module Hardware Origin,O=SafeNet\\, Inc.,C=US`,
    'P-384',
    root,
    {
      hash: 'sha384',
      ...validity(options),
      notAfter: options.notAfter ?? new Date('2030-08-12T00:00:00Z'),
      extensions: [role(15), keyUsage(5, 6), basicConstraints(true), fact(6, '00000000'), fact(7, '0a000000')],
      oddAlgorithmParameters: options.originDeviation === 'null-parameters',
    },
    options.originDeviation === 'unsigned-signature',
  )
  return [hoc, root]
}

/** The form with three certificates, which ends in another root. */
function tcTrustCenter({ serial }: LunaPersonality, options: LunaIssuerOptions): Hierarchy {
  const common = { hash: 'sha256', ...validity(options) } as const
  const root = authority('CN=TC TrustCenter Class 0 CA,O=TC TrustCenter,C=DE', 'RSA-2048', undefined, {
    ...common,
    extensions: [keyUsage(5, 6), basicConstraints(true)],
  })
  const device = authority(`CN=Luna ${serial},O=SafeNet,C=US`, 'RSA-2048', root, {
    ...common,
    extensions: [keyUsage(5, 6), basicConstraints(true)],
  })
  return [device, root]
}

function rsaLeaf(
  { serial, firmware }: LunaPersonality,
  issuer: Authority,
  request: LunaConfirmRequest,
  options: LunaIssuerOptions,
): Uint8Array {
  const template = leafTemplate(serial, 'OU=Chrysalis-ITS Proof of Origin', issuer, request, options)
  return issueCertificate(
    (request.alter ?? same)({
      ...template,
      extensions: [role(13), keyUsage(0), ...moduleFacts(serial, firmware), fact(4, '02000000'), fact(5, '030204f0')],
    }),
  )
}

function ecLeaf(
  { serial }: LunaPersonality,
  issuer: Authority,
  request: LunaConfirmRequest,
  options: LunaIssuerOptions,
): Uint8Array {
  const template = leafTemplate(serial, 'OU=Luna Module,O=SafeNet\\, Inc.', issuer, request, options)
  const identifier = (spki: Uint8Array): Uint8Array => createHash('sha256').update(spki).digest()
  return issueCertificate(
    (request.alter ?? same)({
      ...template,
      oddAlgorithmParameters: true,
      extensions: [
        role(13),
        { oid: '2.5.29.14', value: octetString(identifier(request.spki)) },
        { oid: '2.5.29.35', value: sequence(tlv(0x80, identifier(issuer.key.spki))) },
        keyUsage(0),
        serialFact(serial),
      ],
    }),
    request.plainSignature ? same : (signature) => unsignedFixedLength(signature, 48),
  )
}

const same = <T>(value: T): T => value

function leafTemplate(
  serial: number,
  unit: string,
  issuer: Authority,
  { ouid, spki }: LunaConfirmRequest,
  options: LunaIssuerOptions,
): CertificateTemplate {
  const identity = ouid ?? Buffer.concat([Buffer.from('41000000ae000002', 'hex'), littleEndian(serial)])
  return {
    subject: parseNameText(`CN=${Buffer.from(identity).toString('hex')},${unit}`),
    issuer: issuer.subject,
    issuerKey: issuer.key.privateKey,
    spki,
    hash: 'sha384',
    ...validity(options),
  }
}

function authority(
  name: string,
  keyType: TestKeyType,
  issuer: Authority | undefined,
  profile: Pick<CertificateTemplate, 'hash' | 'notBefore' | 'notAfter' | 'extensions' | 'oddAlgorithmParameters'>,
  unsigned = false,
): Authority {
  const key = testKeyPair(keyType)
  const subject = parseNameText(name)
  const issuerKey: KeyObject = (issuer?.key ?? key).privateKey
  const template = { ...profile, subject, issuer: issuer?.subject ?? subject, spki: key.spki, issuerKey }
  return { subject, key, certificate: unsigned ? issueUnsigned(template) : issueCertificate(template) }
}

/** Signs until r or s has its top bit set, so that the unsigned form is no DER. */
function issueUnsigned(template: CertificateTemplate): Uint8Array {
  for (;;) {
    let bent = false
    const certificate = issueCertificate(template, (signature) => {
      const altered = unsignedFixedLength(signature, 48)
      bent = Buffer.compare(altered, signature) !== 0
      return altered
    })
    if (bent) return certificate
  }
}

const validity = ({ notBefore, notAfter }: LunaIssuerOptions) => ({
  notBefore: notBefore ?? NOT_BEFORE,
  notAfter: notAfter ?? NOT_AFTER,
})

const role = (number: number): CertificateExtension => ({
  oid: '2.5.29.37',
  critical: true,
  value: sequence(oid(`${ARC}.1.${number}`)),
})

/** A fact about the module: raw octets, `critical FALSE` written out. */
const fact = (number: number, hex: string): CertificateExtension => ({
  oid: `${ARC}.2.${number}`,
  explicitCriticalFalse: true,
  value: Buffer.from(hex, 'hex'),
})

function littleEndian(serial: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32LE(serial)
  return octets
}

const serialFact = (serial: number): CertificateExtension => fact(1, littleEndian(serial).toString('hex'))

const moduleFacts = (serial: number, firmware = '54000700'): CertificateExtension[] => [
  serialFact(serial),
  fact(3, firmware),
]
