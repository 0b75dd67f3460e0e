import { describe, expect, it } from 'vitest'
import { writePem } from '../src/asn1/pem.ts'
import { checkAttestation } from '../src/check/check-attestation.ts'
import { evidenceCertificates } from '../src/check/evidence-certificates.ts'
import { policyProfile } from '../src/check/policy/policy-profile.ts'
import { readEvidence } from '../src/check/read/evidence-input.ts'
import { refuseHiddenKeys } from '../src/check/read/hidden-keys.ts'
import { readCertificationRequest } from '../src/check/read/request-input.ts'
import { HSM_TYPES, type HsmType } from '../src/hsm-type.ts'
import type { SyntheticEvidence } from '../src/sandbox/synthetic-evidence.ts'
import { testKeyPair } from '../src/sandbox/test-key-pair.ts'
import { makeCsr } from './sectigo/rehearsal-kit.ts'
import { SYNTHETIC_EVIDENCE } from './tools/corpus.ts'
import { FORMS, type Form } from './tools/forms.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')
const TEXTUAL: readonly HsmType[] = ['YUBIKEY', 'YUBIHSM2', 'NSHIELD', 'FORTANIX']
const CERTIFICATES: readonly HsmType[] = ['YUBIKEY', 'YUBIHSM2']

const formsFor = (hsmType: HsmType): readonly Form[] =>
  FORMS.filter(
    ({ of }) => of === 'bytes' || (of === 'text' && TEXTUAL.includes(hsmType)) || CERTIFICATES.includes(hsmType),
  )

describe.each(HSM_TYPES)('genuine %s evidence', (hsmType) => {
  const evidence = SYNTHETIC_EVIDENCE[hsmType]().find(
    ({ expect: verdict }) => verdict === 'genuine',
  ) as SyntheticEvidence

  it.each(formsFor(hsmType))('is genuine, and of this family, as $name', ({ make }) => {
    const read = readEvidence(make(Buffer.from(evidence.package)))
    const certChains = read.certChains ?? evidence.certChains
    const result = checkAttestation({
      package: read.package,
      ...(certChains === undefined ? {} : { certChains }),
      trustAnchors: evidence.trustAnchors,
      now: NOW,
      policy: policyProfile(),
      notes: read.notes,
    })
    expect(result).toMatchObject({ hsmType, genuine: true })
  })

  it('has no note where it is right as it is', () => {
    expect(readEvidence(evidence.package).notes).toEqual([])
  })
})

/** A confirmation is a PKCS#7; some tools leave its certificates one by one. */
describe.each(['EC, three certificates, unsigned r and s', 'RSA, five certificates', 'RSA, without the root'])(
  'the certificates of a Luna confirmation (%s)',
  (name) => {
    const evidence = SYNTHETIC_EVIDENCE.LUNA().find((each) => each.name === name) as SyntheticEvidence
    const ders = evidenceCertificates('LUNA', evidence.package).map(({ der }) => der)
    const pem = (each: readonly Uint8Array[]): Buffer =>
      Buffer.from(each.map((der) => writePem('CERTIFICATE', der)).join(''))
    const [leaf = new Uint8Array(), ...above] = ders
    const loose: readonly (readonly [string, readonly Uint8Array[]])[] = [
      ...FORMS.filter(({ of }) => of !== 'bytes').map((form): readonly [string, readonly Uint8Array[]] => [
        form.name,
        [form.make(pem(ders))],
      ]),
      ['PEM, the other way round', [pem([...ders].reverse())]],
      ['PEM, the leaf last', [pem([...above, leaf])]],
      ['PEM, the leaf twice', [pem([leaf, ...ders])]],
      ['DER, the leaf last', [Buffer.concat([...above, leaf])]],
      ['a PEM file each', ders.map((der) => pem([der]))],
      ['a DER file each, the other way round', [...ders].reverse()],
    ]

    it.each(loose)('are genuine LUNA evidence as %s', (_, files) => {
      const read = readEvidence(...files)
      const result = checkAttestation({
        package: read.package,
        trustAnchors: evidence.trustAnchors,
        now: NOW,
        notes: read.notes,
      })
      expect(result).toMatchObject({ hsmType: 'LUNA', genuine: true })
      expect(Buffer.compare(read.package, evidence.package)).toBe(0)
    })
  },
)

const key = testKeyPair('P-256')
const REQUESTS = FORMS.filter(({ of }) => of !== 'certificates')

it.each(REQUESTS)('a request is read as $name', ({ of, make }) => {
  const pem = makeCsr('CN=Ada Example', key)
  const plain = readCertificationRequest(Buffer.from(pem)).der
  expect(Buffer.compare(readCertificationRequest(make(Buffer.from(pem))).der, plain)).toBe(0)
  const binary = of === 'text' ? Buffer.from(plain) : make(Buffer.from(plain))
  expect(Buffer.compare(readCertificationRequest(binary).der, plain)).toBe(0)
})

describe('a private key', () => {
  const { privateKey } = key
  const KEYS: readonly (readonly [string, Buffer])[] = [
    ['PKCS#8 in PEM', Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }))],
    ['SEC 1 in PEM', Buffer.from(privateKey.export({ type: 'sec1', format: 'pem' }))],
    ['PKCS#8 in DER', privateKey.export({ type: 'pkcs8', format: 'der' })],
    ['SEC 1 in DER', privateKey.export({ type: 'sec1', format: 'der' })],
    [
      'encrypted PKCS#8 in DER',
      privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' }),
    ],
  ]
  it.each(
    KEYS.flatMap(([kind, bytes]) =>
      FORMS.filter(({ of }) => of === 'bytes' || (of === 'text' && kind.endsWith('PEM'))).map((form) => ({
        kind,
        bytes,
        ...form,
      })),
    ),
  )('is found: $kind, as $name', ({ bytes, make }) => {
    const wrapped = make(bytes)
    expect(() => refuseHiddenKeys(wrapped, 'it')).toThrow(/private key/)
    for (const read of [readEvidence, readCertificationRequest]) {
      expect(() => read(wrapped)).toThrow(expect.objectContaining({ code: 'input.private-key' }))
    }
  })
})
