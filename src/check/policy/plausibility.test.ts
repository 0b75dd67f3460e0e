import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { rsaPublicKeyInfo } from '../../asn1/public-key-writer.ts'
import type { CertificateTemplate } from '../../sandbox/certificate-issuer.ts'
import { type TestKeyPair, testKeyPair, testRsaPublicKey } from '../../sandbox/test-key-pair.ts'
import { createYubiHsm2EvidenceIssuer, yubiHsm2Package } from '../../sandbox/yubihsm2/evidence/issuer.ts'
import {
  createYubikeyEvidenceIssuer,
  type YubikeyIssuerOptions,
  type YubikeyPersonality,
  yubikeyPackage,
} from '../../sandbox/yubikey/evidence/issuer.ts'
import { checkAttestation } from '../check-attestation.ts'
import { hasClosePrimes } from './close-primes.ts'

const NOW = Date.parse('2026-11-29T00:00:00Z')
const p256 = testKeyPair('P-256').spki

interface Device extends YubikeyPersonality {
  readonly spki?: Uint8Array
  readonly anchor?: string
  readonly pinPolicy?: number
  readonly alter?: (template: CertificateTemplate) => CertificateTemplate
  readonly options?: YubikeyIssuerOptions
}

/** The doubts about a genuine YubiKey pair under an anchor of that name. */
function doubts({ spki = p256, anchor, pinPolicy = 2, alter, options = { keyType: 'P-256' }, ...personality }: Device) {
  const issuer = createYubikeyEvidenceIssuer({ serial: 12345678, formFactor: 1, ...personality }, options)
  const leaf = issuer.attest({ spki, slot: 0x9c, pinPolicy, touchPolicy: 1, ...(alter === undefined ? {} : { alter }) })
  const { genuine, checks } = checkAttestation({
    package: yubikeyPackage(leaf, issuer.f9Certificate),
    trustAnchors: issuer.trustAnchors.map((each) => (anchor === undefined ? each : { ...each, name: anchor })),
    now: NOW,
  })
  expect(genuine).toBe(true)
  const found = checks.filter(({ id }) => id.startsWith('policy.plausible.'))
  for (const { status, remedy } of found)
    expect([status, remedy]).toEqual(['warn', expect.stringMatching(/ask the vendor/)])
  return found.map(({ id, detail }) => `${id}: ${detail}`).join('\n')
}

const NEWER = 'Yubico PIV Attestation B 1'
const OLDER = 'Yubico PIV Root CA Serial 263751'
const U2F = 'Yubico U2F Root CA Serial 457200631'
const RSA_3072 = testRsaPublicKey(3072)

describe('a YubiKey that contradicts itself is warned of', () => {
  // biome-ignore format: a table
  it.each<readonly [string, Device, RegExp]>([
    ['RSA 3072 on 5.4.3', { firmware: '5.4.3', spki: RSA_3072 }, /plausible\.key: firmware 5\.4\.3 .* more than 2048 bits/],
    ['Ed25519 on 5.4.3', { firmware: '5.4.3', spki: testKeyPair('Ed25519').spki }, /Ed25519/],
    ['P-521', { firmware: '5.7.4', spki: testKeyPair('P-521').spki }, /no other curves/],
    ['RSA with the exponent 3', { firmware: '5.7.4', spki: rsaPublicKeyInfo(Buffer.alloc(256, 0xf3), Uint8Array.of(3)) }, /exponent 65537/],
    ['firmware 4.2.9', { firmware: '4.2.9' }, /does not attest keys/],
    ['5.7.4 under the older root', { firmware: '5.7.4', anchor: OLDER }, /plausible\.root: firmware 5\.7\.4 is under Yubico Attestation Root 1/],
    ['5.4.3 under the newer root', { firmware: '5.4.3', anchor: NEWER }, /plausible\.root: .* older roots/],
    ['5.4.3 under the U2F root', { firmware: '5.4.3', anchor: U2F }, /U2F root/],
    ['5.7.4 FIPS without a PIN', { firmware: '5.7.4', formFactor: 0x81, pinPolicy: 1 }, /PIN policy "never"/],
    ['dates of its own', { firmware: '5.4.3', alter: (template) => ({ ...template, notAfter: new Date('2040-01-01') }) }, /plausible\.dates: .* 2040-01-01 in the attestation/],
  ])('%s', (_, device, says) => expect(doubts(device)).toMatch(says))
})

// biome-ignore format: a table
it.each<readonly [string, Device]>([
  ['RSA 2048 on 4.4.5', { firmware: '4.4.5', spki: testRsaPublicKey(2048) }],
  ['P-384 on 5.4.3 under the older root', { firmware: '5.4.3', spki: testKeyPair('P-384').spki, anchor: OLDER }],
  ['5.7.2 under the older root', { firmware: '5.7.2', anchor: OLDER }],
  ['RSA 3072 on 5.7.4 under the newer root', { firmware: '5.7.4', spki: RSA_3072, anchor: NEWER }],
  ['4.3.7 under the U2F root', { firmware: '4.3.7', anchor: U2F }],
  ['5.4.3 FIPS without a PIN', { firmware: '5.4.3', formFactor: 0x81, pinPolicy: 1 }],
])('a sound YubiKey is not warned of: %s', (_, device) => expect(doubts(device)).toBe(''))

/** A key pair over these numbers cannot sign, so the doubt is shown on the number, and the path to it on the exponent. */
describe('keys that vouch for the attested one', () => {
  const f9Key = (options: { readonly publicExponent: number }): TestKeyPair => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, ...options })
    return { privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }) }
  }

  it('with the public exponent 3 are warned of', () =>
    expect(doubts({ firmware: '5.4.3', options: { f9Key: f9Key({ publicExponent: 3 }) } })).toMatch(
      /plausible\.issuer-key: the key of CN=Yubico PIV Attestation, .* exponent 3/,
    ))

  it('with 65537 are not', () =>
    expect(doubts({ firmware: '5.4.3', options: { f9Key: f9Key({ publicExponent: 65537 }) } })).toBe(''))

  it('p·p falls to no step of Fermat’s method, p·(p+2) to the first', () => {
    const p = (1n << 1023n) + 1155n
    const bytes = (n: bigint) => Buffer.from(n.toString(16).padStart(512, '0'), 'hex')
    expect(hasClosePrimes(bytes(p * p), 1)).toBe(true)
    expect(hasClosePrimes(bytes(p * (p + 2n)), 1)).toBe(true)
    expect(hasClosePrimes(bytes(p * (p + (1n << 600n))), 1)).toBe(false)
  })

  it('are found exactly where the modulus is a square, if no step is taken', () => {
    const square = (n: bigint): boolean => hasClosePrimes(Buffer.from(n.toString(16).padStart(1200, '0'), 'hex'), 0)
    for (let n = 5; n < 4000; n += 2) expect(square(BigInt(n)), String(n)).toBe(Number.isInteger(Math.sqrt(n)))
    for (let bits = 5n; bits < 2100n; bits += 61n) {
      for (const root of [(1n << bits) + 1n, (1n << bits) - 1n, ((1n << bits) * 10n) / 7n + 1n].map((n) => n | 1n)) {
        expect([-2n, 0n, 2n].map((beside) => square(root * root + beside))).toEqual([false, true, false])
      }
    }
  })
})

describe('a YubiHSM 2', () => {
  const hsmDoubts = (spki: Uint8Array, alter?: Device['alter']) => {
    const issuer = createYubiHsm2EvidenceIssuer({ serial: 20783176, firmware: '2.4.0' }, { keyType: 'P-256' })
    const common = { objectId: 0x123, origin: 1, domains: 1, capabilities: 0xe0n, label: 'key' }
    const leaf = issuer.attest({ ...common, spki, ...(alter === undefined ? {} : { alter }) })
    const { checks } = checkAttestation({
      package: yubiHsm2Package(leaf, issuer.deviceCertificate),
      trustAnchors: issuer.trustAnchors,
      now: NOW,
    })
    return checks.filter(({ id }) => id.startsWith('policy.plausible.')).map(({ detail }) => detail)
  }

  it('is warned of for RSA sizes that it does not generate, and for dates of its own', () => {
    expect(hsmDoubts(testRsaPublicKey(8192))).toEqual([expect.stringContaining('2048, 3072 and 4096')])
    expect(hsmDoubts(p256, (template) => ({ ...template, notAfter: new Date('2040-01-01') }))).toHaveLength(1)
    expect(hsmDoubts(RSA_3072)).toEqual([])
  })
})
