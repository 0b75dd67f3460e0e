/** Whoever signs a certificate of evidence is under one rule, in every family and at every place in its chain. */
import { describe, expect, it } from 'vitest'
import { bitString, boolean, integer, nullValue, oid, sequence } from '../../src/asn1/der-writer.ts'
import { rsaPublicKeyInfo } from '../../src/asn1/public-key-writer.ts'
import { issuerKeyFault } from '../../src/attestation/certificates/issuer-key.ts'
import type { FamilyVerdict } from '../../src/attestation/contract/verify-attestation.ts'
import { VERIFIERS } from '../../src/attestation/verifiers.ts'
import type { HsmType } from '../../src/hsm-type.ts'
import { basicConstraints } from '../../src/sandbox/certificate-issuer.ts'
import type { SyntheticEvidence } from '../../src/sandbox/synthetic-evidence.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { SYNTHETIC_EVIDENCE } from '../tools/corpus.ts'
import {
  type Bend,
  type BentPlace,
  exponentOne,
  fortanixPlace,
  type MarvellName,
  marvellWith,
  placesIn,
  type Reissued,
  rsaKey,
  withoutNull,
} from './reissued-chains.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')

function judge({ hsmType, package: package_, trustAnchors, certChains }: Reissued): FamilyVerdict {
  return VERIFIERS[hsmType].verify(package_, {
    trustAnchors,
    now: NOW,
    ...(certChains === undefined ? {} : { certChains }),
  })
}

const lists = new Map<HsmType, readonly SyntheticEvidence[]>()

function evidenceOf(hsmType: HsmType, name: string): SyntheticEvidence {
  const list = lists.get(hsmType) ?? SYNTHETIC_EVIDENCE[hsmType]()
  lists.set(hsmType, list)
  const found = list.find((evidence) => evidence.name === name)
  if (found === undefined) throw new Error(`no evidence ${name}`)
  return found
}

const marvell = testKeyPair('P-256')

// biome-ignore format: a table
const PLACES: readonly BentPlace[] = [
  ...placesIn(evidenceOf('YUBIKEY', 'with the intermediate'), [
    { name: 'F9', check: 'attestation.f9', mayLackConstraints: true },
    { name: 'the CA above F9', check: 'attestation.chain' },
  ]),
  ...placesIn(evidenceOf('YUBIHSM2', 'with the Sub-CA'), [
    { name: 'the device', check: 'attestation.device' },
    { name: 'the sub-CA', check: 'attestation.chain' },
  ]),
  ...placesIn(evidenceOf('LUNA', 'RSA, without the root'), [
    { name: 'device authentication', check: 'attestation.constraints' },
    { name: 'hardware origin', check: 'attestation.constraints' },
    { name: 'manufacturing integrity', check: 'attestation.constraints' },
  ]),
  ...placesIn(evidenceOf('LUNA', 'EC, signature in plain DER'), [{ name: 'EC hardware origin', check: 'attestation.constraints' }]),
  fortanixPlace(evidenceOf('FORTANIX', 'plain')),
  { name: 'the card', hsmType: 'MARVELL_GOOGLE', check: 'attestation.constraints', below: 0, mayLackConstraints: true, make: (bend) => marvellWith('card', marvell.spki, bend) },
]

const KEY_USAGE = '2.5.29.15'
const BASIC_CONSTRAINTS = '2.5.29.19'
const adding = (...extensions: ReturnType<NonNullable<Bend['extensions']>>): Bend => ({ extensions: () => extensions })
/** digitalSignature alone. */
const SIGNATURE_ONLY = bitString(Uint8Array.of(0x80))

// biome-ignore format: a table
const BENDS: readonly { readonly name: string; readonly bend: Bend; readonly says: RegExp; readonly at?: (place: BentPlace) => boolean }[] = [
  { name: 'says that it is not a CA', bend: adding(basicConstraints(false)), says: /is not a CA certificate/ },
  { name: 'has no basicConstraints', bend: { without: BASIC_CONSTRAINTS }, says: /is not a CA certificate/, at: ({ mayLackConstraints }) => mayLackConstraints !== true },
  { name: 'has basicConstraints that cannot be read', bend: adding({ oid: BASIC_CONSTRAINTS, critical: true, value: sequence(boolean(true), integer(3), integer(3)) }), says: /malformed basic constraints/ },
  { name: 'has a path length that ends below it', bend: { extensions: (_, below) => [basicConstraints(true, below - 1)] }, says: /allows \d+ issuers below it, and has \d+/, at: ({ below }) => below > 0 },
  { name: 'has a critical key usage without keyCertSign', bend: adding(basicConstraints(true), { oid: KEY_USAGE, critical: true, value: SIGNATURE_ONLY }), says: /not allowed to sign certificates/ },
  { name: 'has a key usage without keyCertSign', bend: adding(basicConstraints(true), { oid: KEY_USAGE, value: SIGNATURE_ONLY }), says: /not allowed to sign certificates/ },
  { name: 'has a key usage that cannot be read', bend: adding(basicConstraints(true), { oid: KEY_USAGE, critical: true, value: nullValue() }), says: /malformed key usage/ },
  { name: 'has critical name constraints', bend: adding(basicConstraints(true), { oid: '2.5.29.30', critical: true, value: sequence() }), says: /unknown critical extension 2\.5\.29\.30|critical extension 2\.5\.29\.30 is unknown/ },
  { name: 'has critical policy constraints', bend: adding(basicConstraints(true), { oid: '2.5.29.36', critical: true, value: sequence() }), says: /2\.5\.29\.36/ },
]
const weak = rsaKey(1024)
const free = exponentOne()

describe.each(PLACES)('$hsmType: $name', (place) => {
  it('is accepted as it is, so that what follows is the only fault', () => {
    const { genuine, checks } = judge(place.make({}))
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(genuine).toBe(true)
  })

  it.each(BENDS.filter(({ at }) => at?.(place) !== false))('is refused where it $name', ({ bend, says }) => {
    expectRefused(place, bend, says)
  })

  it('is refused with a key of 1024 bits', () =>
    expectRefused(place, { key: weak }, /RSA of 1024 bits|not RSA of 3072/))

  it('is refused with the public exponent 1, under which anybody can sign', () =>
    expectRefused(place, { key: free }, /public exponent 1|not RSA of 3072/))
})

function expectRefused(place: BentPlace, bend: Bend, says: RegExp): void {
  const { genuine, checks } = judge(place.make(bend))
  expect(genuine).toBe(false)
  const failed = checks.filter(({ status }) => status === 'fail')
  expect(failed.map(({ detail }) => detail).join('\n')).toMatch(says)
  expect(failed.map(({ id }) => id)).toContain(
    failed.some(({ id }) => id === 'attestation.extensions') ? 'attestation.extensions' : place.check,
  )
}

it.each(PLACES.filter(({ hsmType, check }) => hsmType.startsWith('YUBI') && check === 'attestation.chain'))(
  '$hsmType: $name may sign with RSA and SHA-256 without NULL parameters',
  ({ make }) => expect(judge(make({ key: withoutNull() })).genuine).toBe(true),
)

describe('MARVELL_GOOGLE: certificates that issue nothing', () => {
  it.each<MarvellName>(['partition', 'ownerCard', 'ownerPartition'])(
    '%s is refused with an unknown critical extension',
    (name) => {
      const bend = adding({ oid: '1.2.3.4', critical: true, value: nullValue() })
      const { genuine, checks } = judge(marvellWith(name, marvell.spki, bend))
      expect(genuine).toBe(false)
      const [failed] = checks.filter(({ status }) => status === 'fail')
      expect(failed).toMatchObject({
        id: 'attestation.constraints',
        detail: expect.stringContaining('critical extension 1.2.3.4'),
      })
    },
  )

  it.each<MarvellName>(['partition', 'ownerPartition'])('%s is refused where its key must not sign', (name) => {
    const bend = adding({ oid: KEY_USAGE, critical: true, value: bitString(Uint8Array.of(0x20)) })
    expect(judge(marvellWith(name, marvell.spki, bend)).genuine).toBe(false)
  })
})

describe('keys that vouch for others', () => {
  const modulus = (octets: number) => Buffer.alloc(octets, 0xff)
  const dsa = (p: number, q: number) =>
    sequence(
      sequence(oid('1.2.840.10040.4.1'), sequence(integer(modulus(p)), integer(modulus(q)), integer(modulus(p - 1)))),
      bitString(integer(modulus(p - 1))),
    )
  // biome-ignore format: a table
  it.each<readonly [string, Uint8Array, RegExp | undefined]>([
    ['RSA 2048, exponent 65537', rsaPublicKeyInfo(modulus(256), Uint8Array.of(1, 0, 1)), undefined],
    ['RSA 2048, exponent 3', rsaPublicKeyInfo(modulus(256), Uint8Array.of(3)), undefined],
    ['RSA 2047', rsaPublicKeyInfo(Buffer.concat([Buffer.of(0x7f), modulus(255)]), Uint8Array.of(3)), /2047 bits/],
    ['RSA 2048, exponent 1', rsaPublicKeyInfo(modulus(256), Uint8Array.of(1)), /exponent 1/],
    ['RSA 2048, exponent 65536', rsaPublicKeyInfo(modulus(256), Uint8Array.of(1, 0, 0)), /even/],
    ['DSA 2048, 256', dsa(256, 32), undefined],
    ['DSA 1024, 160', dsa(128, 20), /DSA of 1024 and 160 bits/],
    ['DSA 3072, 160', dsa(384, 20), /DSA of 3072 and 160 bits/],
    ['P-256', testKeyPair('P-256').spki, undefined],
    ['Ed25519', testKeyPair('Ed25519').spki, /Ed25519/],
    ['nothing', new Uint8Array(), /cannot be read/],
  ])('%s', (_, spki, says) => {
    if (says === undefined) expect(issuerKeyFault(spki)).toBeUndefined()
    else expect(issuerKeyFault(spki)).toMatch(says)
  })

  it.each(PLACES.filter(({ hsmType }) => hsmType !== 'MARVELL_GOOGLE'))(
    '$hsmType, $name: an anchor of 1024 bits that the user gave is refused by name',
    ({ make }) => {
      const { genuine, checks } = judge(make({}, weak))
      expect(genuine).toBe(false)
      expect(checks.filter(({ status }) => status === 'fail')).toEqual([
        expect.objectContaining({ id: 'attestation.anchor-key', detail: expect.stringContaining('RSA of 1024 bits') }),
      ])
    },
  )
})
