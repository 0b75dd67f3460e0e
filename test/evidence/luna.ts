/** Luna confirmations in every shape the reference names, good and bad, under test roots. */
import { readDer, readSequence } from '../../src/asn1/der.ts'
import { readBitStringOctets } from '../../src/asn1/der-values.ts'
import { oid, sequence } from '../../src/asn1/der-writer.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { readNumbers } from '../../src/attestation/luna/signature.ts'
import { basicConstraints, type CertificateTemplate, keyUsage } from '../../src/sandbox/certificate-issuer.ts'
import {
  certsOnly,
  createLunaEvidenceIssuer,
  type LunaConfirmRequest,
  type LunaEvidenceIssuer,
} from '../../src/sandbox/luna/evidence/issuer.ts'
import type { SyntheticEvidence } from '../../src/sandbox/synthetic-evidence.ts'
import { type TestKeyPair, type TestKeyType, testKeyPair, testRsaPublicKey } from '../../src/sandbox/test-key-pair.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'

const SERIAL = 521175
const SERIAL_NUMBER = '1.3.6.1.4.1.12383.2.1'

/** Makes the whole list anew, one HSM of RSA-2048 and P-384 and a second one for swaps: some seconds. */
export function syntheticEvidence(): readonly SyntheticEvidence[] {
  const hsm = createLunaEvidenceIssuer({ serial: SERIAL })
  const second = createLunaEvidenceIssuer({ serial: SERIAL + 1 })
  const rsa = testKeyPair('RSA-2048')
  const ec = testKeyPair('P-256')
  return [
    ...goodShapes(hsm, rsa, ec),
    ...badArrangements(hsm, second, rsa),
    ...badEcArrangements(hsm, second, ec),
    ...badLeaves(hsm, rsa, ec),
    ...badRoots(hsm, second, rsa, ec),
    ...deviationsAboveTheLeaf(ec),
  ]
}

type Shape = Omit<SyntheticEvidence, 'hsmType' | 'trustAnchors'>

const under = (trustAnchors: readonly TrustAnchor[], shapes: readonly Shape[]): readonly SyntheticEvidence[] =>
  shapes.map((shape) => ({ ...shape, hsmType: 'LUNA', trustAnchors }))

const refused = (name: string, package_: Uint8Array, failedCheck: string): Shape => ({
  name,
  package: package_,
  expect: 'refuse',
  failedCheck,
})

function goodShapes(hsm: LunaEvidenceIssuer, rsa: TestKeyPair, ec: TestKeyPair): readonly SyntheticEvidence[] {
  const good = (name: string, package_: Uint8Array): Shape => ({ name, package: package_, expect: 'genuine' })
  const types: readonly TestKeyType[] = ['RSA-3072', 'P-384', 'P-521']
  return under(hsm.trustAnchors, [
    good('RSA, five certificates', hsm.confirm({ spki: rsa.spki })),
    good('RSA, without the root', hsm.confirm({ spki: rsa.spki, withoutRoot: true })),
    good('EC, three certificates, unsigned r and s', confirmWith(hsm, ec.spki, 'unsigned')),
    good('EC, three certificates, r or s begins with a zero octet', confirmWith(hsm, ec.spki, 'padded')),
    good('EC, without the root', hsm.confirm({ spki: ec.spki, withoutRoot: true })),
    good('EC, signature in plain DER', hsm.confirm({ spki: ec.spki, plainSignature: true })),
    good('RSA, PEM', Buffer.from(writePem('PKCS7', hsm.confirm({ spki: rsa.spki })))),
    good('EC, PEM', Buffer.from(writePem('PKCS7', hsm.confirm({ spki: ec.spki })))),
    ...types.map((type) => good(type, hsm.confirm({ spki: testKeyPair(type).spki }))),
    good('RSA-4096', hsm.confirm({ spki: testRsaPublicKey(4096) })),
    good('RSA leaf without serial number', hsm.confirm({ spki: rsa.spki, alter: without(SERIAL_NUMBER) })),
    good('EC leaf without serial number', hsm.confirm({ spki: ec.spki, alter: without(SERIAL_NUMBER) })),
    good('RSA leaf without firmware', hsm.confirm({ spki: rsa.spki, alter: without('1.3.6.1.4.1.12383.2.3') })),
  ])
}

function badArrangements(
  hsm: LunaEvidenceIssuer,
  second: LunaEvidenceIssuer,
  { spki }: TestKeyPair,
): readonly SyntheticEvidence[] {
  const all = hsm.certificates({ spki })
  const others = second.certificates({ spki })
  const [leaf, dac, hoc, mic, root] = all
  const [, otherDac] = others
  const bad = (name: string, failedCheck: string, certificates: readonly (Uint8Array | undefined)[]): Shape =>
    refused(name, certsOnly(certificates.filter((one) => one !== undefined)), failedCheck)
  return under(hsm.trustAnchors, [
    refused('RSA key under the EC chain', hsm.confirm({ spki, form: 'ec' }), 'attestation.form'),
    refused('TC TrustCenter form', hsm.confirm({ spki, form: 'tc-trustcenter' }), 'attestation.form'),
    bad('root first', 'attestation.roles', [...all].reverse()),
    bad('two certificates exchanged', 'attestation.roles', [leaf, hoc, dac, mic, root]),
    bad('a certificate missing in the middle', 'attestation.roles', [leaf, dac, mic, root]),
    bad('two certificates missing', 'attestation.form', [leaf, dac, root]),
    bad('leaf alone', 'attestation.form', [leaf]),
    bad('leaf missing', 'attestation.roles', [dac, hoc, mic, root]),
    bad('a certificate twice', 'attestation.roles', [leaf, dac, dac, mic, root]),
    bad('a certificate doubled at the end', 'attestation.form', [...all, root]),
    bad('a certificate more', 'attestation.form', [...all, otherDac]),
    bad('device certificate of another HSM', 'attestation.chain', [leaf, otherDac, hoc, mic, root]),
    bad('manufacturer chain of another root', 'attestation.root', [leaf, ...others.slice(1)]),
  ])
}

function badEcArrangements(
  hsm: LunaEvidenceIssuer,
  second: LunaEvidenceIssuer,
  { spki }: TestKeyPair,
): readonly SyntheticEvidence[] {
  const [leaf, hoc, root] = hsm.certificates({ spki })
  const [, otherHoc] = second.certificates({ spki })
  const bad = (name: string, failedCheck: string, certificates: readonly (Uint8Array | undefined)[]): Shape =>
    refused(name, certsOnly(certificates.filter((one) => one !== undefined)), failedCheck)
  return under(hsm.trustAnchors, [
    bad('EC, exchanged', 'attestation.roles', [hoc, leaf, root]),
    bad('EC, origin missing', 'attestation.roles', [leaf, root]),
    bad('EC, origin twice', 'attestation.roles', [leaf, hoc, hoc]),
    bad('EC, origin of another HSM', 'attestation.root', [leaf, otherHoc, root]),
    bad('EC, a certificate more', 'attestation.form', [leaf, hoc, root, root]),
    refused('EC key under the RSA chain', hsm.confirm({ spki, form: 'chrysalis' }), 'attestation.form'),
  ])
}

/**
 * A confirmation whose r or s has its top bit set while none is padded, or of which one has a zero octet that DER does not allow: which of
 * them a module writes is chance (three in four, one in 256), and readers tell them apart.
 */
function confirmWith(hsm: LunaEvidenceIssuer, spki: Uint8Array, numbers: 'unsigned' | 'padded'): Uint8Array {
  for (;;) {
    const certificates = hsm.certificates({ spki })
    const [leaf = new Uint8Array()] = certificates
    const signature = readSequence(readDer(leaf), 'Certificate').at(-1)
    if (signature === undefined) throw new Error('a certificate without a signature')
    const octets = readNumbers(readBitStringOctets(signature)) ?? []
    const padded = octets.some(([first, second = 0]) => first === 0 && second < 0x80)
    const unsigned = octets.some(([first = 0]) => first >= 0x80)
    if (numbers === 'padded' ? padded : unsigned && !padded) return certsOnly(certificates)
  }
}

/** NULL parameters are the vendor's habit; unsigned r and s are forgiven in a leaf and nowhere else. */
function deviationsAboveTheLeaf({ spki }: TestKeyPair): readonly SyntheticEvidence[] {
  const [unsigned, withNull] = (['unsigned-signature', 'null-parameters'] as const).map((originDeviation) =>
    createLunaEvidenceIssuer({ serial: SERIAL }, { originDeviation }),
  )
  if (unsigned === undefined || withNull === undefined) return []
  return [
    ...under(unsigned.ecTrustAnchors, [
      refused('EC, origin with unsigned r and s', unsigned.confirm({ spki }), 'attestation.root'),
    ]),
    ...under(withNull.ecTrustAnchors, [
      { name: 'EC, origin with NULL parameters', package: withNull.confirm({ spki }), expect: 'genuine' },
    ]),
  ]
}

type Alter = (template: CertificateTemplate) => CertificateTemplate

const without =
  (unwanted: string): Alter =>
  (template) => ({
    ...template,
    extensions: template.extensions?.filter((extension) => extension.oid !== unwanted) ?? [],
  })

/** In place of the leaf's own extended key usage. */
const withUsage =
  (critical: boolean, ...roles: readonly number[]): Alter =>
  (template) => ({
    ...template,
    extensions: [
      ...(without('2.5.29.37')(template).extensions ?? []),
      { oid: '2.5.29.37', critical, value: sequence(...roles.map((role) => oid(`1.3.6.1.4.1.12383.1.${role}`))) },
    ],
  })

function badLeaves(hsm: LunaEvidenceIssuer, rsa: TestKeyPair, ec: TestKeyPair): readonly SyntheticEvidence[] {
  const bad = (name: string, failedCheck: string, key: TestKeyPair, alter: Alter): Shape =>
    refused(name, hsm.confirm({ spki: key.spki, alter }), failedCheck)
  const named = (key: TestKeyPair, kind: string): readonly Shape[] => [
    bad(`${kind} leaf without its role`, 'attestation.roles', key, without('2.5.29.37')),
    bad(`${kind} leaf without key usage`, 'attestation.constraints', key, without('2.5.29.15')),
    bad(`${kind} leaf with a second role`, 'attestation.roles', key, withUsage(true, 13, 12)),
    bad(`${kind} leaf with the role of another certificate`, 'attestation.roles', key, withUsage(true, 8)),
    bad(`${kind} leaf whose role is not critical`, 'attestation.roles', key, withUsage(false, 13)),
    bad(`${kind} leaf that may sign certificates`, 'attestation.constraints', key, (template) => ({
      ...template,
      extensions: [...(without('2.5.29.15')(template).extensions ?? []), keyUsage(0, 5)],
    })),
    bad(`${kind} leaf that is not valid yet`, 'attestation.validity', key, (template) => ({
      ...template,
      notBefore: new Date('2030-01-01'),
    })),
    bad(`${kind} leaf of another issuer's name`, 'attestation.chain', key, (template) => ({
      ...template,
      issuer: parseNameText('CN=Luna K7-1'),
    })),
    bad(`${kind} leaf signed by another key`, 'attestation.chain', key, (template) => ({
      ...template,
      issuerKey: testKeyPair(kind === 'RSA' ? 'RSA-2048' : 'P-384').privateKey,
    })),
    bad(`${kind} leaf that is a CA`, 'attestation.constraints', key, (template) => ({
      ...template,
      extensions: [...(template.extensions ?? []), basicConstraints(true)],
    })),
    bad(`${kind} leaf with an unknown critical extension`, 'attestation.constraints', key, (template) => ({
      ...template,
      extensions: [...(template.extensions ?? []), { oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) }],
    })),
    bad(`${kind} leaf past its dates`, 'attestation.validity', key, (template) => ({
      ...template,
      notAfter: new Date('2024-01-01'),
    })),
  ]
  return under(hsm.trustAnchors, [
    ...named(rsa, 'RSA'),
    ...named(ec, 'EC'),
    bad('leaf of another serial number than its HSM', 'attestation.serial', rsa, (template) => ({
      ...template,
      extensions: (template.extensions ?? []).map((extension) =>
        extension.oid === SERIAL_NUMBER ? { ...extension, value: Buffer.of(1, 0, 0, 0) } : extension,
      ),
    })),
  ])
}

function badRoots(
  hsm: LunaEvidenceIssuer,
  second: LunaEvidenceIssuer,
  rsa: TestKeyPair,
  ec: TestKeyPair,
): readonly SyntheticEvidence[] {
  const of = (issuer: LunaEvidenceIssuer, request: LunaConfirmRequest): Uint8Array => issuer.confirm(request)
  // Roots of two issuers bear one name: to the other one, each is a forged root with the right name.
  const forged = under(second.trustAnchors, [
    refused('RSA, forged root with the right name', of(hsm, { spki: rsa.spki }), 'attestation.root'),
    refused('RSA, forged root left out', of(hsm, { spki: rsa.spki, withoutRoot: true }), 'attestation.root'),
    refused('EC, forged root with the right name', of(hsm, { spki: ec.spki }), 'attestation.root'),
  ])
  const foreign = under([], [refused('no anchor at all', of(hsm, { spki: rsa.spki }), 'attestation.root')])
  const ended = hsm.trustAnchors.map((anchor): TrustAnchor => ({ ...anchor, notAfter: '2025-12-31' }))
  const expired = under(ended, [
    refused('RSA, expired anchor', of(hsm, { spki: rsa.spki }), 'attestation.validity'),
    refused('EC, expired anchor', of(hsm, { spki: ec.spki }), 'attestation.validity'),
  ])
  const [leaf, dac, hoc, mic] = hsm.certificates({ spki: rsa.spki })
  const [, , , , otherRoot] = second.certificates({ spki: rsa.spki })
  const copy = [leaf, dac, hoc, mic, otherRoot].filter((one) => one !== undefined)
  const wrongCopy = under(hsm.trustAnchors, [
    refused('forged copy of the root above a genuine chain', certsOnly(copy), 'attestation.root'),
  ])
  return [...forged, ...foreign, ...expired, ...wrongCopy]
}
