import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { bitString, integer, nullValue, oid, sequence } from '../../asn1/der-writer.ts'
import { OID_RSA } from '../../asn1/public-key.ts'
import type { AttestedDevice, KeyClaims } from '../../attestation/contract/attestation-result.ts'
import { builtInKnowledge } from '../../knowledge/built-in-knowledge.ts'
import { deviceOn } from '../known-on.ts'
import { evaluatePolicy, type PolicyFacts } from './evaluate-policy.ts'
import { policyProfile } from './policy-profile.ts'
import { POLICY_RULES } from './policy-rules.ts'
import { hasRocaFingerprint } from './roca.ts'
import { hasSmallFactor } from './small-factor.ts'

const spkiOf = (key: ReturnType<typeof generateKeyPairSync>['publicKey'] | { export: unknown }): Uint8Array =>
  new Uint8Array((key as { export(o: object): Buffer }).export({ type: 'spki', format: 'der' }))
const rsa = (modulusLength: number, publicExponent = 65537): Uint8Array =>
  spkiOf(generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey)
const ec = (namedCurve: string): Uint8Array => spkiOf(generateKeyPairSync('ec', { namedCurve }).publicKey)
const rsaSpki = (modulus: bigint, exponent = 65537n): Uint8Array =>
  sequence(sequence(oid(OID_RSA), nullValue()), bitString(sequence(integer(modulus), integer(exponent))))

const statusOf = (facts: PolicyFacts, id: string, policy = policyProfile()): string | undefined =>
  evaluatePolicy(facts, policy).find((check) => check.id === id)?.status

const device: AttestedDevice = { vendor: 'Yubico', model: 'YubiKey', firmware: '5.4.3', fips: 'certified' }
const claims: KeyClaims = { local: true, extractable: false }

describe('key rules', () => {
  it('take RSA 2048 with a warning for document signing, and refuse it for code signing', () => {
    const spki = rsa(2048)
    expect(statusOf({ spki }, 'policy.key.size')).toBe('pass')
    expect(statusOf({ spki }, 'policy.key.size-advised')).toBe('warn')
    expect(statusOf({ spki }, 'policy.key.size', policyProfile('code-signing'))).toBe('fail')
    expect(statusOf({ spki: rsa(1024) }, 'policy.key.size')).toBe('fail')
  })

  it.each([
    ['P-256', 'pass'],
    ['P-384', 'pass'],
    ['P-521', 'fail'],
    ['secp256k1', 'fail'],
  ])('%s: %s', (curve, status) => {
    expect(statusOf({ spki: ec(curve) }, 'policy.key.type')).toBe(status)
  })

  it('refuse Ed25519, an even exponent, and warn of exponent 3', () => {
    expect(statusOf({ spki: spkiOf(generateKeyPairSync('ed25519').publicKey) }, 'policy.key.type')).toBe('fail')
    expect(statusOf({ spki: rsa(2048, 3) }, 'policy.key.exponent')).toBe('warn')
    expect(statusOf({ spki: rsaSpki((1n << 2047n) + 1n, 4n) }, 'policy.key.exponent')).toBe('fail')
  })

  it('refuse a modulus with a small factor and a point off the curve', () => {
    expect(statusOf({ spki: rsaSpki(751n * ((1n << 2040n) + 1n)) }, 'policy.key.valid')).toBe('fail')
    const spki = Uint8Array.from(ec('P-256'))
    spki[spki.length - 1] = (spki.at(-1) ?? 0) ^ 1
    expect(statusOf({ spki }, 'policy.key.valid')).toBe('fail')
    expect(statusOf({ spki: rsa(2048) }, 'policy.key.valid')).toBe('pass')
  })

  it('refuse what cannot be read at all', () => {
    expect(statusOf({ spki: Uint8Array.of(0x30, 0) }, 'policy.key.type')).toBe('fail')
  })
})

describe('close primes', () => {
  const p = (1n << 1023n) + 1155n
  const modulus = (n: bigint): Uint8Array => rsaSpki(n)

  it('are found at a distance that 100 rounds reach, and one prime twice is, too', () => {
    expect(statusOf({ spki: modulus(p * p) }, 'policy.key.close-primes')).toBe('fail')
    expect(statusOf({ spki: modulus(p * (p + 2n ** 500n)) }, 'policy.key.close-primes')).toBe('fail')
    // (q - p)² / 8√n is the count of rounds: 2^517 apart takes about 256.
    expect(statusOf({ spki: modulus(p * (p + 2n ** 517n)) }, 'policy.key.close-primes')).toBe('pass')
  })

  it('are not found in sound keys', () => {
    for (const bits of [2048, 3072]) expect(statusOf({ spki: rsa(bits) }, 'policy.key.close-primes')).toBe('pass')
  })
})

describe('ROCA', () => {
  /** Primes as RSALib makes them (CCS 2017, section 2.1): k * M + (65537^a mod M), here without the primality. */
  const primorial = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
  ].reduce((product, prime) => product * BigInt(prime), 1n)
  const power = (a: bigint): bigint => {
    let value = 1n
    for (let i = 0n; i < a; i++) value = (value * 65537n) % primorial
    return value
  }
  const bytes = (n: bigint): Buffer => Buffer.from(n.toString(16).padStart(512, '0'), 'hex')

  it('is found by its fingerprint, and not in a hundred sound keys', () => {
    const n = ((1n << 800n) * primorial + power(123n)) * ((1n << 801n) * primorial + power(4567n))
    expect(hasRocaFingerprint(bytes(n))).toBe(true)
    expect(hasRocaFingerprint(bytes(n + 2n))).toBe(false)
    for (let i = 1n; i < 100n; i++) expect(hasRocaFingerprint(bytes(n + 2n * i * i * i + 4n))).toBe(false)
  })

  it('is assumed of RSA keys of YubiKey firmware 4.2.0 to 4.3.4, and of no EC key', () => {
    const judged = (firmware: string, keyType: 'RSA' | 'EC'): string | undefined => {
      const found = { hsmType: 'YUBIKEY', device: { ...device, firmware }, keyType } as const
      const { advisories } = deviceOn(found, '2026-11-29', builtInKnowledge(), false)
      const evidence = { genuine: true, device: found.device, claims, advisories }
      return statusOf({ spki: keyType === 'RSA' ? soundRsa : ec('P-256'), evidence }, 'policy.key.roca')
    }
    const soundRsa = rsa(2048)
    expect(
      ['4.1.9', '4.2.0', '4.3.4', '4.3.5', '4.2.6', '5.2.7', 'x'].map((firmware) => judged(firmware, 'RSA')),
    ).toEqual(['pass', 'fail', 'fail', 'pass', 'fail', 'pass', 'pass'])
    expect(judged('4.3.3', 'EC')).toBeUndefined()
  })

  it('leaves products of large primes alone', () => {
    expect(hasSmallFactor(Buffer.from(((1n << 521n) - 1n).toString(16).padStart(132, '0'), 'hex'))).toBe(false)
  })
})

describe('evidence rules', () => {
  const spki = ec('P-256')
  const judge = (change: Partial<AttestedDevice>, more: KeyClaims, id: string, policy = policyProfile()) =>
    statusOf(
      { spki, evidence: { genuine: true, device: { ...device, ...change }, claims: { ...claims, ...more } } },
      id,
      policy,
    )

  it('refuse an exportable, an imported and a silent key', () => {
    expect(judge({}, {}, 'policy.key.non-exportable')).toBe('pass')
    expect(judge({}, { extractable: true }, 'policy.key.non-exportable')).toBe('fail')
    expect(judge({}, { local: false }, 'policy.key.generated-on-device')).toBe('fail')
    expect(statusOf({ evidence: { genuine: true, device, claims: {} } }, 'policy.key.generated-on-device')).toBe('fail')
    expect(statusOf({ evidence: { genuine: true, device, claims: {} } }, 'policy.key.non-exportable')).toBe('fail')
  })

  it('weigh FIPS as the profile says', () => {
    expect(judge({ fips: 'not-certified' }, {}, 'policy.device.fips')).toBe('fail')
    expect(judge({ fips: 'unknown' }, {}, 'policy.device.fips')).toBe('warn')
    const lenient = policyProfile('document-signing', { fips: 'off' })
    expect(judge({ fips: 'not-certified' }, {}, 'policy.device.fips', lenient)).toBeUndefined()
  })

  it('want the right to sign where rights are listed, and no recovery', () => {
    expect(judge({}, { capabilities: ['sign-ecdsa'] }, 'policy.key.signs')).toBe('pass')
    expect(judge({}, { capabilities: ['derive-ecdh'] }, 'policy.key.signs')).toBe('fail')
    expect(judge({}, { permissions: [] }, 'policy.key.signs')).toBe('fail')
    expect(judge({}, { permissions: ['sign'] }, 'policy.key.signs')).toBe('pass')
    expect(judge({}, { capabilities: ['sign-pkcs', 'sign-pss'] }, 'policy.key.signs')).toBe('fail')
    const ofRsa = (right: string) =>
      statusOf(
        { spki: rsa(3072), evidence: { genuine: true, device, claims: { capabilities: [right] } } },
        'policy.key.signs',
      )
    expect(['sign-pkcs', 'sign-pss', 'sign-ecdsa'].map(ofRsa)).toEqual(['pass', 'pass', 'fail'])
    expect(judge({}, {}, 'policy.key.signs')).toBeUndefined()
    expect(judge({}, { recovery: true }, 'policy.key.recoverable')).toBe('fail')
  })
})

describe('length of the package', () => {
  it('is at most 32,767 characters in base64', () => {
    expect(statusOf({ packageLength: 24_573 }, 'policy.attestation.length')).toBe('pass')
    expect(statusOf({ packageLength: 24_576 }, 'policy.attestation.length')).toBe('fail')
  })
})

describe('the table of rules', () => {
  it('has a remedy and a source for each, and no id twice', () => {
    const rules = Object.values(POLICY_RULES)
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
    for (const { id, remedy, source } of rules) {
      expect(id).toMatch(/^policy\./)
      expect(remedy).toMatch(/\.$/)
      expect(source.length).toBeGreaterThan(5)
    }
  })
})
