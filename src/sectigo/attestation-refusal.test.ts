import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { VERIFIERS } from '../attestation/verifiers.ts'
import { describePackage } from './attestation-package-form.ts'
import { type AttestationRefusalFacts, attestationRefusalCauses } from './attestation-refusal.ts'

const PEM = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'
const base64 = (content: string | Uint8Array) => Buffer.from(content).toString('base64')

const facts = (over: Partial<AttestationRefusalFacts> = {}): AttestationRefusalFacts => ({
  hsmType: 'YUBIKEY',
  packageForms: VERIFIERS[over.hsmType ?? 'YUBIKEY'].packageForms,
  keyAttestation: base64(PEM + PEM),
  checks: [],
  fips: 'certified',
  csrSpkiSha256: 'aa',
  attestedSpkiSha256: 'aa',
  ...over,
})
const of = (over: Partial<AttestationRefusalFacts>) =>
  attestationRefusalCauses(facts(over)).map(({ id, weight }) => `${id} ${weight}`)
const failing = (id: string) => ({ checks: [{ id, status: 'fail' }] })

describe('likely causes of -129', () => {
  test('a run whose facts are all good has none for a YubiKey, and the undocumented form for others', () => {
    expect(of({})).toEqual([])
    expect(of({ hsmType: 'YUBIHSM2' })).toEqual(['package-form possible'])
  })
  test.each<readonly [string, Partial<AttestationRefusalFacts>]>([
    ['other-key confirmed', { attestedSpkiSha256: 'bb' }],
    ['other-key confirmed', { attestedSpkiSha256: undefined, ...failing('binding.key') }],
    ['wrong-type confirmed', { hsmType: 'FORTANIX' }],
    ['wrong-type confirmed', { keyAttestation: base64('{"pubkeydata":1}') }],
    ['encoding confirmed', { keyAttestation: base64(base64(PEM + PEM)) }],
    ['encoding confirmed', { keyAttestation: PEM }],
    ['encoding confirmed', { keyAttestation: base64(Buffer.from(`\ufeff${PEM}`, 'utf16le')) }],
    ['encoding confirmed', { keyAttestation: base64(`\ufeff${PEM}`) }],
    ['not-from-device confirmed', { claims: { local: false } }],
    ['not-from-device confirmed', { claims: { extractable: true } }],
    ['not-from-device confirmed', failing('policy.key.generated-on-device')],
    ['not-fips likely', { fips: 'not-certified' }],
    ['chain confirmed', failing('attestation.chain')],
    ['chain confirmed', failing('attestation.f9')],
    ['new-vendor-chain likely', { firmware: '5.7.4' }],
  ])('%s comes first with %j', (first, over) => {
    expect(of(over)[0]).toBe(first)
  })
  test('what is shown stands before what is only possible', () => {
    expect(
      of({
        attestedSpkiSha256: 'bb',
        fips: 'unknown',
        hsmType: 'LUNA',
        keyAttestation: base64(Uint8Array.of(0x30, 0x82, 1, 1)),
      }),
    ).toEqual(['other-key confirmed', 'not-fips possible', 'package-form possible'])
  })
  test('firmware before 5.7.4 has the old chain', () => {
    for (const firmware of ['5.4.3', '5.7.3', 'x', undefined]) expect(of({ firmware })).toEqual([])
    for (const firmware of ['5.7.4', '5.8.0', '6.0.0']) expect(of({ firmware })).toEqual(['new-vendor-chain likely'])
  })
})

test('packages are told apart from outside', () => {
  expect(describePackage(base64(gzipSync('x')))).toBe('gzip')
  expect(describePackage(base64('PK\u0003\u0004'))).toBe('zip')
  expect(describePackage(base64(' {"a":1}'))).toBe('json')
  expect(describePackage('not base64!')).toBeUndefined()
})
