import { describe, expect, it } from 'vitest'
import { checkAttestation } from '../src/check/check-attestation.ts'
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
